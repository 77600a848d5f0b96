import FITS
import Files
import Foundation
import TestSupport
import Testing

/// Headers whose sizes would end the program, never end it, or take all memory.
@Suite struct HeaderCheckTests {
  /// Gives a compressed image a header with another value.
  private func changed(_ name: String, _ value: String, in folder: String) throws -> String {
    var data = try Data(contentsOf: URL(filePath: fixture("rice-float.fits.fz")))
    let key = name.padding(toLength: 8, withPad: " ", startingAt: 0) + "="
    let place = try #require(data[2880...].range(of: Data(key.utf8))).lowerBound
    let card = Data((key + " " + value + String(repeating: " ", count: 80)).utf8.prefix(80))
    data.replaceSubrange(place..<place + 80, with: card)
    let path = folder + "/a.fits.fz"
    try data.write(to: URL(filePath: path))
    return path
  }

  @Test(arguments: [
    ("ZTILE1", "0"), ("ZTILE2", "0"), ("ZTILE2", "-1"), ("ZTILE1", "'none'"), ("ZNAXIS", "0"),
    ("ZNAXIS", "99"), ("ZNAXIS1", "0"), ("ZNAXIS1", "-60"),
    ("TTYPE1", "'" + String(repeating: "x", count: 69)),
    ("TTYPE1", String(repeating: "x", count: 70)),
    ("TTYPE1", String(repeating: "µ", count: 35)), ("ZNAXIS1", "900000000000"),
    ("ZNAXIS2", "2000000000"), ("ZVAL1", "0"), ("ZVAL2", "0"), ("ZVAL2", "3"), ("NAXIS2", "3"),
    ("NAXIS2", "9000000000000000000"), ("PCOUNT", "-5"), ("GCOUNT", "-1"), ("TFIELDS", "5000"),
    ("ZTILE2", "50"),
  ])
  func tilesThatCannotBeAreRefusedByName(keyword: String, value: String) throws {
    try withTemporaryFolder { folder in
      let path = try changed(keyword, value, in: folder)
      let error = #expect(throws: FileError.self) { try FITSImage(path) }
      #expect(error?.hdu == 2 && error?.path == path, "\(error?.description ?? "")")
    }
  }

  /// CFITSIO reads its cards before it misses its end.
  @Test func aHeaderWithoutEndIsCheckedToo() throws {
    try withTemporaryFolder { folder in
      let path = try changed("TTYPE1", String(repeating: "x", count: 70), in: folder)
      var data = try Data(contentsOf: URL(filePath: path))
      while let end = data[2880...].range(of: Data("END     ".utf8)) {
        data.replaceSubrange(end, with: Data("COMMENT ".utf8))
      }
      try data.write(to: URL(filePath: path))
      let error = #expect(throws: FileError.self) { try FITSImage(path) }
      #expect(error?.problem == "the text of TTYPE1 has no end on its card")
    }
  }

  @Test func keywordsThatMustBeFirstAreMissed() throws {
    try withTemporaryFolder { folder in
      let path = try changed("NAXIS1", "32", in: folder)
      var data = try Data(contentsOf: URL(filePath: path))
      let card = try #require(data[2880...].range(of: Data("NAXIS1  =".utf8)))
      data.replaceSubrange(card, with: Data("NAXISX  =".utf8))
      try data.write(to: URL(filePath: path))
      let error = #expect(throws: FileError.self) { try FITSImage(path) }
      #expect(error?.problem.contains("NAXIS1 is not in its place") == true)
    }
  }

  @Test(arguments: ["HCOMPRESS_1", "PLIO_1"])
  func codesThatAreNotReadAreNamed(code: String) throws {
    try withTemporaryFolder { folder in
      let path = try changed("ZCMPTYPE", "'\(code)'", in: folder)
      let error = #expect(throws: FileError.self) { try FITSImage(path) }
      #expect(error?.problem == "its tiles are in the code \(code), which is not read")
    }
  }

  @Test(arguments: [
    ("TFORM1", "'999999999999PB'"), ("TFORM3", "'9000000000000000000D'"), ("TFORM4", "'1?'"),
    ("NAXIS1", "64"), ("PCOUNT", "90000000"),
  ])
  func formsThatCannotBeAreRefused(keyword: String, value: String) throws {
    try withTemporaryFolder { folder in
      let path = try changed(keyword, value, in: folder)
      #expect(throws: FileError.self) { try FITSImage(path).whole() }
    }
  }

  /// CFITSIO reads such a file from memory beyond its end.
  @Test func aPackedImageIsNoLongerThanItIs() throws {
    try withTemporaryFolder { folder in
      let path = try writeImage(
        folder + "/a.fits", bitpix: -32, axes: [65_536, 150], cards: [],
        data: [UInt8](repeating: 1, count: 90_000))
      try gzip(path)
      let error = #expect(throws: FileError.self) { try FITSImage(path + ".gz").whole() }
      #expect(error?.path == path + ".gz" && error?.hdu == 1)
      #expect(error?.problem == "the file is cut off or damaged: not all of its data are there")
    }
  }

  /// To make such pixels square takes memory and time without end; those of no width are stored nowhere.
  @Test(arguments: [
    ("-0.0005", "1.0", "75.5"), ("-0.0005", "0.0005", "2147483647.0"),
    ("-1e-300", "1e-300", "75.5"), ("-0.0005", "0.0005", "1E400"),
  ])
  func pixelsThatCannotBeAreRefused(width: String, height: String, reference: String) throws {
    try withTemporaryFolder { folder in
      let path = try writeImage(
        folder + "/a.fits", axes: [150, 150],
        cards: [
          "CTYPE1  = 'RA---TAN'", "CTYPE2  = 'DEC--TAN'", "CRVAL1  = 143.0", "CRVAL2  = 45.0",
          "CRPIX1  = 75.5", "CRPIX2  = \(reference)", "CDELT1  = \(width)", "CDELT2  = \(height)",
        ], data: [UInt8](repeating: 1, count: 22_500))
      let error = #expect(throws: FileError.self) { try FITSImage(path) }
      #expect(error?.path == path && error?.hdu == 1, "\(error?.description ?? "accepted")")
    }
  }

  @Test(arguments: ["1.5E-40", "1E300"]) func beamsThatCannotBeAreLeftAside(width: String) throws {
    try withTemporaryFolder { folder in
      let path = try writeImage(
        folder + "/a.fits", axes: [2, 2], cards: ["BMAJ    = \(width)", "BMIN    = \(width)"],
        data: [1, 2, 3, 4])
      let image = try FITSImage(path)
      #expect(image.beam == nil)
      #expect(image.beamNote?.contains("left aside") == true)
    }
  }

  /// CFITSIO divides by the first parameter, which another code calls otherwise.
  @Test func anotherCodesParametersAreNoBlocks() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.fits.fz"
      var data = try Data(contentsOf: URL(filePath: fixture("rice-float.fits.fz")))
      for (key, text) in [("ZNAME1  =", "ZNAME1  = 'NOISEBIT'"), ("ZVAL1   =", "ZVAL1   = 0")] {
        let place = try #require(data[2880...].range(of: Data(key.utf8))).lowerBound
        let card = text.padding(toLength: 80, withPad: " ", startingAt: 0)
        data.replaceSubrange(place..<place + 80, with: Data(card.utf8))
      }
      try data.write(to: URL(filePath: path))
      let error = #expect(throws: FileError.self) { try FITSImage(path) }
      #expect(error?.problem == "its header has ZVAL1 = 0, which cannot be")
    }
  }

  /// Of such a card CFITSIO takes 0 for the pixels of a block.
  @Test func blocksOfNoNumberAreRefused() throws {
    try withTemporaryFolder { folder in
      let path = try changed("ZVAL1", "                  '", in: folder)
      let error = #expect(throws: FileError.self) { try FITSImage(path) }
      #expect(error?.hdu == 2 && error?.problem.contains("ZVAL1") == true)
    }
  }

  /// CFITSIO takes as much memory as the tile of a row says that it is long: here 2²⁹ bytes.
  @Test func tilesLongerThanAllOfThemAreRefused() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.fits.fz"
      var data = try Data(contentsOf: URL(filePath: fixture("rice-int16.fits.fz")))
      let end = try #require(
        data[2880...].range(of: Data("END".padding(toLength: 80, withPad: " ", startingAt: 0).utf8))
      )
      let start = (end.lowerBound / 2880 + 1) * 2880
      data.replaceSubrange(start..<start + 4, with: [0x20, 0, 0, 0])
      try data.write(to: URL(filePath: path))
      let error = #expect(throws: FileError.self) { try FITSImage(path) }
      #expect(error?.row == 1 && error?.problem == "a tile says that it has 536870912 elements")
    }
  }

  /// WCSLIB would write beyond its memory.
  @Test func textsWithoutEndAreRefused() throws {
    try withTemporaryFolder { folder in
      let path = try writeImage(
        folder + "/a.fits", axes: [2, 2],
        cards: ["CTYPE1  = 'RA---TAN", "CTYPE2  = 'DEC--TAN'"], data: [1, 2, 3, 4])
      let error = #expect(throws: FileError.self) { try FITSImage(path) }
      #expect(error?.problem == "the text of CTYPE1 has no closing quote on its card")
      let other = try writeImage(
        folder + "/b.fits", axes: [2, 2], cards: ["OBSERVER= 'who", "CTYPE1  = 'LINEAR'"],
        data: [1, 2, 3, 4])
      #expect(try FITSImage(other).wcs == nil)
    }
  }
}
