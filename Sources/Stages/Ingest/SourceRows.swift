import Astronomy
import Catalogue
import FITS
import Failures
import PostgreSQL

/// Turns the rows of a survey's catalogue into sources.
struct SourceRows: Sendable {
  private let columns: [Column]
  /// The columns of the name, and those that serve where they hold nothing; without any, sources are
  /// called by their positions.
  private let names: [JoinedColumns]
  private let position: PositionColumns?
  private let totalFlux, peakFlux, rms, majorAxis: [Quantity]
  private let onImage: [[Quantity]]
  private let beamMajor, beamMinor, beamAngle: [Quantity]
  /// The numbers that stand for no value, by column.
  private let none: [(column: Int, number: Double)]
  /// The rows that are left out: those with a number in a column.
  private let leftOut: [(column: Int, number: Double, reason: String)]

  /// The longest name of a source, bytes: an index holds names up to 2700.
  private static let longestName = 1000

  /// - Throws: `IngestError.unmapped` without names and positions or with one coordinate alone,
  ///   `IngestError.badUnit`.
  init(
    _ columns: [Column], mapping: ColumnMapping, profile: SurveyProfile? = nil, file: String
  ) throws {
    let known = columns.map(\.name)
    self.columns = columns
    names =
      mapping.columns[.name].map { choice in
        choice.all.map { JoinedColumns(places: $0.columns.compactMap(known.firstIndex)) }
      } ?? []
    position = try PositionColumns(in: columns, mapping: mapping, file: file)
    guard !names.isEmpty || position != nil else {
      throw IngestError.unmapped("name", file: file, known: known)
    }
    let quantities = try Self.quantities(in: columns, mapping: mapping)
    let of = { (part: ColumnMapping.Part) in quantities[part] ?? [] }
    (totalFlux, peakFlux, rms) = (of(.totalFlux), of(.peakFlux), of(.rms))
    majorAxis = of(.majorAxis)
    onImage = ColumnMapping.Part.onImage.compactMap { quantities[$0] }
    (beamMajor, beamMinor, beamAngle) = (of(.beamMajor), of(.beamMinor), of(.beamAngle))
    none = known.enumerated().compactMap { index, name in
      profile?.numberForNone(in: name).map { (index, $0) }
    }
    leftOut = (profile?.leaveOut ?? [:]).compactMap { name, number in
      known.firstIndex { $0.lowercased() == name.lowercased() }.map { index in
        (
          index, number,
          "its \(name) is \(number.shortest): profile \(profile?.name ?? "") leaves such rows out"
        )
      }
    }
  }

  private static func quantities(
    in columns: [Column], mapping: ColumnMapping
  ) throws -> [ColumnMapping.Part: [Quantity]] {
    var quantities: [ColumnMapping.Part: [Quantity]] = [:]
    for part in ColumnMapping.Part.allCases where ![.ra, .dec].contains(part) {
      guard let choice = mapping.columns[part], let wanted = part.unit else { continue }
      quantities[part] = try choice.all.compactMap { choice in
        try Quantity(
          choice.columns[0], in: columns, scale: choice.scale(to: wanted), limits: part.limits)
      }
    }
    for part in ColumnMapping.Part.onImage {
      guard let choice = mapping.columns[part] else { continue }
      quantities[part] = [
        Quantity(choice.columns[0], in: columns, scale: 1, limits: part.limits)
      ].compactMap(\.self)
    }
    return quantities
  }

  /// The source in a row, or the reason why there is none.
  ///
  /// - Parameters:
  ///   - row: The cells.
  ///   - number: The row, counted from 1.
  ///   - doubts: Where values that a person should know of are counted.
  /// - Returns: The source, or what is set aside.
  func source(in row: [Value], number: Int, doubts: RowDoubts) -> IncomingRow {
    let row = withoutNumbersForNone(row)
    let said = name(in: row)
    do throws(UnusableRow) {
      if let rule = leftOut.first(where: { row[$0.column].number == $0.number }) {
        throw UnusableRow(reason: rule.reason)
      }
      if said == nil, !names.isEmpty { throw UnusableRow(reason: "it has no name") }
      let note = { (kind: RowDoubts.Kind, example: String) in
        doubts.add(kind, row: number, example)
      }
      let position = try position?.position(in: row, note)
      guard let called = said ?? position?.designation else {
        throw UnusableRow(reason: "it has no name")
      }
      guard called.utf8.count <= Self.longestName else {
        throw UnusableRow(reason: "its name has \(called.utf8.count) bytes")
      }
      var source = Source(name: called, position: position)
      source.totalFlux = try value(of: totalFlux, in: row, note)
      source.peakFlux = try value(of: peakFlux, in: row, note)
      source.rms = try value(of: rms, in: row, note)
      source.majorAxis = try value(of: majorAxis, in: row, note)
      // They stand in the survey's own table alone, and have to be numbers.
      for part in onImage { _ = try value(of: part, in: row) }
      if said != nil, let position { check(called, at: position, number, doubts) }
      return .source(source, cells: row)
    } catch {
      return .rejected(
        reason: error.reason, row: number, name: said,
        record: JSON(text: jsonObject(columns, row)))
    }
  }

  /// Holds a source's name against its position.
  private func check(
    _ name: String, at position: SkyPosition, _ number: Int, _ doubts: RowDoubts
  ) {
    if position.ra == 0, position.dec == 0 { doubts.add(.origin, row: number) }
    guard let place = NamedPlace(name) else { return }
    doubts.places += 1
    if !place.mayBe(position) {
      doubts.add(.elsewhere, row: number, "'\(name)' at \(position.ra)°, \(position.dec)°")
    }
  }

  /// The beam with which the source in a row was seen; nil where the row does not say it.
  func beam(in row: [Value]) -> Beam? {
    guard !beamMajor.isEmpty, let major = try? value(of: beamMajor, in: row), major > 0
    else { return nil }
    let minor = try? value(of: beamMinor, in: row)
    let angle = try? value(of: beamAngle, in: row)
    let beam = Beam(major: major, minor: minor ?? major, angle: angle ?? 0)
    return beam.isPossible ? beam : nil
  }

  private func name(in row: [Value]) -> String? {
    names.lazy.compactMap { columns in
      // A part of a name may be any word.
      columns.text(in: row).flatMap { columns.places.count == 1 && $0.standsForNoValue ? nil : $0 }
    }.first
  }

  private func value(
    of quantities: [Quantity], in row: [Value], _ note: RowNote = { _, _ in }
  ) throws(UnusableRow) -> Double? {
    for quantity in quantities {
      if let value = try quantity.value(row, note) { return value }
    }
    return nil
  }

  private func withoutNumbersForNone(_ row: [Value]) -> [Value] {
    if none.isEmpty { return row }
    var row = row
    for (column, number) in none where row[column].number == number { row[column] = .null }
    return row
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
  private let column: String
  private let index: Int
  private let scale: Double
  /// The column that says of a value that it is a limit, as the CDS calls it: `l_MajAxis`.
  private let limit: Int?
  /// What a value may be, in the unit that is kept.
  private let limits: (least: Double, most: Double)

  init?(_ name: String, in columns: [Column], scale: Double, limits: (Double, Double)) {
    guard let index = columns.firstIndex(where: { $0.name == name }) else { return nil }
    (column, self.index, self.scale, self.limits) = (name, index, scale, limits)
    limit = columns.firstIndex { $0.name.lowercased() == "l_" + name.lowercased() }
  }

  /// The number in a row, which may be written as text; nil where there is none, or a limit alone.
  func value(_ row: [Value], _ note: RowNote) throws(UnusableRow) -> Double? {
    if let limit, row[limit].marksLimit { return nil }
    if case .real(let number) = row[index] { return possible(number, note) }
    guard case .text(let text) = row[index] else {
      return row[index].number.flatMap { possible($0, note) }
    }
    if text.standsForNoValue { return nil }
    guard let number = Double(catalogue: text) else {
      throw UnusableRow(reason: "its \(column) '\(text)' is no number")
    }
    return number.isNaN ? nil : possible(number, note)
  }

  /// The value of a number in the unit that is kept; nil where it stands for none or cannot be.
  private func possible(_ number: Double, _ note: RowNote) -> Double? {
    if number.standsForNoValue {
      note(.noValue(column: column, number: number), "")
      return nil
    }
    let value = number * scale
    if value < limits.least {
      note(.impossible(column: column), String(number))
      return nil
    }
    if value > limits.most { note(.vast(column: column), String(number)) }
    return value
  }
}

/// Takes a doubt, with an example.
typealias RowNote = (RowDoubts.Kind, _ example: String) -> Void

extension ColumnMapping.Part {
  /// What a value may be, in the unit that is kept: sizes and noise are not below 0, no flux is greater
  /// than the Sun's, and no size than 10 degrees.
  fileprivate var limits: (Double, Double) {
    switch self {
    case .totalFlux, .peakFlux: (-.infinity, 1e6)
    case .rms: (0, 1e6)
    case .majorAxis, .beamMajor, .beamMinor: (0, 36_000)
    default: (-.infinity, .infinity)
    }
  }
}

extension Double {
  /// A whole number without its fraction.
  fileprivate var shortest: String { Int(exactly: self).map(String.init) ?? String(self) }
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
  /// Whether it says of the value beside it that it is a limit: `<`, `≤`, 1.
  fileprivate var marksLimit: Bool {
    switch self {
    case .boolean(let flag): flag
    case .integer(let flag): flag == 1
    case .text(let mark): !mark.isEmpty && "<>≤≥".contains(mark.trimmed.prefix(1))
    default: false
    }
  }

  /// The value as a name would be written, without blanks around it.
  var plainText: String? {
    switch self {
    case .text(let text): Optional(text.trimmed).flatMap { $0.isEmpty ? nil : $0 }
    case .integer(let value): String(value)
    case .real(let value):
      // The sign of -0 degrees counts.
      (value.sign == .minus && value == 0 ? "-0" : Int64(exactly: value).map { String($0) })
        ?? String(value)
    case .boolean, .null, .reals: nil
    }
  }
}
