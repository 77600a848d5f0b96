import Astronomy
import Foundation
import Tables

/// A folder that is removed when the test lets it go.
final class Folder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "tables-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file in the folder.
  func file(_ name: String) -> String { path + "/" + name }

  /// Writes a text to a file and returns its path.
  func write(_ text: String, _ name: String) throws -> String {
    try text.write(toFile: file(name), atomically: false, encoding: .utf8)
    return file(name)
  }
}

/// Writes a table and reads it back.
func roundTrip(
  _ rows: [[Value]], _ columns: [Column], metadata: Metadata = Metadata(), to path: String
) throws -> (any TableReader, [[Value]]) {
  let writer = try createTable(path, columns: columns, metadata: metadata)
  for start in stride(from: 0, to: rows.count, by: 3) {
    try writer.write(Array(rows[start..<min(start + 3, rows.count)]))
  }
  try writer.finish()
  let reader = try openTable(path)
  return (reader, try reader.rows())
}

/// A table with every datatype and shape, and the values that are hard to keep.
enum Sample {
  static let columns = [
    Column("name", .string, ucd: "meta.id;meta.main", description: "what we call it"),
    Column("ra", .double, unit: "deg", ucd: "pos.eq.ra;meta.main"),
    Column("dec", .double, unit: "deg", ucd: "pos.eq.dec;meta.main"),
    Column("flux", .float, unit: "mJy", ucd: "phot.flux.density;em.radio"),
    Column("flag", .boolean),
    Column("byte", .uint8),
    Column("short", .int16),
    Column("int", .int32),
    Column("long", .int64),
    Column("vector", .double, shape: .vector(3)),
    Column("counts", .int32, shape: .vector(2)),
    Column("list", .float, shape: .list),
    Column("note", .string),
  ]

  static let rows: [[Value]] = [
    [
      .text("ILTJ000005.31+205913.2"), .real(0.1), .real(-12.345678901234567),
      .real(Double(Float(0.1))), .boolean(true), .integer(254), .integer(-32767),
      .integer(2_147_483_647), .integer(.max), .reals([1, .infinity, -2.5e-300]),
      .reals([-1, 7]), .reals([0.5, 0.25]), .text("plain"),
    ],
    Array(repeating: .null, count: 13),
    [
      .text("Ångström \"α\", <β> & γ; 3″"), .real(359.999999999), .real(90), .real(.infinity),
      .boolean(false), .integer(0), .integer(32767), .integer(-2_147_483_647),
      .integer(-9_223_372_036_854_775_807), .reals([0, -0.0, 1e300]), .reals([0, 0]),
      .reals([.nan, 3]), .text(String(repeating: "long text, ", count: 40) + "end"),
    ],
    [
      .text("four"), .real(.leastNonzeroMagnitude), .real(0),
      .real(Double(Float.greatestFiniteMagnitude)),
      .null, .integer(1), .null, .integer(-1), .integer(9_007_199_254_740_993),
      .reals([1, 2, 3]), .reals([1, .nan]), .reals([1]), .text("b"),
    ],
  ]
}

/// Whether values are the same, NaN elements of vectors included.
func same(_ one: Value, _ other: Value) -> Bool {
  guard case .reals(let left) = one, case .reals(let right) = other else { return one == other }
  return left.count == right.count
    && zip(left, right).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
}

func same(_ one: [[Value]], _ other: [[Value]]) -> Bool {
  one.count == other.count
    && zip(one, other).allSatisfy { left, right in
      left.count == right.count && zip(left, right).allSatisfy { same($0, $1) }
    }
}

extension Value {
  /// The value as a file of FITS has it, whose texts are ASCII.
  var inFITS: Value {
    if case .text(let text) = self { .text(text.inASCII) } else { self }
  }
}
