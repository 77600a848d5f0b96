import Astronomy
import Catalogue
import FITS
import PostgreSQL
import Tables

/// Turns the rows of a survey's catalogue into sources.
struct SourceRows: Sendable {
  private let columns: [Column]
  private let name: [Int]
  private let ra: Angle?
  private let dec: Angle?
  private let quantities: [ColumnMapping.Part: Quantity]

  /// A column of numbers and the factor to the unit that is kept.
  fileprivate struct Quantity: Sendable {
    var index: Int
    var scale: Double
  }

  /// A column of angles: numbers with a factor to degrees, or sexagesimal text.
  fileprivate struct Angle: Sendable {
    var index: Int
    var scale: Double
    var isHours: Bool
  }

  /// - Throws: `IngestError.unmapped` without a name column or with one coordinate alone,
  ///   `IngestError.badUnit`.
  init(_ columns: [Column], mapping: ColumnMapping, file: String) throws {
    let names = columns.map(\.name)
    func indices(_ part: ColumnMapping.Part) -> [Int]? {
      mapping.columns[part].map { $0.columns.compactMap(names.firstIndex) }
    }
    guard let name = indices(.name) else {
      throw IngestError.unmapped("name", file: file, known: names)
    }
    self.columns = columns
    self.name = name
    ra = try Self.angle(.ra, in: columns, mapping: mapping)
    dec = try Self.angle(.dec, in: columns, mapping: mapping)
    guard (ra == nil) == (dec == nil) else {
      throw IngestError.unmapped(ra == nil ? "ra" : "dec", file: file, known: names)
    }
    quantities = try Self.quantities(in: columns, mapping: mapping)
  }

  private static func quantities(
    in columns: [Column], mapping: ColumnMapping
  ) throws -> [ColumnMapping.Part: Quantity] {
    var quantities: [ColumnMapping.Part: Quantity] = [:]
    for part in [ColumnMapping.Part.totalFlux, .peakFlux, .rms, .majorAxis] {
      guard let choice = mapping.columns[part], let wanted = part.unit,
        let index = columns.firstIndex(where: { $0.name == choice.columns[0] })
      else { continue }
      quantities[part] = Quantity(index: index, scale: try scale(choice, to: wanted))
    }
    return quantities
  }

  private static func angle(
    _ part: ColumnMapping.Part, in columns: [Column], mapping: ColumnMapping
  ) throws -> Angle? {
    guard let choice = mapping.columns[part],
      let index = columns.firstIndex(where: { $0.name == choice.columns[0] })
    else { return nil }
    let isText = columns[index].datatype == .string
    let isHours = part == .ra && (isText || ["h", "hour", "hours"].contains(choice.unit))
    return Angle(
      index: index, scale: isText || isHours ? 1 : try scale(choice, to: "deg"), isHours: isHours)
  }

  private static func scale(_ choice: ColumnMapping.Choice, to wanted: String) throws -> Double {
    guard let unit = choice.unit else { return 1 }
    if let scale = UnitConversion.scale(from: unit, to: wanted) { return scale }
    // A peak in Jy is meant by the beam, as radio catalogues write it.
    if wanted == "Jy/beam", let scale = UnitConversion.scale(from: unit, to: "Jy") { return scale }
    throw IngestError.badUnit(unit, column: choice.columns[0], wanted: wanted)
  }

  /// The source in a row, or the reason why there is none.
  func source(in row: [Value], number: Int) -> IncomingRow {
    let attributes = JSON(text: jsonObject(columns, row))
    func reject(_ reason: String, _ name: String? = nil) -> IncomingRow {
      .rejected(reason: reason, row: number, name: name, record: attributes)
    }
    let parts = name.compactMap { row[$0].plainText }
    guard parts.count == name.count else { return reject("it has no name") }
    let name = parts.joined(separator: "_")
    var source = Source(name: name, attributes: attributes)
    if let ra, let dec {
      guard let right = ra.degrees(row), let up = dec.degrees(row) else {
        return reject("it has no position", name)
      }
      guard right >= -180, right <= 360, abs(up) <= 90 else {
        return reject("its position (\(right), \(up)) is not on the sky", name)
      }
      source.position = SkyPosition(ra: right.wrapped, dec: up)
    }
    source.totalFlux = quantities[.totalFlux]?.value(row)
    source.peakFlux = quantities[.peakFlux]?.value(row)
    source.rms = quantities[.rms]?.value(row)
    source.majorAxis = quantities[.majorAxis]?.value(row)
    return .source(source, row: number)
  }
}

extension SourceRows.Quantity {
  func value(_ row: [Value]) -> Double? { row[index].number.map { $0 * scale } }
}

extension SourceRows.Angle {
  func degrees(_ row: [Value]) -> Double? {
    switch row[index] {
    case .text(let text): sexagesimal(text).map { isHours ? $0 * 15 : $0 } ?? Double(text)
    default: row[index].number.map { $0 * scale * (isHours ? 15 : 1) }
    }
  }
}

/// `12:34:56.7`, `12h34m56.7s` or `-12 34 56.7` in its first unit; `nil` for anything else.
func sexagesimal(_ text: String) -> Double? {
  let parts = text.split(whereSeparator: { ": hmsd°'\"".contains($0) })
  guard parts.count == 3 else { return nil }
  let numbers = parts.compactMap { Double($0) }
  guard numbers.count == 3, (0..<60).contains(numbers[1]), (0..<60).contains(numbers[2]) else {
    return nil
  }
  let size = abs(numbers[0]) + numbers[1] / 60 + numbers[2] / 3600
  return parts[0].hasPrefix("-") ? -size : size
}

extension Value {
  /// The value as a name would be written.
  var plainText: String? {
    switch self {
    case .text(let text): text.isEmpty ? nil : text
    case .integer(let value): String(value)
    case .real(let value): String(value)
    case .boolean, .null, .reals: nil
    }
  }
}
