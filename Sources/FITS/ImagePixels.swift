/// A rectangle of pixels as an image holds them.
public struct ImagePixels: Sendable, Hashable {
  /// Columns of pixels.
  public let width: Int
  /// Rows of pixels.
  public let height: Int
  /// The type of the pixels as FITS names it: 8, 16, 32, -32 or -64.
  public let bitpix: Int
  /// Little-endian values of the type `bitpix`, row by row from the bottom.
  public let bytes: [UInt8]
  /// Share of the pixels that lie outside the image, 0 to 1; they are NaN.
  public let offImage: Float
  /// Share of the pixels that are NaN or infinite, those outside the image included, 0 to 1.
  public let nonFinite: Float

  init(width: Int, height: Int, bitpix: Int, bytes: [UInt8], offImage: Int) {
    self.width = width
    self.height = height
    self.bitpix = bitpix
    self.bytes = bytes
    self.offImage = Float(offImage) / Float(width * height)
    let nonFinite = bytes.withUnsafeBytes { countNonFinite($0, bitpix: bitpix) }
    self.nonFinite = Float(nonFinite) / Float(width * height)
  }

  /// The pixels in single precision, row by row from the bottom.
  public func floats() -> [Float] {
    bytes.withUnsafeBytes { raw in
      switch bitpix {
      case 8: bytes.map { Float($0) }
      case 16: raw.values { Float(Int16(littleEndian: $0)) }
      case 32: raw.values { Float(Int32(littleEndian: $0)) }
      case -64: raw.values { Float(Double(bitPattern: UInt64(littleEndian: $0))) }
      default: raw.values { Float(bitPattern: UInt32(littleEndian: $0)) }
      }
    }
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func values<Word: BitwiseCopyable>(_ convert: (Word) -> Float) -> [Float] {
    let size = MemoryLayout<Word>.size
    return (0..<count / size).map {
      convert(loadUnaligned(fromByteOffset: $0 * size, as: Word.self))
    }
  }
}

private func countNonFinite(_ raw: UnsafeRawBufferPointer, bitpix: Int) -> Int {
  switch bitpix {
  case -32: raw.count(of: UInt32.self) { $0 & 0x7f80_0000 == 0x7f80_0000 }
  case -64: raw.count(of: UInt64.self) { $0 & 0x7ff0 << 48 == 0x7ff0 << 48 }
  default: 0
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func count<Word: FixedWidthInteger & BitwiseCopyable>(
    of: Word.Type, where condition: (Word) -> Bool
  ) -> Int {
    let size = MemoryLayout<Word>.size
    var found = 0
    for index in 0..<count / size {
      let word = loadUnaligned(fromByteOffset: index * size, as: Word.self)
      if condition(Word(littleEndian: word)) { found += 1 }
    }
    return found
  }
}
