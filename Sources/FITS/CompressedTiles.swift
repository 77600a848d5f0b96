import Astronomy
internal import CFITSIO
import Files

/// The tiles of a compressed image, each looked through once before CFITSIO unpacks it.
///
/// Where the code of a tile has no end, CFITSIO (4.2) reads the memory behind it, or takes more and more.
final class CompressedTiles {
  /// Pixels of the image, and of its tiles, along each axis.
  private let lengths: [Int]
  private let sides: [Int]
  /// The columns that hold tiles, the first that has something being the one that counts.
  private var columns: [(number: Int32, code: any TileCode)] = []
  /// The rows of the table of tiles, from 0, that were looked through.
  private var seen: Set<Int> = []

  /// The tiles of the image at which a file stands; nil where it is not compressed.
  init?(_ file: FITSFile) {
    let structure = file.pointer.pointee.Fptr.pointee
    guard structure.compressimg != 0, let axes = file.integer("ZNAXIS") else { return nil }
    let lengths = (1...axes).map { file.integer("ZNAXIS\($0)") ?? 1 }
    self.lengths = lengths
    sides = lengths.enumerated().map { axis, length in
      file.integer("ZTILE\(axis + 1)") ?? (axis == 0 ? length : 1)
    }
    if structure.cn_compressed > 0, let code = Self.code(structure) {
      columns.append((structure.cn_compressed, code))
    }
    if structure.cn_gzip_data > 0 { columns.append((structure.cn_gzip_data, GzipCode())) }
  }

  /// Whether each row of the image is a tile, as `fpack` makes them where it is not told otherwise.
  var areRows: Bool { sides[0] >= lengths[0] && sides.dropFirst().allSatisfy { $0 == 1 } }

  private static func code(_ structure: FITSfile) -> (any TileCode)? {
    switch structure.compress_type {
    case RICE_1:
      RiceCode(
        pixelBytes: Int(structure.rice_bytepix), blockPixels: Int(structure.rice_blocksize))
    case GZIP_1, GZIP_2: GzipCode()
    default: nil
    }
  }

  /// Looks through the tiles that a rectangle touches, which has pixels of these ranges along each axis, from 0.
  ///
  /// - Throws: `FileError` that names the row of a tile whose code does not end where its pixels do.
  func check(_ file: FITSFile, hdu: Int, _ ranges: [Range<Int>]) throws(FileError) {
    for tile in touched(by: ranges) where seen.insert(tile.row).inserted {
      for (column, code) in columns {
        let bytes = try bytes(of: tile.row, column, file, hdu: hdu)
        if bytes.isEmpty { continue }
        guard code.isWhole(bytes, pixels: tile.pixels) else {
          throw FileError(
            file.path, hdu: hdu, row: tile.row + 1,
            "the code of a tile does not end where its pixels do",
            advice: "Get the file again: it is damaged")
        }
        break
      }
    }
  }

  private func touched(by ranges: [Range<Int>]) -> [(row: Int, pixels: Int)] {
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
    return tiles
  }

  private func bytes(
    of row: Int, _ column: Int32, _ file: FITSFile, hdu: Int
  ) throws(FileError) -> [UInt8] {
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

/// A code in which tiles are stored.
protocol TileCode {
  /// Whether a tile's code has all its pixels, and nothing behind them but a last byte.
  func isWhole(_ bytes: [UInt8], pixels: Int) -> Bool
}
