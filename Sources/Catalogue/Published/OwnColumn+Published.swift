public import PostgreSQL

/// A column of a survey's own catalogue that is published beside those of Reber.
struct OwnColumn {
  /// The name in the survey's catalogue.
  var name: String
  /// The name in the survey's table.
  var storedAs: String
  /// The unit, as the survey gives it.
  var unit: String?
  /// The UCD, as the survey gives it.
  var ucd: String?
  /// What it holds, as the survey says.
  var description: String?
  /// The column of `reber.source` that was filled from it.
  var mappedTo: String?
}

extension OwnColumn: QueryRow {
  static let columns = Columns<Self>(
    .column("name", \.name), .column("stored_as", \.storedAs), .column("unit", \.unit),
    .column("ucd", \.ucd), .column("description", \.description), .column("mapped_to", \.mappedTo),
    make: OwnColumn.init)

  /// The columns of a survey, in the order of its catalogue.
  static func all(of survey: Survey, in database: Connection) throws -> [OwnColumn] {
    try database.rows(
      """
      SELECT \(columns) FROM reber.survey_column
      WHERE survey_id = \(survey.id)
      ORDER BY ordinal, name
      """, as: OwnColumn.self)
  }

  func isCalled(_ name: String) -> Bool { self.name == name || storedAs == name.lowercased() }

  /// The column of a publication that holds it, under a name that none of `taken` has.
  ///
  /// A name that is taken gets `_survey` behind it, and a number where that is taken too.
  func published(besides taken: Set<String>) -> PublishedColumn {
    let suffixes = ["", "_survey"] + (2...taken.count + 2).map { "_survey_\($0)" }
    let names = suffixes.lazy.map { suffix in
      // A name in PostgreSQL has at most 63 bytes.
      var short = Substring(storedAs)
      while short.utf8.count + suffix.utf8.count > 63 { short.removeLast() }
      return String(short) + suffix
    }
    return PublishedColumn(
      names.first { !taken.contains($0) } ?? storedAs, "own.\(identifier: storedAs)", unit: unit,
      ucd: ucd, description ?? "Column \(name) of the survey's catalogue")
  }
}

extension Publication {
  /// The names of the survey's own columns that are to be published.
  ///
  /// - Parameters:
  ///   - chosen: Those that are; where it is `nil`, all that no column of Reber was filled from.
  ///   - without: Those that are not.
  ///   - survey: The survey.
  ///   - database: The connection.
  /// - Returns: Their names in the survey's catalogue, in its order.
  /// - Throws: `CatalogueError.unknownColumn`.
  public static func ownColumns(
    _ chosen: [String]?, without: [String], of survey: Survey, in database: Connection
  ) throws -> [String] {
    let all = try OwnColumn.all(of: survey, in: database)
    for name in (chosen ?? []) + without where !all.contains(where: { $0.isCalled(name) }) {
      throw CatalogueError.unknownColumn(name, survey: survey.name, known: all.map(\.name))
    }
    return all.filter { column in
      let isChosen = chosen.map { $0.contains(where: column.isCalled) } ?? (column.mappedTo == nil)
      return isChosen && !without.contains(where: column.isCalled)
    }.map(\.name)
  }
}
