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
    let isDeep = image.bitDepth == 16
    var bytes: [UInt8] = []
    bytes.reserveCapacity(image.values.count * (isDeep ? 4 : 1))
    for row in (0..<image.height).reversed() {
      for value in image.values[row * image.width..<(row + 1) * image.width] {
        bytes.append(UInt8(truncatingIfNeeded: value))
        if isDeep { bytes += [UInt8(value >> 8), 0, 0] }
      }
    }
    self.init(
      width: image.width, height: image.height, bitpix: isDeep ? 32 : 8, bytes: bytes,
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
