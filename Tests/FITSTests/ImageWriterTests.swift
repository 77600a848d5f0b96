import FITS
import Foundation
import TestSupport
import Testing

@Suite struct ImageWriterTests {
  private let pixels = (0..<12).map { Float($0) - 2.5 }

  private func read(_ path: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path))
  }

  @Test func writesPixelsFromTheSouth() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.fits"
      try ImageWriter.write(
        pixels, width: 4, height: 3,
        keywords: [
          .init("SIMULATE", .logical(true), comment: "made up"), .init("N", .integer(-7)),
          .init("CRVAL1", .real(180.123456789012)), .init("OBJECT", .text("it's")),
        ], comments: ["a comment"], to: path)
      let bytes = try read(path)
      #expect(bytes.count == 2 * 2880)
      let header = String(decoding: bytes[..<2880], as: UTF8.self)
      for card in [
        "NAXIS1  =                    4", "NAXIS2  =                    3",
        "SIMULATE=                    T / made up", "N       =                   -7",
        "CRVAL1  =     180.123456789012", "OBJECT  = 'it''s   '", "COMMENT a comment",
      ] {
        #expect(header.contains(card), "\(card)")
      }
      let stored = (0..<12).map { index in
        let word = bytes[2880 + 4 * index..<2884 + 4 * index].reduce(UInt32(0)) {
          $0 << 8 | UInt32($1)
        }
        return Float(bitPattern: word)
      }
      #expect(stored == pixels)
    }
  }

  @Test func givesTheSameBytesLater() throws {
    try withTemporaryFolder { folder in
      try ImageWriter.write(pixels, width: 4, height: 3, to: folder + "/a.fits")
      usleep(1_100_000)
      try ImageWriter.write(pixels, width: 4, height: 3, to: folder + "/b.fits")
      #expect(try read(folder + "/a.fits") == read(folder + "/b.fits"))
    }
  }

  @Test func refusesAndLeavesNothing() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.fits"
      #expect(throws: FITSError.self) {
        try ImageWriter.write(pixels, width: 4, height: 4, to: path)
      }
      let error = #expect(throws: FITSError.self) {
        try ImageWriter.write(
          pixels, width: 4, height: 3, keywords: [.init("NO GOOD", .integer(1))], to: path)
      }
      #expect(error?.description.contains("NO GOOD") == true)
      #expect(throws: FITSError.self) {
        try ImageWriter.write(pixels, width: 4, height: 3, to: folder + "/none/a.fits")
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(left.isEmpty)
    }
  }
}
