public import Catalogue
import PostgreSQL

extension Workplace {
  /// Holds a match against a table of what is one object: columns `survey`, `source` and `group`.
  ///
  /// - Throws: `CatalogueError.missing` where there is no such match, `LabelError` where the table lacks a column.
  public func judge(match run: Int?, against path: String) async throws -> MatchJudgement {
    let rows = try readGroups(path).rows
    return try await database.with { database in
      let run = try SourceMatch.run(numbered: run, in: database)
      let asked = try Run.parameters(of: run.id, in: database)
      let stage = try MatchStage.read(asked.parameters, form: asked.form)
      return try MatchJudgement(
        of: run.id, against: rows, takesSeveral: stage.options.takesSeveral, in: database)
    }
  }
}
