import FITS
import PNG

/// A rectangle of pixels as `reber.cutout_pixels` keeps them.
struct Pixels: Sendable {
  var width: Int
  var height: Int
  /// The pixels' type as FITS names it.
  var bitpix: Int
  /// Little-endian values, row by row from the bottom.
  var bytes: [UInt8]
  /// Share of the pixels beyond the image's edge.
  var offImage: Float
  /// Share of the pixels that are not finite.
  var nonFinite: Float
}

extension Pixels {
  init(_ pixels: ImagePixels) {
    self.init(
      width: pixels.width, height: pixels.height, bitpix: pixels.bitpix, bytes: pixels.bytes,
      offImage: pixels.offImage, nonFinite: pixels.nonFinite)
  }

  /// A PNG from the bottom row up: of type 8, or 32 for 16 bits, since FITS knows no unsigned ones.
  init(_ image: PNGImage) {
    self.init(
      width: image.width, height: image.height, bitpix: image.bitDepth == 16 ? 32 : 8,
      bytes: image.bitDepth == 16 ? image.bottomUp(as: UInt32.self) : image.bottomUp(as: UInt8.self),
      offImage: 0, nonFinite: 0)
  }

  /// Whether no pixel within one of a place is finite: there the image shows nothing.
  func isBlank(atColumn column: Int, row: Int) -> Bool {
    guard nonFinite > 0 else { return false }
    let columns = max(column - 1, 0)..<min(column + 2, width)
    let rows = max(row - 1, 0)..<min(row + 2, height)
    return rows.allSatisfy { row in columns.allSatisfy { !isFinite(row * width + $0) } }
  }

  private func isFinite(_ index: Int) -> Bool {
    bytes.withUnsafeBytes { raw in
      switch bitpix {
      case -32:
        Float(
          bitPattern: UInt32(
            littleEndian: raw.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
        ).isFinite
      case -64:
        Double(
          bitPattern: UInt64(
            littleEndian: raw.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
        ).isFinite
      default: true
      }
    }
  }
}

extension PNGImage {
  /// The values as little-endian whole numbers, from the bottom row up.
  fileprivate func bottomUp<Word: FixedWidthInteger & BitwiseCopyable>(as: Word.Type) -> [UInt8] {
    let size = MemoryLayout<Word>.size
    return [UInt8](unsafeUninitializedCapacity: values.count * size) { bytes, count in
      let raw = UnsafeMutableRawBufferPointer(bytes)
      for row in 0..<height {
        let from = (height - 1 - row) * width
        for column in 0..<width {
          raw.storeBytes(
            of: Word(truncatingIfNeeded: values[from + column]).littleEndian,
            toByteOffset: (row * width + column) * size, as: Word.self)
        }
      }
      count = values.count * size
    }
  }
}
