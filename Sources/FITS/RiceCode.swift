/// Rice's code of whole numbers as FITS has it (FITS standard 4.0, section 10.4.1): the first pixel as it is; then, in
/// blocks, the bits by which differences are split, and of each difference its upper part as so many zeros before a
/// one, and its lower part as it is.
struct RiceCode: TileCode {
  private let pixelBits: Int
  private let blockPixels: Int
  /// Bits of the number that says how a block's differences are split.
  private let splitBits: Int
  /// The split that says that a block's differences are as they are.
  private let unsplit: Int

  init(pixelBytes: Int, blockPixels: Int) {
    pixelBits = 8 * pixelBytes
    self.blockPixels = blockPixels
    (splitBits, unsplit) = pixelBytes == 1 ? (3, 6) : pixelBytes == 2 ? (4, 14) : (5, 25)
  }

  func isWhole(_ bytes: [UInt8], pixels: Int) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var bits = BitReader(bytes, place: pixelBits)
      var left = pixels
      while left > 0, bits.isWithin {
        let count = min(left, blockPixels)
        skipBlock(of: count, &bits)
        left -= count
      }
      return left == 0 && bits.isWithin && bits.bytesLeft < 2
    }
  }

  private func skipBlock(of count: Int, _ bits: inout BitReader) {
    let split = bits.number(of: splitBits) - 1
    // All differences are 0.
    if split < 0 { return }
    if split == unsplit {
      bits.skip(count * pixelBits)
    } else {
      for _ in 0..<count where bits.isWithin { bits.skipZeros(then: split) }
    }
  }
}

/// A place among bits, the highest of a byte being the first.
private struct BitReader {
  private let bytes: UnsafeRawBufferPointer
  private var place: Int

  init(_ bytes: UnsafeRawBufferPointer, place: Int) {
    self.bytes = bytes
    self.place = place
  }

  /// Whether no bit was read that is not there.
  var isWithin: Bool { place <= bytes.count * 8 }

  /// The bytes of which no bit was read.
  var bytesLeft: Int { bytes.count - (place + 7) / 8 }

  mutating func skip(_ count: Int) { place += count }

  mutating func number(of count: Int) -> Int {
    defer { place += count }
    return Int(window >> UInt64(64 - count))
  }

  /// Goes beyond zeros, the one that ends them, and more bits.
  mutating func skipZeros(then count: Int) {
    while isWithin {
      let zeros = window.leadingZeroBitCount
      if zeros < 56 {
        place += zeros + 1 + count
        return
      }
      place += 56
    }
  }

  /// The next 56 bits or more, then zeros; those beyond the end are zeros too.
  private var window: UInt64 {
    let first = place >> 3
    if first + 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: first, as: UInt64.self)
      return word.bigEndian << UInt64(place & 7)
    }
    var word: UInt64 = 0
    for index in 0..<8 {
      word = word << 8 | UInt64(first + index < bytes.count ? bytes[first + index] : 0)
    }
    return word << UInt64(place & 7)
  }
}
