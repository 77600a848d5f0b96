import PostgreSQL
import TestSupport
import Testing

@testable import Catalogue

/// What belongs to one run, model or survey is a table of its own, which is attached when it is whole.
@Suite struct PartitionTests {
  /// With a thousand surveys there would be no room for the locks.
  @Test func countsOfASurveyLockNoOther() throws {
    let fixture = try Fixture(sources: 4)
    let database = fixture.database
    _ = try Survey.add(named: "other", in: database)
    _ = try fixture.addCutouts()
    let locked = try database.transaction { database in
      try database.execute("SELECT reber.count_sources(\(Int32(fixture.survey.id)))")
      try database.execute("SELECT reber.count_embeddings(\(Int32(fixture.survey.id)), 1)")
      return try database.rows(
        """
        SELECT relname::text FROM pg_locks JOIN pg_class ON pg_class.oid = relation
        WHERE pid = pg_backend_pid() AND relnamespace = 'reber_partition'::regnamespace AND relkind = 'r'
        """, as: String.self)
    }
    #expect(!locked.isEmpty && locked.allSatisfy { $0.hasSuffix("_\(fixture.survey.id)") })
  }

  @Test func anAttachedTableHasAllThatTheWholeHas() throws {
    let fixture = try Fixture(sources: 4)
    let database = fixture.database
    _ = try fixture.addCutouts()
    let partition = Partition.predictions(of: fixture.run)
    try partition.open(in: database)
    try partition.attach(in: database)
    for (whole, part) in [
      ("reber.source", "source_1"), ("reber.cutout", "cutout_1"),
      ("reber.prediction", "prediction_\(fixture.run)"),
    ] {
      let lacking = try database.rows(
        """
        SELECT pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = \(whole)::text::regclass AND NOT EXISTS (
            SELECT FROM pg_inherits WHERE inhrelid = confrelid
        )
        EXCEPT
        SELECT pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = \("reber_partition." + part)::text::regclass AND convalidated
        """, as: String.self)
      #expect(lacking.isEmpty)
      let (indexes, those) = try database.row(
        """
        SELECT (SELECT count(*) FROM pg_index WHERE indrelid = \(whole)::text::regclass),
            (
                SELECT count(*) FROM pg_index
                WHERE indrelid = \("reber_partition." + part)::text::regclass
            )
        """, as: Int.self, Int.self)
      #expect(indexes == those, "\(part) has just the indexes of \(whole)")
    }
  }

  @Test func rowsAreSeenWhenTheTableIsAttachedAndStayBehindAKill() throws {
    let fixture = try Fixture(sources: 4)
    let database = fixture.database
    let cutouts = try fixture.addCutouts()
    let id = try Model.write(
      run: fixture.run, kind: .encoder, description: JSON(text: "{}"), weights: [1], sha256: "00",
      in: database)
    let model = try Model.find(.encoder, numbered: id, in: database)
    try model.beginEmbeddings(of: fixture.survey, in: database)
    #expect(try fixture.missing(by: model, in: database).count == 4)
    let rows = cutouts.map { Embedding(cutout: $0.id, source: $0.source, vector: [1, 2]) }
    try model.write(
      Array(rows.prefix(3)), of: fixture.survey, run: fixture.run, in: database)
    #expect(try model.notEmbedded(of: fixture.survey, in: database) == 4)
    let next = try Connection(fixture.address)
    #expect(throws: CatalogueError.beingEmbedded(survey: "sky", model: id)) {
      try model.beginEmbeddings(of: fixture.survey, in: next)
    }
    // As the server does where a process is killed.
    try database.script("SELECT pg_advisory_unlock_all()")
    try model.beginEmbeddings(of: fixture.survey, in: next)
    #expect(try fixture.missing(by: model, in: next).count == 1)
    let left = try fixture.missing(by: model, in: next)
    #expect(left.map(\.id) == [cutouts[3].id])
    #expect(throws: PostgresError.self, "nothing is loaded twice") {
      try model.write([rows[0]], of: fixture.survey, run: fixture.run, in: next)
    }
    try model.write([rows[3]], of: fixture.survey, run: fixture.run, in: next)
    try model.finishEmbeddings(of: fixture.survey, in: next)
    try model.finishEmbeddings(of: fixture.survey, in: next)
    #expect(try model.notEmbedded(of: fixture.survey, in: database) == 0)
    #expect(try model.embeddings(of: fixture.survey, in: database).count == 4)
  }

  /// A run that was asked otherwise must not take them for its own.
  @Test func whatAnUnfinishedRunHasMadeIsFoundAndCanBeRemoved() throws {
    let fixture = try Fixture(sources: 2)
    let database = fixture.database
    let cutouts = try fixture.addCutouts()
    let id = try Model.write(
      run: fixture.run, kind: .encoder, description: JSON(text: "{}"), weights: [1], sha256: "00",
      in: database)
    let model = try Model.find(.encoder, numbered: id, in: database)
    #expect(try model.embeddingParameters(of: fixture.survey, in: database).isEmpty)
    try model.beginEmbeddings(of: fixture.survey, in: database)
    let unfinished = try Fixture.newRun(.embed, in: database)
    try model.write(
      [Embedding(cutout: cutouts[0].id, source: cutouts[0].source, vector: [1])],
      of: fixture.survey, run: unfinished, in: database)
    let made = try model.embeddingParameters(of: fixture.survey, in: database)
    #expect(made.map(\.run) == [unfinished])
    #expect(
      try model.removeEmbeddings(of: fixture.survey, madeBy: [unfinished], in: database) == 1)
    #expect(try fixture.missing(by: model, in: database).count == 2)
  }

  @Test func aRowThatRefersToNothingKeepsTheTableOut() throws {
    let fixture = try Fixture(sources: 2)
    let database = fixture.database
    let partition = Partition(whole: "reber.training_source", key: fixture.run)
    try partition.open(in: database)
    try database.copy(
      [TrainingSource(source: 99, cutout: 99)], into: partition.table,
      with: ["run_id": fixture.run, "survey_id": fixture.survey.id])
    #expect(throws: PostgresError.self) { try partition.attach(in: database) }
    #expect(try database.row("SELECT count(*) FROM reber.training_source", as: Int.self) == 0)
  }

  /// What stopped classifications have left goes when another has finished, unless somebody is at it.
  @Test func whatStoppedClassificationsLeftIsRemoved() throws {
    let sky = try ClassifiedSky()
    let (database, survey) = (sky.database, sky.fixture.survey)
    let stopped = try Fixture.newRun(.classify, in: database)
    let other = try Connection(sky.fixture.address)
    let held = try Fixture.newRun(.classify, in: other)
    for run in [stopped, held] { try Prediction.begin(run: run, in: database) }
    try Run.fail(stopped, because: "killed", in: database)
    try Prediction.removeLeft(of: survey, in: database)
    let left = try database.rows(
      """
      SELECT relname::text FROM pg_class
      WHERE relname ~ '^prediction_[0-9]+$' AND relkind = 'r' ORDER BY relname
      """, as: String.self)
    #expect(left == ["prediction_\(sky.classification)", "prediction_\(held)"])
    #expect(try Prediction.all(of: survey, run: sky.classification, in: database).count == 12)
    _ = other
  }
}

extension Fixture {
  /// The cutouts that a model has to embed yet.
  fileprivate func missing(by model: Model, in database: Connection) throws -> [StoredCutout] {
    try StoredCutout.next(9, of: survey, after: 0, .notEmbedded(by: model), in: database)
  }
}
