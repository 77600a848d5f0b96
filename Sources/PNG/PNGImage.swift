internal import CPNGCodec
import Files
public import Foundation

/// A PNG image as grey pixels, with the values as the file stores them: no gamma is applied.
public struct PNGImage: Sendable, Equatable {
  /// Columns of pixels.
  public var width: Int

  /// Rows of pixels.
  public var height: Int

  /// Bits of a value, 8 or 16; files of 1, 2 or 4 bits are widened to 8.
  public var bitDepth: Int

  /// `width` × `height` values, row by row from the top.
  public var values: [UInt16]

  /// Reads a file.
  ///
  /// - Throws: `FileError` where there is none, or it is no PNG, damaged or truncated.
  public init(_ path: String) throws {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw FileError(path, "the file cannot be read", advice: "Check that it is there, and yours")
    }
    try self.init(bytes, named: path)
  }

  /// Decodes a file's content.
  ///
  /// Colours become the luminance of ITU-R Recommendation BT.601, rounded to the nearest integer:
  /// Y = 0.299 R + 0.587 G + 0.114 B. An alpha channel is left out of account.
  ///
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - name: What an error calls the image.
  /// - Throws: `FileError` where it is no PNG, damaged or truncated.
  public init(_ bytes: Data, named name: String) throws {
    var image = reber_png()
    let isRead = bytes.withUnsafeBytes { raw in
      reber_png_read(raw.bindMemory(to: UInt8.self).baseAddress, raw.count, &image) != 0
    }
    defer { free(image.pixels) }
    guard isRead, let pixels = image.pixels else {
      throw FileError(
        name, "the image cannot be read (\(message(of: image)))",
        advice: "Copy or download it again")
    }
    width = Int(image.width)
    height = Int(image.height)
    bitDepth = Int(image.depth)
    let samples = UnsafeRawBufferPointer(start: pixels, count: image.size)
    let deep = image.depth == 16
    values = grey(channels: Int(image.channels), count: width * height) { index in
      deep
        ? UInt16(littleEndian: samples.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
        : UInt16(samples[index])
    }
  }
}

/// Grey values of interleaved samples.
private func grey(channels: Int, count: Int, _ sample: (Int) -> UInt16) -> [UInt16] {
  guard channels == 3 else { return (0..<count).map(sample) }
  return (0..<count).map { pixel in
    luminance(sample(3 * pixel), sample(3 * pixel + 1), sample(3 * pixel + 2))
  }
}

/// 0.299 R + 0.587 G + 0.114 B in whole thousandths, so that grey stays exactly what it is.
private func luminance(_ red: UInt16, _ green: UInt16, _ blue: UInt16) -> UInt16 {
  let thousandths: UInt32 = 299 * UInt32(red) + 587 * UInt32(green) + 114 * UInt32(blue)
  return UInt16((thousandths + 500) / 1000)
}

private func message(of image: reber_png) -> String {
  withUnsafeBytes(of: image.problem) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
