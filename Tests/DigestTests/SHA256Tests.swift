import Digest
import Foundation
import TestSupport
import Testing

@Suite struct SHA256Tests {
  @Test func theStandardsExample() {
    #expect(
      SHA256.hash(Array("abc".utf8)).hex
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test func aFileIsDigestedAsItsBytes() throws {
    try withTemporaryFolder { folder in
      let bytes = [UInt8]((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
      try Data(bytes).write(to: URL(fileURLWithPath: folder + "/file"))
      #expect(try SHA256.hash(file: folder + "/file") == SHA256.hash(bytes))
      #expect(throws: (any Error).self) { try SHA256.hash(file: folder + "/none") }
    }
  }
}
