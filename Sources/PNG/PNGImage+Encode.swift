internal import CPNGCodec
import Files
import Foundation

extension PNGImage {
  /// Encodes 8-bit grey pixels, row by row from the top, as a PNG file's content.
  ///
  /// - Throws: `FileError` where there are not `width` × `height` of them.
  public static func encode(grey pixels: [UInt8], width: Int, height: Int) throws -> [UInt8] {
    try encode(pixels, width: width, height: height, channels: 1)
  }

  /// Encodes 8-bit pixels of red, green and blue in turn, row by row from the top, as a PNG file's
  /// content.
  ///
  /// - Throws: `FileError` where there are not 3 × `width` × `height` values.
  public static func encode(rgb pixels: [UInt8], width: Int, height: Int) throws -> [UInt8] {
    try encode(pixels, width: width, height: height, channels: 3)
  }

  private static func encode(
    _ pixels: [UInt8], width: Int, height: Int, channels: Int
  ) throws -> [UInt8] {
    let name = "PNG of \(width) × \(height) pixels"
    guard let columns = UInt32(exactly: width), let rows = UInt32(exactly: height), width > 0,
      height > 0, pixels.count == width * height * channels
    else {
      throw FileError(
        name, "\(pixels.count) values were given",
        advice: "Give \(channels) a pixel, and at least one pixel")
    }
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    var problem = [CChar](repeating: 0, count: 128)
    guard
      reber_png_write(pixels, columns, rows, Int32(channels), &bytes, &count, &problem) != 0
    else {
      let reason = String(decoding: problem.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
      throw FileError(name, "the image cannot be written (\(reason))", advice: "Make it smaller")
    }
    defer { free(bytes) }
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }
}
