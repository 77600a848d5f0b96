import Astronomy
import Catalogue
import Foundation
import PostgreSQL
import TestSupport
import Testing

@Suite("Sources") struct SourceTests {
  @Test func theSameRowsChangeNothing() throws {
    let fixture = try Fixture(sources: 5)
    let again = try Fixture.newRun(.ingest, in: fixture.database)
    let changes = try Source.write(
      from: "sky.csv", columns: Fixture.columns, into: fixture.survey, run: again,
      in: fixture.database
    ) { write in
      for index in 0..<5 { try write(Fixture.row(index, at: index + 1)) }
    }
    #expect(changes.added == 0 && changes.changed == 0 && changes.unchanged == 5)
  }

  @Test func ingestGivesNamesTheirIndexWhereTheServerCan() throws {
    let fixture = try Fixture()
    let database = fixture.database
    try database.script(
      String(
        contentsOfFile: SharedData.repository + "/sql/optional/pg_trgm.sql", encoding: .utf8))
    let isThere = try database.row(
      "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')", as: Bool.self)
    try Role.pipeline.take(in: database)
    let survey = try Survey.add(named: "other", in: database)
    _ = try Source.write(
      from: "other.csv", columns: Fixture.columns, into: survey, run: fixture.run, in: database
    ) { try $0(Fixture.row(1, at: 1)) }
    let isIndexed = try database.row(
      "SELECT to_regclass(format('reber_partition.source_%s_letters', \(survey.id)::integer)) IS NOT NULL",
      as: Bool.self)
    #expect(isIndexed == isThere && (isThere || Fixture.isOtherServer))
  }

  @Test func aChangedRowKeepsTheOldOne() throws {
    let fixture = try Fixture(sources: 5)
    let second = try Fixture.newRun(.ingest, in: fixture.database)
    var changed = Fixture.source(2)
    changed.totalFlux = 99
    let changes = try Source.write(
      from: "sky.csv", columns: Fixture.columns, into: fixture.survey, run: second,
      in: fixture.database
    ) { write in
      try write(.source(changed, cells: [.text("F2")]))
      try write(Fixture.row(77, at: 2))
    }
    #expect(changes.added == 1 && changes.changed == 1 && changes.unchanged == 0)
    let (now, before) = try fixture.database.row(
      """
      SELECT source.total_flux, source_superseded.total_flux
      FROM reber.source JOIN reber.source_superseded USING (source_id)
      WHERE source.name = 's2' AND superseded_by = \(second)
      """, as: Double.self, Double.self)
    #expect(now == 99 && before == 2)
  }

  /// A later migration may add columns to `reber.source`: ingesting again must not stumble on them.
  @Test func aColumnMoreInTheTableHindersNothing() throws {
    let fixture = try Fixture(sources: 3)
    try fixture.database.script("ALTER TABLE reber.source ADD COLUMN epoch double precision")
    let second = try Fixture.newRun(.ingest, in: fixture.database)
    var changed = Fixture.source(1)
    changed.totalFlux = 99
    let changes = try Source.write(
      from: "sky.csv", columns: Fixture.columns, into: fixture.survey, run: second,
      in: fixture.database
    ) { try $0(.source(changed, cells: [.text("F2")])) }
    #expect(changes.changed == 1)
    let kept = try fixture.database.row(
      "SELECT \(Source.columns), run_id, superseded_by FROM reber.source_superseded",
      as: Source.self, Int.self, Int.self)
    #expect(
      kept.0.name == "s1" && kept.0.totalFlux == 1 && kept.1 == fixture.run && kept.2 == second)
  }

  /// Its new columns join the table, and one whose values are of another type becomes wide enough.
  @Test func aLaterCatalogueMayHaveOtherColumns() throws {
    let fixture = try Fixture(sources: 3)
    let database = fixture.database
    func ingest(_ column: SurveyColumn, _ cell: Value, source: Int) throws -> SourceChanges {
      let run = try Fixture.newRun(.ingest, in: database)
      return try Source.write(
        from: "b.csv", columns: Fixture.columns + [column], into: fixture.survey, run: run,
        in: database
      ) { write in
        try write(
          .source(Fixture.source(source), cells: [.text("F\(source)"), cell]))
      }
    }
    let whole = SurveyColumn(Column("E Flux", .int32))
    #expect(try ingest(whole, .integer(7), source: 1).changed == 1)
    let real = SurveyColumn(Column("E Flux", .double))
    #expect(try ingest(real, .real(0.5), source: 2).changed == 1)
    #expect(try ingest(real, .real(0.5), source: 2).unchanged == 1)
    let cells = try database.rows(
      """
      SELECT source.name, field, "e flux" FROM reber.source JOIN survey.sky USING (source_id)
      ORDER BY source.name
      """, as: String.self, String.self, Double?.self)
    #expect(cells.map(\.0) == ["s0", "s1", "s2"] && cells.map(\.1) == ["F0", "F1", "F2"])
    #expect(cells.map(\.2) == [nil, 7, 0.5])
    let kept = try database.rows(
      "SELECT attributes ->> 'Field' FROM reber.source_superseded ORDER BY superseded_by",
      as: String.self)
    #expect(kept == ["F1", "F2"])
  }

  @Test func aNameThatComesTwiceIsRejected() throws {
    let fixture = try Fixture()
    let changes = try Source.write(
      from: "twice.csv", columns: Fixture.columns, into: fixture.survey, run: fixture.run,
      in: fixture.database
    ) { write in
      for row in 1...3 { try write(Fixture.row(row / 3, at: row)) }
      try write(
        .rejected(reason: "it has no name", row: 4, name: nil, record: JSON(text: "{\"a\":1}")))
    }
    #expect(changes.added == 2 && changes.rejected == 2 && changes.firstRejectedRepeatsName)
    let reasons = try fixture.database.rows(
      "SELECT row_number, reason FROM reber.rejected ORDER BY row_number", as: Int.self, String.self
    )
    #expect(reasons.map(\.0) == [2, 4])
    #expect(reasons[0].1 == "the name 's0' stands already in row 1")
  }

  @Test func aRowThatFailsLeavesNothing() throws {
    let fixture = try Fixture()
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try Source.write(
        from: "a.csv", columns: Fixture.columns, into: fixture.survey, run: fixture.run,
        in: fixture.database
      ) {
        try $0(Fixture.row(1, at: 1))
        throw Stop()
      }
    }
    #expect(try fixture.survey.counts(in: fixture.database).sources == 0)
  }

  @Test(arguments: ["", "First", "1st", "a-b", "select;"])
  func aBadSurveyNameIsRefused(name: String) throws {
    let fixture = try Fixture()
    #expect(throws: CatalogueError.badName(name)) {
      try Survey.add(named: name, in: fixture.database)
    }
  }

  @Test func anUnknownSurveyTellsTheKnown() throws {
    let fixture = try Fixture()
    #expect(throws: CatalogueError.unknownSurvey("lotss", known: ["sky"])) {
      try Survey.named("lotss", in: fixture.database)
    }
  }
}
