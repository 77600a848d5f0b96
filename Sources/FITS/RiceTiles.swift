import Astronomy
internal import CFITSIO
import Files

/// The tiles of an image in Rice's code, each looked through once before CFITSIO unpacks it.
///
/// Where the code of a tile has no end, CFITSIO (4.2) reads the memory behind it.
final class RiceTiles {
  /// Pixels of the image, and of its tiles, along each axis.
  private let lengths: [Int]
  private let sides: [Int]
  private let column: Int32
  private let code: RiceCode
  /// The rows of the table of tiles, from 0, that were looked through.
  private var seen: Set<Int> = []

  /// The tiles of the image at which a file stands; nil where they are not in Rice's code.
  init?(_ file: FITSFile) {
    let structure = file.pointer.pointee.Fptr.pointee
    guard structure.compressimg != 0, structure.compress_type == RICE_1,
      let axes = file.integer("ZNAXIS"), structure.cn_compressed > 0
    else { return nil }
    let lengths = (1...axes).map { file.integer("ZNAXIS\($0)") ?? 1 }
    self.lengths = lengths
    sides = lengths.enumerated().map { axis, length in
      file.integer("ZTILE\(axis + 1)") ?? (axis == 0 ? length : 1)
    }
    column = structure.cn_compressed
    code = RiceCode(
      pixelBytes: Int(structure.rice_bytepix), blockPixels: Int(structure.rice_blocksize))
  }

  /// Looks through the tiles that a rectangle touches, which has pixels of these ranges along each axis, from 0.
  ///
  /// - Throws: `FileError` that names the row of a tile whose code ends before its pixels.
  func check(_ file: FITSFile, hdu: Int, _ ranges: [Range<Int>]) throws(FileError) {
    var tiles = [(row: 0, pixels: 1)]
    var stride = 1
    for (axis, range) in ranges.enumerated() {
      let (side, length) = (sides[axis], lengths[axis])
      let across = range.lowerBound / side...(range.upperBound - 1) / side
      tiles = tiles.flatMap { tile in
        across.map {
          (tile.row + $0 * stride, tile.pixels * (min(($0 + 1) * side, length) - $0 * side))
        }
      }
      stride *= (length - 1) / side + 1
    }
    for tile in tiles where seen.insert(tile.row).inserted {
      let bytes = try bytes(of: tile.row, file, hdu: hdu)
      guard bytes.isEmpty || code.isWhole(bytes, pixels: tile.pixels) else {
        throw FileError(
          file.path, hdu: hdu, row: tile.row + 1,
          "the code of a tile does not end where its pixels do",
          advice: "Get the file again: it is damaged")
      }
    }
  }

  private func bytes(of row: Int, _ file: FITSFile, hdu: Int) throws(FileError) -> [UInt8] {
    do {
      var (length, place): (Int64, Int64) = (0, 0)
      try file.check { ffgdesll(file.pointer, column, Int64(row + 1), &length, &place, &$0) }
      guard length > 0 else { return [] }
      var bytes = [UInt8](repeating: 0, count: Int(length))
      try file.check {
        ffgcvb(file.pointer, column, Int64(row + 1), 1, length, 0, &bytes, nil, &$0)
      }
      return bytes
    } catch {
      throw FileError(file.path, hdu: hdu, error)
    }
  }
}

/// Rice's code of whole numbers as FITS has it (FITS standard 4.0, section 10.4.1): the first pixel as it is; then, in
/// blocks, the bits by which differences are split, and of each difference its upper part as so many zeros before a
/// one, and its lower part as it is.
struct RiceCode {
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

  /// Whether a tile's code has all its pixels, and nothing behind them but a last byte.
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
