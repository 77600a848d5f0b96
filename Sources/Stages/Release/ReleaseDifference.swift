import Astronomy
public import Catalogue
import PostgreSQL
import Tables

/// How a published catalogue differs from an earlier one.
public struct ReleaseDifference: Codable, Sendable {
  /// The earlier catalogue, and the later one.
  public var before, after: String
  /// Sources in each.
  public var rowsBefore, rowsAfter: Int
  /// What is another and can have changed every source.
  public var causes: [PublishedCatalogue.Cause]
  /// Sources that are others, by kind and cause.
  public var changes: [Change] = []

  /// Sources that changed in one way for one cause.
  public struct Change: Codable, Sendable {
    /// In which way.
    public var kind: CatalogueChange.Kind
    /// Why: `image` where another image was classified, and what else can have changed it.
    public var cause: String
    /// How many.
    public var sources: Int
  }

  /// Why a source is another, in words.
  func cause(of change: CatalogueChange) -> String {
    switch change.kind {
    case .appeared, .went: return "image or source"
    case .otherClass, .otherProbability:
      let image = change.hasNewImage == true ? ["image"] : []
      let all = image + causes.map(\.rawValue)
      return all.isEmpty ? "not known" : all.joined(separator: ", ")
    }
  }
}

extension Workplace {
  /// Says how a published catalogue differs from an earlier one, and lists the sources that do.
  ///
  /// - Parameters:
  ///   - name: The catalogue.
  ///   - earlier: The earlier one.
  ///   - tolerance: What a probability may differ by where the class is the same.
  ///   - path: A table of the sources, whose extension tells its format.
  /// - Returns: How many sources are others, and why.
  /// - Throws: `CatalogueError.missing`; `FileError` where the table cannot be written.
  public func difference(
    of name: String, since earlier: String, tolerance: Float, to path: String? = nil
  ) async throws -> ReleaseDifference {
    try await database.with { database in
      try PublishedCatalogue.inOneView([earlier, name], in: database) { catalogues, database in
        let (before, after) = (catalogues[0], catalogues[1])
        var found = ReleaseDifference(
          before: earlier, after: name, rowsBefore: before.rows, rowsAfter: after.rows,
          causes: try after.causes(since: before, in: database))
        let cells = ListedChange.cells
        let table = try path.map { try createTable($0, columns: cells.map(\.column)) }
        var counts: [CatalogueChange.Kind: [String: Int]] = [:]
        try after.readChanges(since: before, tolerance: tolerance, in: database) { change in
          let cause = found.cause(of: change)
          counts[change.kind, default: [:]][cause, default: 0] += 1
          let row = ListedChange(change: change, cause: cause)
          try table?.write([cells.map { $0.cell(row) }])
        }
        try table?.finish()
        found.changes = CatalogueChange.Kind.allCases.flatMap { kind in
          (counts[kind] ?? [:]).sorted { $0.key < $1.key }
            .map { .init(kind: kind, cause: $0.key, sources: $0.value) }
        }
        return found
      }
    }
  }
}

/// A source that is another, as a row of a table.
private struct ListedChange {
  var change: CatalogueChange
  var cause: String

  static var cells: [CellColumn<Self>] {
    [
      CellColumn<Self>("name", \.change.name), CellColumn("change", \.change.kind.rawValue),
      CellColumn("cause", \.cause), CellColumn("class_before", \.change.before?.className),
      CellColumn("probability_before", \.change.before?.probability),
      CellColumn("class_after", \.change.after?.className),
      CellColumn("probability_after", \.change.after?.probability),
    ]
  }
}
