import Digest
import Files
import Foundation
import PNG
import TestSupport
import Testing

/// The small images and the digests are by `tools/oracles/png_pixels.py`.
@Suite struct PNGImageTests {
  private func image(_ base64: String) throws -> PNGImage {
    try PNGImage(try #require(Data(base64Encoded: base64)), named: "made")
  }

  @Test func aPaletteIsLookedUpAndBecomesLuminance() throws {
    let image = try image(
      """
      iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAMAAACqqpYoAAAACVBMVEUKFB7////IAGT8m7MUAAAAEElEQVR4nGNgYGRi\
      YGJkAAAAIAAHHStwoAAAAABJRU5ErkJggg==
      """)
    #expect(image.width == 3 && image.height == 2 && image.bitDepth == 8)
    #expect(image.values == [18, 255, 71, 71, 255, 18])
  }

  @Test func anAlphaChannelIsLeftOut() throws {
    let image = try image(
      """
      iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAYAAACddGYaAAAAGElEQVR4nGPgEpFj+P//P+cJhpT/DMgcAH+hCtttDpHA\
      AAAAAElFTkSuQmCC
      """)
    #expect(image.values == [18, 255, 71, 18, 255, 71])
  }

  @Test func gammaDoesNotChange16Bits() throws {
    let image = try image(
      """
      iVBORw0KGgoAAAANSUhEUgAAAAMAAAACEAQAAABn7XLSAAAABGdBTUEAAYagMeiWXwAAABhJREFUeJxjYGBkYPj/n4GdiZ\
      GBkwGZAwA5agQl2jfkAwAAAABJRU5ErkJggg==
      """)
    #expect(image.bitDepth == 16)
    #expect(image.values == [1, 65535, 513, 1, 65535, 513])
  }

  @Test func fewBitsAreWidenedAndInterlacedRowsPutInOrder() throws {
    let image = try image(
      """
      iVBORw0KGgoAAAANSUhEUgAAAAMAAAACAgAAAAGFqBHxAAAAEElEQVR4nGNgYGhgcGB4AgAELAGltyy9UQAAAABJRU5E\
      rkJggg==
      """)
    #expect(image.values == [0, 85, 170, 255, 170, 85])
  }

  @Test(
    .enabled(if: SharedData.exists, "shared data are absent"),
    arguments: [
      (
        "emu_radiogalaxynet_train/radio16/481443_433.png", 16,
        "b8f3a87664135aca4278834072c374fe627f383ffcebc9d93f5d5d9e98d8014b"
      ),
      (
        "emu_radiogalaxynet_train/original_rgb/491505_19.png", 8,
        "9dcc451c76adb55f51c4177902b49eb3ad535668522ff23dc0ab0b8217202c47"
      ),
      (
        "first_radio_galaxy_dataset/png/Bent/0.878_0.466_3_Proctor_Tab1.png", 8,
        "e755eedb8321fc0592c88dd6bcc25334965f3f7d80ba6b2fb98084c76e4dd36d"
      ),
    ])
  func realImagesHaveThePixelsThatPythonReads(
    _ name: String, _ bitDepth: Int, _ digest: String
  ) throws {
    let image = try PNGImage(SharedData.path(name))
    #expect(image.bitDepth == bitDepth)
    let bytes = image.values.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    #expect(SHA256.hash(bytes).hex == digest)
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    let grey = (0..<35).map { UInt8(7 * $0) }
    let again = try PNGImage(
      Data(PNGImage.encode(grey: grey, width: 7, height: 5)), named: "again")
    #expect(again.width == 7 && again.height == 5)
    #expect(again.values == grey.map(UInt16.init))
    let rgb: [UInt8] = [255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9]
    let colours = try PNGImage(
      Data(PNGImage.encode(rgb: rgb, width: 2, height: 2)), named: "colours")
    #expect(colours.values == [76, 150, 29, 9])
  }

  @Test func wrongSizesAreRefused() {
    #expect(throws: FileError.self) { try PNGImage.encode(grey: [1, 2, 3], width: 2, height: 2) }
    #expect(throws: FileError.self) { try PNGImage.encode(rgb: [], width: 0, height: 0) }
  }

  @Test func damagedFilesAreOneClearLine() throws {
    let whole = try PNGImage.encode(
      grey: (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* $0) }, width: 100, height: 100)
    let truncated = #expect(throws: FileError.self) {
      try PNGImage(Data(whole.prefix(whole.count / 2)), named: "half.png")
    }
    #expect(
      truncated?.description
        == "half.png: the image cannot be read (it ends too early). Copy or download it again.")
    var flipped = whole
    flipped[whole.count / 2] ^= 0xFF
    #expect(throws: FileError.self) { try PNGImage(Data(flipped), named: "flipped.png") }
    let text = #expect(throws: FileError.self) { try PNGImage(Data("hello".utf8), named: "a.png") }
    #expect(text?.problem.contains("ends too early") == true)
    #expect(throws: FileError.self) { try PNGImage(Data(), named: "empty.png") }
    #expect(throws: FileError.self) { try PNGImage("/nowhere/at/all.png") }
  }

  /// Pictures that claim 121 and 1600 million pixels, of which no byte is there.
  @Test func picturesThatSwellAreRefused() throws {
    let many = try PNGImage.encode(
      grey: [UInt8](repeating: 0, count: 12_000 * 12_000), width: 12_000, height: 12_000)
    #expect(many.count < 1 << 20)
    let large = #expect(throws: FileError.self) { try PNGImage(Data(many), named: "large.png") }
    #expect(large?.description.contains("128 MiB") == true, "\(large?.description ?? "accepted")")
    // IHDR of 11000 × 11000 with its right sum, then the end.
    let claim = try #require(
      Data(
        base64Encoded:
          "iVBORw0KGgoAAAANSUhEUgAAKvgAACr4CAAAAADrRMVWAAAAEElEQVR4eHh4eHh4eHh4eHh4eHh4XaJ5OAAAAABJRU5ErkJggg=="
      ))
    let error = #expect(throws: FileError.self) { try PNGImage(claim, named: "claim.png") }
    #expect(
      error?.description.contains("cannot hold so many pixels") == true,
      "\(error?.description ?? "accepted")")
  }
}
