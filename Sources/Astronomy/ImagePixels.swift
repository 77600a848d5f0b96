/// A rectangle of pixels, as files and `reber.cutout_pixels` hold them.
public struct ImagePixels: Sendable, Hashable {
  /// Columns of pixels.
  public let width: Int
  /// Rows of pixels.
  public let height: Int
  /// The type of the pixels.
  public let type: PixelType
  /// Little-endian values of the type, row by row from the bottom.
  public let bytes: [UInt8]
  /// Share of the pixels that lie outside the image, 0 to 1; they are NaN.
  public let offImage: Float
  /// Share of the pixels that are NaN or infinite, those outside the image included, 0 to 1.
  public let nonFinite: Float

  /// Takes `width × height` pixels, of which `offImage` lie outside the image.
  public init(width: Int, height: Int, type: PixelType, bytes: [UInt8], offImage: Int = 0) {
    let area = Float(width * height)
    self.width = width
    self.height = height
    self.type = type
    self.bytes = bytes
    self.offImage = Float(offImage) / area
    nonFinite = Float(type.nonFinite(in: bytes)) / area
  }

  /// Takes `width × height` pixels in single precision, row by row from the bottom.
  public init(width: Int, height: Int, values: [Float], offImage: Int = 0) {
    let bytes = values.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
    self.init(width: width, height: height, type: .float, bytes: bytes, offImage: offImage)
  }

  /// The pixels in single precision, row by row from the bottom.
  public func floats() -> [Float] { type.floats(of: bytes) }

  /// Whether no pixel within one of a place, counted from 0 and from the bottom, is finite: there
  /// the image shows nothing.
  public func isBlank(atColumn column: Int, row: Int) -> Bool {
    guard nonFinite > 0 else { return false }
    let columns = max(column - 1, 0)..<min(column + 2, width)
    let rows = max(row - 1, 0)..<min(row + 2, height)
    return rows.allSatisfy { row in
      let pixels = (row * width + columns.lowerBound) * type.size
      let bytes = Array(self.bytes[pixels..<pixels + columns.count * type.size])
      return type.nonFinite(in: bytes) == columns.count
    }
  }
}

extension ImagePixels {
  /// The outer corners of the corner pixels of an image, in pixels counted from 0, in turn from the first pixel along
  /// the first row.
  public static func corners(width: Int, height: Int) -> [(x: Double, y: Double)] {
    let (right, top) = (Double(width) - 0.5, Double(height) - 0.5)
    return [(-0.5, -0.5), (right, -0.5), (right, top), (-0.5, top)]
  }
}
