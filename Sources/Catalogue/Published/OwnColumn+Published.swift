import Astronomy
public import PostgreSQL

extension OwnColumn {
  func isCalled(_ name: String) -> Bool { column.name == name || storedAs == name.lowercased() }

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
      names.first { !taken.contains($0) } ?? storedAs, "own.\(identifier: storedAs)",
      unit: column.unit,
      ucd: column.ucd, column.description ?? "Column \(column.name) of the survey's catalogue")
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
      throw CatalogueError.unknownColumn(name, survey: survey.name, known: all.map(\.column.name))
    }
    return all.filter { own in
      let isChosen =
        chosen.map { $0.contains(where: own.isCalled) } ?? (own.described.mappedTo == nil)
      return isChosen && !without.contains(where: own.isCalled)
    }.map(\.column.name)
  }
}
