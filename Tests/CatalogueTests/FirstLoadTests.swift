import Astronomy
import Dispatch
import Foundation
import PostgreSQL
import TestSupport
import Testing

@testable import Catalogue

/// A survey's first catalogue is loaded by two connections at once; who looks sees all of it or nothing.
@Suite struct FirstLoadTests {
  /// As many rows are sent in several pieces.
  private static let many = 40_000

  /// In the role of the pipeline, where parts of names have an index too, which is made by the other connection.
  private static func fixture() throws -> Fixture {
    let fixture = try Fixture()
    try fixture.database.script(
      String(
        contentsOfFile: SharedData.repository + "/sql/optional/pg_trgm.sql", encoding: .utf8))
    try Role.pipeline.take(in: fixture.database)
    return fixture
  }

  private static func load(
    _ survey: Survey, in database: Connection, rows: Int = many,
    named name: (Int) -> String = { "s\($0)" }, meanwhile: (Int) throws -> Void = { _ in }
  ) throws -> SourceChanges {
    let run = try Fixture.newRun(.ingest, in: database)
    return try Source.write(
      from: "other.csv", columns: Fixture.columns, into: survey, run: run, in: database
    ) { write in
      for index in 0..<rows {
        try write(Fixture.row(index, at: index + 1, named: name(index)))
        try meanwhile(index)
      }
    }
  }

  /// The sources of survey `other` that another connection sees, by both tables; nil where it has no own table.
  private static func seen(by reader: Connection) throws -> (sources: Int, cells: Int?) {
    let sources = try reader.row(
      "SELECT count(*) FROM reber.source JOIN reber.survey USING (survey_id) WHERE survey.name = 'other'",
      as: Int.self)
    let isThere = try reader.row("SELECT to_regclass('survey.other') IS NOT NULL", as: Bool.self)
    return (
      sources,
      isThere ? try reader.row("SELECT count(*) FROM survey.other", as: Int.self) : nil
    )
  }

  @Test func nobodySeesItBeforeItIsWhole() throws {
    let fixture = try Self.fixture()
    let reader = try Connection(fixture.address)
    let survey = try Survey.add(named: "other", in: fixture.database)
    let partition = Partition(whole: "reber.source", key: survey.id)
    try fixture.database.transaction { database in
      let changes = try Self.load(
        survey, in: database,
        meanwhile: { index in
          guard index == Self.many - 1 else { return }
          let seen = try Self.seen(by: reader)
          #expect(seen == (0, nil))
        })
      #expect(changes.added == Self.many)
      // The sources have been written for good, but not as a part of the whole.
      #expect(try partition.exists(in: reader))
      #expect(try !partition.isAttached(in: reader))
      #expect(try Self.seen(by: reader) == (0, nil))
    }
    #expect(try Self.seen(by: reader) == (Self.many, Self.many))
    let pairs = try reader.row(
      """
      SELECT count(*) FROM reber.source JOIN survey.other USING (source_id)
      WHERE field = 'F' || substr(name, 2)::integer % 7
      """, as: Int.self)
    #expect(pairs == Self.many, "each row's cells stand beside its source")
    let keys = try reader.rows(
      """
      SELECT pg_get_constraintdef(oid) FROM pg_constraint
      WHERE contype = 'p' AND conrelid IN ('survey.other'::regclass, \(partition.table)::text::regclass)
      ORDER BY 1
      """, as: String.self)
    #expect(keys == ["PRIMARY KEY (source_id)", "PRIMARY KEY (survey_id, source_id)"])
  }

  /// The table is locked by who loads it, and nobody's yet.
  @Test func itCanBeDumpedMeanwhile() throws {
    let fixture = try Self.fixture()
    let reader = try Connection(fixture.address)
    let survey = try Survey.add(named: "other", in: fixture.database)
    let partition = Partition(whole: "reber.source", key: survey.id)
    try withTemporaryFolder { folder in
      _ = try Self.load(
        survey, in: fixture.database,
        meanwhile: { index in
          guard index == Self.many - 1 else { return }
          #expect(try partition.exists(in: reader))
          let dump = Dump(folder: folder + "/sky.dump")
          let contents = try dump.write(of: fixture.address, in: reader, codeVersion: "test") {
            _, _ in
          }
          #expect(!contents.tables.contains { $0.table == partition.table })
          #expect(contents.tables.first { $0.table == "reber.survey" }?.rows == 2)
        })
    }
    #expect(try Self.seen(by: reader) == (Self.many, Self.many))
  }

  /// What a process leaves that is killed between its two connections' ends.
  private static func leave(_ survey: Survey, in database: Connection) throws {
    struct Killed: Error {}
    #expect(throws: Killed.self) {
      try database.transaction { database in
        _ = try load(survey, in: database, rows: 100)
        throw Killed()
      }
    }
  }

  @Test func whatAKilledIngestHasLoadedIsMadeAnew() throws {
    let fixture = try Self.fixture()
    let database = fixture.database
    let survey = try Survey.add(named: "other", in: database)
    let partition = Partition(whole: "reber.source", key: survey.id)
    try Self.leave(survey, in: database)
    #expect(try partition.exists(in: database))
    #expect(try Self.seen(by: database) == (0, nil))
    let found = try Examination.leftOvers(database)
    #expect(found.count == 1 && found[0].text.contains(partition.table) && found[0].level == .note)
    #expect(try Self.load(survey, in: database, rows: 7).added == 7)
    #expect(try Self.seen(by: database) == (7, 7))
    #expect(try Examination.leftOvers(database).map(\.level) == [.fine])
  }

  @Test func whatAKilledIngestHasLeftGoesUnlessSomebodyIsAtIt() throws {
    let fixture = try Self.fixture()
    let other = try Connection(fixture.address)
    let survey = try Survey.add(named: "other", in: fixture.database)
    let partition = Partition(whole: "reber.source", key: survey.id)
    try Self.leave(survey, in: fixture.database)
    try other.transaction { other in
      try SessionLock.sources(of: survey.id).waitForTransaction(in: other)
      try Source.removeLeft(in: fixture.database)
      #expect(try partition.exists(in: other))
    }
    try Source.removeLeft(in: fixture.database)
    #expect(try !partition.exists(in: other))
    // What is attached stays.
    #expect(try Self.load(survey, in: fixture.database, rows: 7).added == 7)
    try Source.removeLeft(in: fixture.database)
    #expect(try Self.seen(by: other) == (7, 7))
  }

  @Test func aRowThatTheServerRefusesLeavesNothing() throws {
    let fixture = try Self.fixture()
    let database = fixture.database
    let survey = try Survey.add(named: "other", in: database)
    let error = #expect(throws: PostgresError.self) {
      try Self.load(survey, in: database, named: { $0 == 20_000 ? "\u{0}" : "s\($0)" })
    }
    #expect(error?.state?.rawValue == "22021")
    #expect(try Self.seen(by: database) == (0, nil))
    try Source.removeLeft(in: database)
    #expect(try Examination.leftOvers(database).map(\.level) == [.fine])
  }

  /// The second of each name is set aside by its row, though the keys are not those of the rows.
  @Test func namesThatComeTwiceAreSetAside() throws {
    let fixture = try Self.fixture()
    let database = fixture.database
    let survey = try Survey.add(named: "other", in: database)
    let changes = try Self.load(survey, in: database, named: { "s\($0 % (Self.many - 2))" })
    #expect(changes.added == Self.many - 2 && changes.rejected == 2)
    let rejected = try database.rows(
      "SELECT row_number, reason FROM reber.rejected ORDER BY row_number", as: Int.self, String.self
    )
    #expect(rejected.map(\.0) == [Self.many - 1, Self.many])
    #expect(
      rejected.map(\.1) == (1...2).map { "the name 's\($0 - 1)' stands already in row \($0)" })
    #expect(try Self.seen(by: database) == (Self.many - 2, Self.many - 2))
    let lacking = try database.row(
      """
      SELECT (SELECT count(*) FROM pg_index WHERE indrelid = 'reber.source'::regclass) - (
          SELECT count(*) FROM pg_index
          WHERE indrelid = \("reber_partition.source_\(survey.id)")::text::regclass
              AND indexrelid::regclass::text !~ 'letters$'
      )
      """, as: Int.self)
    #expect(lacking == 0)
  }

  @Test func severalComeInAtOnce() throws {
    let fixture = try Self.fixture()
    let (address, names) = (fixture.address, ["a", "b", "c", "c"])
    DispatchQueue.concurrentPerform(iterations: names.count) { place in
      do {
        let database = try Connection(address)
        try Role.pipeline.take(in: database)
        let survey = try Survey.add(named: names[place], in: database)
        let changes = try Self.load(survey, in: database, rows: 20_000)
        #expect(changes.accepted == 20_000)
      } catch {
        Issue.record(error)
      }
    }
    let counts = try fixture.database.rows(
      "SELECT count(*) FROM reber.source GROUP BY survey_id", as: Int.self)
    #expect(counts == [20_000, 20_000, 20_000])
    #expect(try Examination.leftOvers(fixture.database).map(\.level) == [.fine])
  }
}
