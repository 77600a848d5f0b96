import Astronomy
import Files
import Foundation
import TestSupport
import Testing

@testable import FITS

/// Tiles in the codes of Rice and gzip, whole and cut.
@Suite struct CompressedTilesTests {
  /// One pixel, then a block of four: a split of 1 (that is 2), and each difference as zeros, a one, and one bit.
  private let tile: [UInt8] = [7, 0b0101_0010, 0b1100_0110]

  @Test func aTileHasThePixelsOfItsCode() {
    let code = RiceCode(pixelBytes: 1, blockPixels: 4)
    // 010 | 1 0 | 01 0 | 1 1 | 0001 1 0.
    #expect(code.isWhole(tile, pixels: 4))
    #expect(!code.isWhole(Array(tile.dropLast()), pixels: 4))
    #expect(!code.isWhole(tile, pixels: 9))
    #expect(!code.isWhole(tile + [0, 0], pixels: 4), "zeros in the place of another tile's code")
  }

  @Test(arguments: [(1, 6), (2, 14), (4, 25)])
  func differencesThatAreNotSplitHaveTheirBits(bytes: Int, unsplit: Int) {
    let bits = [1: 3, 2: 4, 4: 5][bytes] ?? 0
    let whole = [UInt8](repeating: 0, count: bytes) + [UInt8((unsplit + 1) << (8 - bits))]
    let code = RiceCode(pixelBytes: bytes, blockPixels: 32)
    let differences = [UInt8](repeating: 0, count: bytes * 32)
    #expect(code.isWhole(whole + differences, pixels: 32))
    #expect(!code.isWhole(whole + differences.dropLast(), pixels: 32))
  }

  @Test func zerosWithoutEndAreNoNumber() {
    let code = RiceCode(pixelBytes: 4, blockPixels: 32)
    let start: [UInt8] = [0, 0, 0, 0, 0b0001_0000]
    #expect(!code.isWhole(start + [UInt8](repeating: 0, count: 300), pixels: 32))
    #expect(code.isWhole([0, 0, 0, 0, 0, 0], pixels: 96), "blocks without differences")
  }

  /// CFITSIO would take memory without end for a stream that has none.
  @Test func gzipThatHasNoEndIsNotWhole() throws {
    try withTemporaryFolder { folder in
      try Data(repeating: 7, count: 8000).write(to: URL(filePath: folder + "/a"))
      try gzip(folder + "/a")
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: folder + "/a.gz")))
      let code = GzipCode()
      #expect(code.isWhole(bytes, pixels: 1000) && code.isWhole(bytes, pixels: 2000))
      #expect(!code.isWhole(bytes, pixels: 999), "more than eight bytes a pixel")
      #expect(!code.isWhole(Array(bytes.dropLast(9)), pixels: 1000))
      #expect(!code.isWhole(bytes + [0, 0, 0], pixels: 1000) && !code.isWhole([31], pixels: 1000))
    }
  }

  /// One rectangle after another, upwards, back again and beyond the edges, is as if it were read alone.
  @Test(arguments: ["rice-float", "rice-int16", "gzip2-double"])
  func rowsThatAreKeptAreThoseOfTheFile(name: String) throws {
    try compareCuts(of: fixture(name + ".fits.fz"))
  }

  @Test func rowsThatAreKeptOfAPlainFileAreItsOwn() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/plain.fits"
      try ImageWriter.write((0..<40 * 30).map(Float.init), width: 40, height: 30, to: path)
      try compareCuts(of: path)
    }
  }

  private func compareCuts(of path: String) throws {
    let image = try FITSImage(path)
    let middle = image.height / 2
    for row in [0, 1, 2, 2, 5, middle, middle + 1, image.height - 3, 1, -2] {
      let (columns, rows) = (row % 7..<row % 7 + 4, row..<row + 5)
      let alone = try FITSImage(path).cutout(columns: columns, rows: rows)
      #expect(try image.cutout(columns: columns, rows: rows) == alone, "from row \(row)")
    }
  }

  @Test(arguments: [
    "rice-float", "rice-int16", "rice-dithered", "rice-blank", "gzip-float", "gzip-quantised",
    "gzip2-double",
  ])
  func wholeFilesAreReadAndCutTilesNamed(name: String) throws {
    let path = fixture(name + ".fits.fz")
    _ = try FITSImage(path).whole()
    try withTemporaryFolder { folder in
      // The heap is the last in the file: nothing of the last tile but zeros.
      var data = try Data(contentsOf: URL(filePath: path))
      let end = try #require(data.lastIndex { $0 != 0 })
      data.replaceSubrange(end - 40...end, with: Data(repeating: 0, count: 41))
      let cut = folder + "/cut.fits.fz"
      try data.write(to: URL(filePath: cut))
      let error = #expect(throws: FileError.self) { try FITSImage(cut).whole().width }
      #expect(error?.problem == "the code of a tile does not end where its pixels do")
      #expect(error?.row != nil)
    }
  }
}
