import Astronomy

/// The columns of a catalogue that give a source's position, in whichever frame and form.
struct PositionColumns: Sendable {
  private let longitude: AngleColumns
  private let latitude: AngleColumns
  private let conversion: FrameConversion?

  /// Finds the columns; nil where the catalogue has no positions.
  ///
  /// - Throws: `IngestError.unmapped` where one coordinate alone is there, `IngestError.badUnit`.
  init?(in columns: [Column], mapping: ColumnMapping, file: String) throws {
    let ra = try AngleColumns(.ra, in: columns, mapping: mapping)
    let dec = try AngleColumns(.dec, in: columns, mapping: mapping)
    guard ra != nil || dec != nil else { return nil }
    guard let ra, let dec else {
      throw IngestError.unmapped(
        ra == nil ? "ra" : "dec", file: file, known: columns.map(\.name))
    }
    (longitude, latitude) = (ra, dec)
    conversion = mapping.frame.map { FrameConversion($0) }
  }

  /// The position in a row, ICRS.
  func position(in row: [Value], _ note: RowNote) throws(UnusableRow) -> SkyPosition {
    guard let right = try longitude.degrees(row, note), let up = try latitude.degrees(row, note)
    else {
      throw UnusableRow(reason: "it has no position")
    }
    guard right >= -180, right <= 360, abs(up) <= 90 else {
      throw UnusableRow(reason: "its position (\(right), \(up)) is not on the sky")
    }
    guard let conversion else { return SkyPosition(ra: right.wrapped, dec: up) }
    return conversion.icrs(right, up)
  }
}

/// A column of angles, or several that make one: hours, minutes and seconds.
private struct AngleColumns: Sendable {
  let name: String
  let indices: [Int]
  /// Degrees of one, where a cell is a number.
  let scale: Double
  /// What the first of several numbers in a text counts.
  let sexagesimal: AngleUnit
  /// Whether hours may be meant where degrees are said, since text has minutes.
  let isDoubtful: Bool
  /// Whether the first of several columns is the sign alone, of which a blank is that of `+`.
  let hasSign: Bool

  init?(_ part: ColumnMapping.Part, in columns: [Column], mapping: ColumnMapping) throws {
    guard let choice = mapping.columns[part] else { return nil }
    indices = choice.columns.compactMap { name in columns.firstIndex { $0.name == name } }
    guard indices.count == choice.columns.count, let first = indices.first else { return nil }
    name = choice.columns.joined(separator: " ")
    let unit = choice.unit?.filter { $0 != "\"" && $0 != "'" }.lowercased() ?? ""
    let isHours = Self.hours.contains(unit)
    let isSaid = choice.unitOrigin == .file || choice.unitOrigin == .user
    let count = indices.count
    hasSign = part == .dec && count > 1 && !Self.isWhole(choice.columns[0])
    let isOfHours = count > 1 ? !Self.isWhole(choice.columns[0]) : isHours || !isSaid
    sexagesimal = part == .ra && isOfHours ? .hours : .degrees
    isDoubtful = part == .ra && count == 1 && sexagesimal == .degrees && choice.unitOrigin == .file
    let isText = columns[first].datatype == .string || indices.count > 1
    scale =
      if isHours { AngleUnit.hours.degrees } else if isText, Self.texts.contains(unit) { 1 } else {
        try choice.scale(to: "deg")
      }
    if isHours, part == .dec { throw IngestError.badUnit(unit, column: name, wanted: "deg") }
  }

  /// Whether the first of several columns counts degrees.
  private static func isWhole(_ name: String) -> Bool { name.lowercased().hasSuffix("d") }

  private static let hours: Set<String> = [
    "h", "hr", "hrs", "hour", "hours", "hourangle", "h:m:s", "hms", "hh:mm:ss", "hh:mm:ss.s",
  ]

  /// Units of texts that say no more than that they are sexagesimal.
  private static let texts: Set<String> = ["d:m:s", "dms", "dd:mm:ss", "dd:mm:ss.s"]

  /// The angle in a row; nil where there is none.
  func degrees(_ row: [Value], _ note: RowNote) throws(UnusableRow) -> Double? {
    if indices.count == 1, let number = row[indices[0]].number {
      return number.standsForNoValue ? nil : number * scale
    }
    var words = indices.compactMap { row[$0].plainText }
    if hasSign, row[indices[0]].plainText == nil { words.insert("+", at: 0) }
    if sexagesimal == .degrees, !hasSign, indices.count > 1, row[indices[0]] == .integer(0) {
      throw UnusableRow(
        reason: "its \(name) are of 0 degrees, whose sign a whole number does not hold")
    }
    guard words.count == indices.count, indices.count > 1 || !words[0].standsForNoValue else {
      return nil
    }
    let text = words.joined(separator: " ")
    guard let angle = Angle(text, sexagesimal: sexagesimal) else {
      throw UnusableRow(reason: "its \(name) '\(text)' is no angle")
    }
    if angle.isSexagesimal, angle.unit == nil, isDoubtful { note(.degrees(column: name), text) }
    if !angle.isSexagesimal, angle.degrees.standsForNoValue { return nil }
    return angle.isSexagesimal || angle.unit != nil ? angle.degrees : angle.degrees * scale
  }
}
