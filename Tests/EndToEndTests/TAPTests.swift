import Testing

/// A real DaCHS serves what `reber release tap` writes, where it is installed, with stilts and pyvo as its judges.
@Suite("TAP by DaCHS") struct TAPTests {
  @Test func othersFindNoFault() throws {
    let (status, said) = try Tool.run("tap")
    #expect(status == 0, "\(said)")
    if said.contains("tap: skipped") {
      print(said.split(separator: "\n").last ?? "")
    } else {
      #expect(said.contains("\"ERROR\": 0") || said.contains("'ERROR': 0"), "\(said)")
      #expect(said.contains("opened as FITS"), "\(said)")
    }
  }
}
