import Astronomy
import FITS
import Files
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
          .init("SIMULATE", .boolean(true), description: "made up"), .init("N", .integer(-7)),
          .init("CRVAL1", .real(180.123456789012)), .init("OBJECT", .text("it's")),
          .init("THIRD", .real(1.0 / 3)), .init("PLACE", .text("Jodrell β")),
          .init("NOTHING", .null), .init("FREQ", .real(144e6), unit: "Hz", description: "centre"),
        ], comments: ["a comment"], to: path)
      let bytes = try read(path)
      #expect(bytes.count == 2 * 2880)
      let header = String(decoding: bytes[..<2880], as: UTF8.self)
      for card in [
        "NAXIS1  =                    4", "NAXIS2  =                    3",
        "SIMULATE=                    T / made up", "N       =                   -7",
        "CRVAL1  =     180.123456789012", "OBJECT  = 'it''s   '", "COMMENT a comment",
        "THIRD   =   0.3333333333333333", "PLACE   = 'Jodrell ?'",
        "FREQ    =           144000000. / [Hz] centre",
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

  /// Texts that just fit a card, just do not, and fill several; quotes count twice, and CFITSIO
  /// itself would write cards for ever where they are many.
  @Test(
    .enabled(if: Validator.fitsverify, "fitsverify is not installed"),
    arguments: [33, 34, 66, 67, 68, 69, 137, 400], ["a", "'", "ab'"])
  func longTextsAreAnnounced(length: Int, letters: String) throws {
    try withTemporaryFolder { folder in
      let text = String(String(repeating: letters, count: length).prefix(length))
      let path = folder + "/a.fits"
      try ImageWriter.write(
        pixels, width: 4, height: 3,
        keywords: [
          .init("TEXT", .text(text), description: "of some length"),
          .init("OBJECT", .text(text + " it")),
        ], to: path)
      #expect(try FITSImage(path).object == text + " it")
      let output = Validator.run("fitsverify", ["-e", path])?.output ?? ""
      #expect(output.contains("0 warning(s) and 0 error(s)"), "\(output)")
      let isLong = text.reduce(3) { $0 + ($1 == "'" ? 2 : 1) } > 67
      let announcement = try read(path).range(of: Data("LONGSTRN".utf8))
      #expect((announcement != nil) == isLong)
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

  /// What is written to memory is what is written to a file, whatever the memory held before.
  @Test func bytesAreThoseOfTheFile() throws {
    try withTemporaryFolder { folder in
      try ImageWriter.write(pixels, width: 4, height: 3, to: folder + "/a.fits")
      let file = try read(folder + "/a.fits")
      for round in 0..<50 {
        // Memory that is used again is not clean.
        let dirt = (0..<20).map { [UInt8](repeating: 165, count: 2880 * ($0 % 5 + 1)) }
        #expect(dirt.count == 20)
        let bytes = try ImageWriter.bytes(pixels, width: 4, height: 3, name: "a")
        #expect(bytes == [UInt8](file), "round \(round)")
      }
    }
  }

  @Test func refusesAndLeavesNothing() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.fits"
      #expect(throws: FileError.self) {
        try ImageWriter.write(pixels, width: 4, height: 4, to: path)
      }
      let error = #expect(throws: FileError.self) {
        try ImageWriter.write(
          pixels, width: 4, height: 3, keywords: [.init("NO GOOD", .integer(1))], to: path)
      }
      #expect(error?.description.contains("NO GOOD") == true)
      #expect(throws: FileError.self) {
        try ImageWriter.write(pixels, width: 4, height: 3, to: folder + "/none/a.fits")
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(left.isEmpty)
    }
  }
}
