import Foundation
import TestSupport
import Testing

@testable import reber

/// A run says by which code it was made, as exactly as can be said.
@Suite("Versions of the code") struct VersionTests {
  /// Two states of a checkout that differ, committed or not, have different names.
  @Test func statesOfACheckoutDiffer() throws {
    try withTemporaryFolder { folder in
      let sources = folder + "/Sources"
      try FileManager.default.createDirectory(
        atPath: sources, withIntermediateDirectories: true)
      func write(_ text: String, _ name: String) throws {
        try text.write(toFile: "\(sources)/\(name)", atomically: true, encoding: .utf8)
      }
      try write("1", "a.swift")
      let process = try Process.run(
        URL(fileURLWithPath: "/bin/sh"),
        arguments: [
          "-c",
          """
          cd \(folder) && git init -q . && git add . &&
          git -c user.name=t -c user.email=t@localhost commit -q -m first
          """,
        ])
      process.waitUntilExit()
      let clean = try #require(Version.commit(of: folder))
      #expect(clean.count == 14 && clean.hasPrefix("+g"))
      try write("2", "a.swift")
      let edited = try #require(Version.commit(of: folder))
      try write("3", "a.swift")
      let otherwise = try #require(Version.commit(of: folder))
      try write("new", "b.swift")
      let added = try #require(Version.commit(of: folder))
      try write("newer", "b.swift")
      let addedOtherwise = try #require(Version.commit(of: folder))
      let states = [clean, edited, otherwise, added, addedOtherwise]
      #expect(Set(states).count == 5 && states.allSatisfy { $0.hasPrefix(clean) }, "\(states)")
      #expect(states.dropFirst().allSatisfy { $0.contains(".changed-") }, "\(states)")
    }
  }

  @Test func librariesAreNamed() {
    let version = Version.withLibraries
    #expect(
      version.contains(/kernels \d+-bit[^,]*, openblas \d+\.\d+\.\d+ \w+, cfitsio \d+\.\d+\.\d+/),
      "\(version)")
    #expect(version.contains(/wcslib \d/), "\(version)")
    #expect(version.contains(/libpq \d+\.\d+, zlib \d/), "\(version)")
  }
}
