import Astronomy
internal import CFITSIO
import Files

/// Where an image's two axes are among those of its file, and how its pixels are read.
struct ImageLayout {
  let width: Int
  let height: Int
  /// The type of the pixels that are read.
  let type: PixelType
  /// The axes of the columns and the rows, counted from 0, the first being the faster.
  private let axes: (columns: Int, rows: Int)
  private let axisCount: Int
  /// Whether CFITSIO shall turn blanks into NaN.
  private let hasBlanks: Bool

  init(
    _ header: ImageHeader, celestial: (Int, Int)?, path: String, hdu: Int
  ) throws(FileError) {
    let lengths = header.axes
    let long = lengths.indices.filter { lengths[$0] > 1 }
    axes = celestial ?? (long.count >= 2 ? (long[0], long[1]) : (0, 1))
    width = lengths[axes.columns]
    height = lengths[axes.rows]
    axisCount = lengths.count
    let isScaled = header.bitpix > 0 && header.isScaled
    // FITS also has whole numbers of 64 bits.
    let stored = PixelType(rawValue: header.bitpix) ?? .double
    type = isScaled ? stored.real : stored
    // Asked to look for blanks among plain reals, CFITSIO would alter infinities and tiny numbers.
    hasBlanks = isScaled || header.mayBeQuantised
    for (axis, length) in lengths.enumerated() where axis != axes.columns && axis != axes.rows {
      guard length != 1 else { continue }
      let name = header.file.text("CTYPE\(axis + 1)").map { " (\($0))" } ?? ""
      throw FileError(
        path, hdu: hdu, "axis \(axis + 1)\(name) of the image has \(length) pixels, not one",
        advice: "Give an image of one plane")
    }
    guard width > 0, height > 0 else {
      throw FileError(path, hdu: hdu, "the image has no pixels", advice: "Give another image")
    }
  }

  /// Whether columns and rows are the file's first axes.
  var isInOrder: Bool { axes == (0, 1) }

  /// What of a rectangle is within the image, as ranges along each axis of the file; nil where nothing is.
  func inside(columns: Range<Int>, rows: Range<Int>) -> [Range<Int>]? {
    var ranges = [Range<Int>](repeating: 0..<1, count: axisCount)
    ranges[axes.columns] = columns.clamped(to: 0..<width)
    ranges[axes.rows] = rows.clamped(to: 0..<height)
    return ranges.contains { $0.isEmpty } ? nil : ranges
  }

  /// Reads a rectangle that may reach beyond the image, or takes it from rows that are kept.
  func read(
    _ file: FITSFile, columns: Range<Int>, rows: Range<Int>, keeping kept: KeptRows?
  ) throws(FITSStatus) -> ImagePixels {
    let inside = (columns.clamped(to: 0..<width), rows.clamped(to: 0..<height))
    let area = columns.count * rows.count
    let covered = inside.0.count * inside.1.count
    let type = covered == area ? type : type.real
    var bytes: [UInt8] = []
    if covered > 0 {
      let found = try kept?.pixels(columns: inside.0, rows: inside.1, width: width, type) {
        rows throws(FITSStatus) in try readInside(file, 0..<width, rows, type)
      }
      if let found { bytes = found } else { bytes = try readInside(file, inside.0, inside.1, type) }
    }
    if covered < area {
      var padded = blanks(area, type)
      let lead = inside.0.lowerBound - columns.lowerBound
      for row in inside.1 where covered > 0 {
        let from = (row - inside.1.lowerBound) * inside.0.count * type.size
        let to = ((row - rows.lowerBound) * columns.count + lead) * type.size
        let length = inside.0.count * type.size
        padded.replaceSubrange(to..<to + length, with: bytes[from..<from + length])
      }
      bytes = padded
    }
    return ImagePixels(
      width: columns.count, height: rows.count, type: type, bytes: bytes,
      offImage: area - covered)
  }

  /// The pixels of a rectangle within the image.
  ///
  /// CFITSIO gives them in the byte order of the machine; Reber runs on little-endian ones.
  private func readInside(
    _ file: FITSFile, _ columns: Range<Int>, _ rows: Range<Int>, _ type: PixelType
  ) throws(FITSStatus) -> [UInt8] {
    var first = [Int](repeating: 1, count: axisCount)
    var last = first
    var step = first
    (first[axes.columns], last[axes.columns]) = (columns.lowerBound + 1, columns.upperBound)
    (first[axes.rows], last[axes.rows]) = (rows.lowerBound + 1, rows.upperBound)
    var bytes = [UInt8](repeating: 0, count: columns.count * rows.count * type.size)
    var any: Int32 = 0
    var single = Float.nan
    var double = Double.nan
    try file.check { status in
      switch (type, hasBlanks) {
      case (.float, true):
        ffgsv(file.pointer, TFLOAT, &first, &last, &step, &single, &bytes, &any, &status)
      case (.double, true):
        ffgsv(file.pointer, TDOUBLE, &first, &last, &step, &double, &bytes, &any, &status)
      default:
        ffgsv(file.pointer, type.code, &first, &last, &step, nil, &bytes, &any, &status)
      }
    }
    return bytes
  }
}

extension PixelType {
  /// CFITSIO's code of the type.
  fileprivate var code: Int32 {
    switch self {
    case .uint8: TBYTE
    case .int16: TSHORT
    case .int32: TINT
    case .float: TFLOAT
    case .double: TDOUBLE
    }
  }
}

/// A number of NaN pixels.
private func blanks(_ count: Int, _ type: PixelType) -> [UInt8] {
  func bytes<Word: FixedWidthInteger>(_ word: Word) -> [UInt8] {
    withUnsafeBytes(of: word.littleEndian) { Array($0) }
  }
  let nan = type == .float ? bytes(Float.nan.bitPattern) : bytes(Double.nan.bitPattern)
  return [UInt8](unsafeUninitializedCapacity: count * nan.count) { buffer, filled in
    for index in 0..<count * nan.count {
      buffer.initializeElement(at: index, to: nan[index % nan.count])
    }
    filled = count * nan.count
  }
}
