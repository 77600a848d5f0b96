import Testing

/// Whatever is sent to the pages, they neither fall nor show it as markup nor write what was forged.
@Suite("Besieged pages") struct SiegeTests {
  /// A little of what `tools/siege` tries.
  @Test func pagesHold() throws {
    let (status, said) = try Tool.run("siege", "--quick")
    #expect(status == 0, "\(said)")
    for attack in ["forms with such texts", "forged requests refused", "answers under load"] {
      #expect(said.contains(attack), "\(said)")
    }
  }
}
