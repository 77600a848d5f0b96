import Astronomy
import Files
import Foundation
import TestSupport
import Testing

@testable import FITS

/// Tiles in Rice's code, whole and cut.
@Suite struct RiceTilesTests {
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

  @Test(arguments: ["rice-float", "rice-int16", "rice-dithered", "rice-blank"])
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
