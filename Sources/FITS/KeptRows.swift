import Astronomy

/// Rows of an image that were read and may be wanted again: who cuts out one source after another, from the first rows
/// to the last, reads and unpacks each row once.
final class KeptRows {
  /// More than so many bytes are not kept.
  private static let mostBytes = 1 << 26

  /// Whole rows of so many bytes are read sooner than a few pixels of each of a rectangle's rows.
  private static let fewBytes = 1 << 19

  /// Whether parts of rows cost as much as whole ones: they are unpacked.
  private let arePacked: Bool
  private var rows = 0..<0
  private var type = PixelType.uint8
  private var bytes: [UInt8] = []
  /// Where the rectangle began that was asked for before.
  private var last = 0

  init(arePacked: Bool) { self.arePacked = arePacked }

  /// The pixels of a rectangle within an image, from whole rows.
  ///
  /// - Parameters:
  ///   - columns: Of the rectangle.
  ///   - wanted: Its rows.
  ///   - width: Pixels in a row of the image.
  ///   - type: The type of the pixels.
  ///   - read: Gives whole rows.
  /// - Returns: The pixels; `nil` where the rectangle is better read by itself.
  /// - Throws: What `read` throws.
  func pixels(
    columns: Range<Int>, rows wanted: Range<Int>, width: Int, _ type: PixelType,
    read: (Range<Int>) throws(FITSStatus) -> [UInt8]
  ) throws(FITSStatus) -> [UInt8]? {
    let line = width * type.size
    defer { last = wanted.lowerBound }
    guard columns.count < width, wanted.count * line <= Self.mostBytes,
      isWorthwhile(wanted, line: line)
    else { return nil }
    begin(at: wanted, type, line: line)
    if wanted.upperBound > rows.upperBound {
      bytes += try read(rows.upperBound..<wanted.upperBound)
      rows = rows.lowerBound..<wanted.upperBound
    }
    var cut: [UInt8] = []
    cut.reserveCapacity(wanted.count * columns.count * type.size)
    for row in wanted {
      let start = (row - rows.lowerBound) * line
      cut += bytes[start + columns.lowerBound * type.size..<start + columns.upperBound * type.size]
    }
    return cut
  }

  /// Whether the rectangles follow each other so closely that few rows are new.
  private func isWorthwhile(_ wanted: Range<Int>, line: Int) -> Bool {
    arePacked || (0...Self.fewBytes / line).contains(wanted.lowerBound - last)
  }

  /// Lets go of what lies before the wanted rows, and of all where they begin elsewhere.
  private func begin(at wanted: Range<Int>, _ type: PixelType, line: Int) {
    if type != self.type || !(rows.lowerBound...rows.upperBound).contains(wanted.lowerBound) {
      (rows, bytes) = (wanted.lowerBound..<wanted.lowerBound, [])
      self.type = type
    }
    // Not at every step, since the rest is moved.
    let passed = wanted.lowerBound - rows.lowerBound
    guard passed > wanted.count else { return }
    bytes.removeFirst(passed * line)
    rows = wanted.lowerBound..<rows.upperBound
  }
}
