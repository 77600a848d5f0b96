import Astronomy

/// The columns of a catalogue that give a source's position, in whichever frame and form.
struct PositionColumns: Sendable {
  /// Longitude and latitude, and what serves where these hold nothing.
  private let places: [(longitude: AngleColumns, latitude: AngleColumns)]
  private let conversion: FrameConversion?

  /// Finds the columns; nil where the catalogue has no positions.
  ///
  /// - Throws: `IngestError.unmapped` where one coordinate alone is there, `IngestError.badUnit`.
  init?(in columns: [Column], mapping: ColumnMapping, file: String) throws {
    let ra = try AngleColumns.all(.ra, in: columns, mapping: mapping)
    let dec = try AngleColumns.all(.dec, in: columns, mapping: mapping)
    guard !ra.isEmpty || !dec.isEmpty else { return nil }
    guard !ra.isEmpty, !dec.isEmpty else {
      throw IngestError.unmapped(
        ra.isEmpty ? "ra" : "dec", file: file, known: columns.map(\.name))
    }
    guard ra.count == dec.count else {
      throw IngestError.contradictory(
        "\(ra.count) columns are named for ra and \(dec.count) for dec",
        advice: "name as many for both, those of one frame in the same place")
    }
    if let both = zip(ra, dec).first(where: { $0.indices == $1.indices })?.0 {
      throw IngestError.contradictory(
        "'\(both.name)' cannot be both ra and dec",
        advice: "write the catalogue with a column for each, and name them with --column")
    }
    places = zip(ra, dec).map { ($0, $1) }
    conversion = mapping.frame.map { FrameConversion($0) }
  }

  /// The position in a row, ICRS.
  func position(in row: [Value], _ note: RowNote) throws(UnusableRow) -> SkyPosition {
    guard let (right, up) = try coordinates(in: row, note) else {
      throw UnusableRow(reason: "it has no position")
    }
    guard right >= -180, right <= 360, abs(up) <= 90 else {
      throw UnusableRow(reason: "its position (\(right), \(up)) is not on the sky")
    }
    guard let conversion else { return SkyPosition(ra: right.wrapped, dec: up) }
    return conversion.icrs(right, up)
  }

  private func coordinates(
    in row: [Value], _ note: RowNote
  ) throws(UnusableRow) -> (Double, Double)? {
    for place in places {
      let right = try place.longitude.degrees(row, note)
      if let right, let up = try place.latitude.degrees(row, note) { return (right, up) }
    }
    return nil
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

  /// The columns of a coordinate, and those that serve where they hold nothing.
  static func all(
    _ part: ColumnMapping.Part, in columns: [Column], mapping: ColumnMapping
  ) throws -> [AngleColumns] {
    try (mapping.columns[part]?.all ?? []).compactMap { try AngleColumns(part, $0, in: columns) }
  }

  private init?(
    _ part: ColumnMapping.Part, _ choice: ColumnMapping.Choice, in columns: [Column]
  ) throws {
    indices = choice.columns.compactMap { name in columns.firstIndex { $0.name == name } }
    guard indices.count == choice.columns.count, let first = indices.first else { return nil }
    name = choice.columns.joined(separator: " ")
    let unit = choice.unit?.filter { $0 != "\"" && $0 != "'" }.lowercased() ?? ""
    let isHours = Self.hours.contains(unit)
    let isSaid = choice.unitOrigin == .file || choice.unitOrigin == .user
    let count = indices.count
    hasSign = part == .dec && count > 1 && PositionPieces.areSigned(choice, columns[first])
    let isOfDegrees =
      choice.unitOrigin != .assumed && unit == "deg" || PositionPieces.areDegrees(choice.columns[0])
    let isOpen = !isSaid && !Self.texts.contains(unit)
    let isOfHours = count > 1 ? !isOfDegrees : isHours || isOpen
    sexagesimal = part == .ra && isOfHours ? .hours : .degrees
    isDoubtful =
      part == .ra && count == 1 && !isHours && !Self.texts.contains(unit)
      && [.file, .name].contains(choice.unitOrigin)
    let isText = columns[first].datatype == .string || indices.count > 1
    scale =
      if isHours { AngleUnit.hours.degrees } else if isText, Self.texts.contains(unit) { 1 } else {
        try choice.scale(to: "deg")
      }
    if isHours, part == .dec { throw IngestError.badUnit(unit, column: name, wanted: "deg") }
  }

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
    var words = try hasSign ? [sign(row[indices[0]])] : []
    words += indices.dropFirst(words.count).compactMap { row[$0].plainText }
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
    if angle.isSexagesimal, angle.unit == nil, isDoubtful {
      note(.degrees(column: name, takenForHours: sexagesimal == .hours), text)
    }
    if !angle.isSexagesimal, angle.degrees.standsForNoValue { return nil }
    return angle.isSexagesimal || angle.unit != nil ? angle.degrees : angle.degrees * scale
  }
  /// The sign in a cell, of which a blank is that of `+`.
  private func sign(_ cell: Value) throws(UnusableRow) -> String {
    switch cell.plainText ?? (cell == .null ? "+" : nil) {
    case "+", "1", "+1": return "+"
    case "-", "-1": return "-"
    case let text?
    where text.unicodeScalars.count == 1 && text.unicodeScalars.allSatisfy(\.isDash):
      return "-"
    case let text:
      throw UnusableRow(reason: "its \(name) begin with '\(text ?? "\(cell)")', which is no sign")
    }
  }
}
