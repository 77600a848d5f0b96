import PNG

/// Pixels in rows from the top, one byte (grey) or three (red, green, blue) each.
struct Raster: Sendable, Equatable {
  /// Columns.
  let width: Int

  /// Rows.
  let height: Int

  /// Bytes a pixel, 1 or 3.
  let channels: Int

  /// Row by row from the top.
  var bytes: [UInt8]

  /// As a PNG file.
  func png() throws -> [UInt8] {
    channels == 1
      ? try PNGImage.encode(grey: bytes, width: width, height: height)
      : try PNGImage.encode(rgb: bytes, width: width, height: height)
  }
}
