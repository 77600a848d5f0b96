/// The type of an image's pixels; the raw value is FITS's BITPIX.
public enum PixelType: Int, Codable, Hashable, Sendable, CaseIterable {
  case uint8 = 8
  case int16 = 16
  case int32 = 32
  case float = -32
  case double = -64

  /// Bytes of a pixel.
  public var size: Int { abs(rawValue) / 8 }

  /// The real type that holds every number of this one.
  public var real: PixelType {
    switch self {
    case .uint8, .int16, .float: .float
    case .int32, .double: .double
    }
  }

  /// Little-endian pixels of this type in single precision.
  public func floats(of bytes: [UInt8]) -> [Float] {
    bytes.withUnsafeBytes { raw in
      switch self {
      case .uint8: raw.map { Float($0) }
      case .int16: raw.values { Float(Int16(littleEndian: $0)) }
      case .int32: raw.values { Float(Int32(littleEndian: $0)) }
      case .float: raw.values { Float(bitPattern: UInt32(littleEndian: $0)) }
      case .double: raw.values { Float(Double(bitPattern: UInt64(littleEndian: $0))) }
      }
    }
  }

  /// How many of the little-endian pixels are NaN or infinite: those whose exponent is all ones.
  func nonFinite(in bytes: [UInt8]) -> Int {
    bytes.withUnsafeBytes { raw in
      switch self {
      case .uint8, .int16, .int32: 0
      case .float: raw.count(withAll: UInt32(0x7f80_0000))
      case .double: raw.count(withAll: UInt64(0x7ff0) << 48)
      }
    }
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func values<Word: BitwiseCopyable>(_ convert: (Word) -> Float) -> [Float] {
    let size = MemoryLayout<Word>.size
    return [Float](unsafeUninitializedCapacity: count / size) { values, filled in
      filled = count / size
      for index in 0..<filled {
        let word = loadUnaligned(fromByteOffset: index * size, as: Word.self)
        values.initializeElement(at: index, to: convert(word))
      }
    }
  }

  /// The little-endian words in which all bits of a mask are set.
  fileprivate func count<Word: FixedWidthInteger & BitwiseCopyable>(withAll mask: Word) -> Int {
    let size = MemoryLayout<Word>.size
    var found = 0
    for index in 0..<count / size {
      let word = loadUnaligned(fromByteOffset: index * size, as: Word.self)
      if Word(littleEndian: word) & mask == mask { found += 1 }
    }
    return found
  }
}
