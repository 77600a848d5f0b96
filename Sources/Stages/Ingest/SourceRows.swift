import Astronomy
import Catalogue
import FITS
import Failures
import PostgreSQL

/// Turns the rows of a survey's catalogue into sources.
struct SourceRows: Sendable {
  private let columns: [Column]
  /// The columns of the name; without any, sources are called by their positions.
  private let name: [Int]
  private let position: PositionColumns?
  private let quantities: [ColumnMapping.Part: Quantity]

  /// - Throws: `IngestError.unmapped` without names and positions or with one coordinate alone,
  ///   `IngestError.badUnit`.
  init(_ columns: [Column], mapping: ColumnMapping, file: String) throws {
    let names = columns.map(\.name)
    self.columns = columns
    name = mapping.columns[.name]?.columns.compactMap(names.firstIndex) ?? []
    position = try PositionColumns(in: columns, mapping: mapping, file: file)
    guard !name.isEmpty || position != nil else {
      throw IngestError.unmapped("name", file: file, known: names)
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
      quantities[part] = Quantity(
        column: columns[index].name, index: index, scale: try choice.scale(to: wanted))
    }
    return quantities
  }

  /// The source in a row, or the reason why there is none.
  func source(in row: [Value], number: Int) -> IncomingRow {
    let attributes = JSON(text: jsonObject(columns, row))
    let parts = name.compactMap { row[$0].plainText }
    let said = parts.count == name.count && !parts.isEmpty ? parts.joined(separator: "_") : nil
    do throws(UnusableRow) {
      if said == nil, !name.isEmpty { throw UnusableRow(reason: "it has no name") }
      let position = try position?.position(in: row)
      guard let called = said ?? position?.designation else {
        throw UnusableRow(reason: "it has no name")
      }
      var source = Source(name: called, position: position, attributes: attributes)
      source.totalFlux = try quantities[.totalFlux]?.value(row)
      source.peakFlux = try quantities[.peakFlux]?.value(row)
      source.rms = try quantities[.rms]?.value(row)
      source.majorAxis = try quantities[.majorAxis]?.value(row)
      return .source(source, row: number)
    } catch {
      return .rejected(reason: error.reason, row: number, name: said, record: attributes)
    }
  }
}

/// Why a row of a table cannot be used.
struct UnusableRow: Failure {
  let reason: String

  var description: String { reason }
  var exitStatus: ExitStatus { .badInput }
}

/// A column of numbers and the factor to the unit that is kept.
private struct Quantity: Sendable {
  let column: String
  let index: Int
  let scale: Double

  /// The number in a row, which may be written as text; nil where there is none.
  func value(_ row: [Value]) throws(UnusableRow) -> Double? {
    guard case .text(let text) = row[index] else { return row[index].number.map { $0 * scale } }
    if text.standsForNoValue { return nil }
    guard let number = Double(catalogue: text) else {
      throw UnusableRow(reason: "its \(column) '\(text)' is no number")
    }
    return number.isFinite ? number * scale : nil
  }
}

extension ColumnMapping.Choice {
  /// The factor from the column's unit to the one that is kept.
  ///
  /// - Throws: `IngestError.badUnit`.
  func scale(to wanted: String) throws -> Double {
    guard let unit else { return 1 }
    if let scale = UnitConversion.scale(from: unit, to: wanted) { return scale }
    // A peak in Jy is meant by the beam, as radio catalogues write it.
    if wanted == "Jy/beam", let scale = UnitConversion.scale(from: unit, to: "Jy") { return scale }
    throw IngestError.badUnit(unit, column: columns[0], wanted: wanted)
  }
}

extension Value {
  /// The value as a name would be written, without blanks around it.
  var plainText: String? {
    switch self {
    case .text(let text): text.trimmed.isEmpty ? nil : text.trimmed
    case .integer(let value): String(value)
    case .real(let value): String(value)
    case .boolean, .null, .reals: nil
    }
  }
}
