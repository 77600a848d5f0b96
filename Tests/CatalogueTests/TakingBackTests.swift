import Astronomy
import Catalogue
import Foundation
import PostgreSQL
import TestSupport
import Testing

/// What was made by mistake is taken back, and all is as before but for the record.
@Suite struct TakingBackTests {
  /// The digests of all tables but those of the record.
  static func digests(_ database: Connection) throws -> [TableDigest] {
    let record = ["reber.correction", "reber.correction_row", "reber.label_taken_back"]
    return try TableDigest.all(in: database).filter { !record.contains($0.table) }
  }

  static func differing(_ one: [TableDigest], _ other: [TableDigest]) -> [String] {
    Set(one.map { "\($0)" }).symmetricDifference(other.map { "\($0)" }).sorted()
  }

  private func undo(
    _ run: Int, _ database: Connection, _ change: (inout TakingBack) -> Void = { _ in }
  ) throws -> Loss {
    var asked = TakingBack(.run(run))
    change(&asked)
    return try asked.perform(by: Fixture.user, in: database)
  }

  private func finish(_ run: Int, _ database: Connection) throws {
    try Run.finish(run, in: database) { _ in JSON(text: "{}") }
  }

  @Test func aChangedCatalogueIsTakenBackToTheLastBit() throws {
    let sky = try ClassifiedSky()
    let (database, survey) = (sky.database, sky.fixture.survey)
    try finish(sky.fixture.run, database)
    try survey.describe(.init(title: "Before"), in: database)
    let before = try Self.digests(database)
    let run = try Fixture.newRun(.ingest, in: database)
    let columns = Fixture.columns + [SurveyColumn(Column("New", .double, unit: "Jy"))]
    let changes = try Source.write(
      from: "two.csv", columns: columns, into: survey, run: run, in: database
    ) { write in
      for index in 6..<20 {
        var source = Fixture.source(index)
        source.totalFlux = index < 9 ? .nan : Double(index)
        try write(.source(source, cells: [.text("ä\(index)"), .real(0.1)]))
      }
    }
    #expect(changes.added == 8 && changes.changed == 6)
    try survey.describe(.init(frequency: 1e9), in: database)
    try Ingestion.end([run], into: survey, in: database)
    try finish(run, database)
    let loss = try undo(run, database)
    #expect(loss.runs.map(\.run) == [run])
    #expect(loss.rows["reber.source"] == 8 && loss.labels == 0)
    let after = try Self.digests(database)
    #expect(Self.differing(before, after) == [])
    let record = try #require(try Correction.newest(5, in: database).first)
    #expect(record.kind == .undo && record.subject == "run \(run) (ingest)")
    #expect(record.account == "tester" && record.rows.text.contains("\"reber.source\": 8"))
  }

  /// A later migration may add tables of a run's own, of which one refers to another.
  @Test func aNewTableOfARunGoesWithIt() throws {
    let database = try ClassifiedSky().database
    let run = try Fixture.newRun(.evaluate, in: database)
    try database.script(
      """
      CREATE TABLE reber.first_of_all (run_id bigint PRIMARY KEY REFERENCES reber.run);
      CREATE TABLE reber.later (
          run_id bigint REFERENCES reber.run REFERENCES reber.first_of_all, bin integer,
          PRIMARY KEY (run_id, bin)
      );
      INSERT INTO reber.first_of_all VALUES (\(run))
      """)
    try database.execute(
      "INSERT INTO reber.later SELECT \(run), bin FROM generate_series(1, 3) AS bin")
    try finish(run, database)
    #expect(try undo(run, database).rows["reber.later"] == 3)
  }

  @Test func theFirstCatalogueGoesWithItsSurvey() throws {
    let address = try TestServer.newDatabase()
    let database = try Connection(address)
    _ = try Migration.apply(to: database, folder: SharedData.repository + "/sql")
    let before = try Self.digests(database)
    let survey = try Survey.add(named: "sky", in: database)
    let run = try Fixture.newRun(.ingest, in: database)
    _ = try Source.write(
      from: "sky.csv", columns: Fixture.columns, into: survey, run: run, in: database
    ) { write in
      for index in 0..<5 { try write(Fixture.row(index, at: index + 1)) }
    }
    try finish(run, database)
    #expect(try undo(run, database).rows["reber.source"] == 5)
    #expect(Self.differing(before, try Self.digests(database)) == [])
    #expect(try Survey.all(in: database).isEmpty)
  }

  @Test func aClassificationAndWhatRestsOnItGoTogether() throws {
    let sky = try ClassifiedSky()
    let database = sky.database
    let published = try sky.publish()
    let run = sky.classification
    let error = #expect(throws: CatalogueError.self) { try undo(run, database) }
    #expect(error == .restedOn("run \(run) (classify)", by: ["run \(published.run) (publish)"]))
    let loss = try undo(run, database) { $0.withLater = true }
    #expect(loss.runs.map(\.run) == [published.run, run])
    #expect(loss.rows["reber.prediction"] == 12 && loss.rows["catalogue.sky"] == 12)
    #expect(
      try database.row(
        """
        SELECT to_regclass('catalogue.sky') IS NULL
            AND to_regclass('reber_partition.prediction_\(raw: String(run))') IS NULL
        """, as: Bool.self))
    #expect(throws: CatalogueError.self) { try undo(run, database) }
  }

  @Test func labelsOfPeopleHoldWhatTheyWereGivenTo() throws {
    let sky = try ClassifiedSky()
    let (database, fixture) = (sky.database, sky.fixture)
    let scheme = try ClassScheme.named(ClassScheme.twelveClasses, in: database)
    let run = try Fixture.newRun(.ingest, in: database)
    _ = try Source.write(
      from: "two.csv", columns: Fixture.columns, into: fixture.survey, run: run, in: database
    ) { try $0(Fixture.row(99, at: 1)) }
    try finish(run, database)
    let keys = try Source.keys(of: fixture.survey, in: database)
    func label(_ name: String, by annotator: String) throws {
      let labels = [Label(source: keys[name] ?? 0, classID: 2, annotator: annotator)]
      try Label.write(
        labels, of: fixture.survey, scheme: scheme, method: .single, run: nil, in: database)
    }
    try label("s1", by: "ada")
    let before = try Self.digests(database)
    try label("s99", by: "ada")
    try label("s99", by: "bob")
    let error = #expect(throws: CatalogueError.self) { try undo(run, database) }
    #expect(
      error
        == .labelsHang(
          on: "run \(run) (ingest)", labels: 2, sources: 1, annotators: ["ada", "bob"],
          decisions: 0))
    #expect("\(try #require(error))".contains("2 labels of 1 sources by ada, bob"))
    let loss = try undo(run, database) { $0.withLabels = true }
    #expect(loss.labels == 2)
    let counts = try fixture.survey.counts(in: database)
    #expect(counts.sources == 12 && counts.labelled == 1)
    #expect(
      try database.rows(
        "SELECT source || ' ' || class || ' ' || annotator FROM reber.label_taken_back ORDER BY 1",
        as: String.self) == ["s99 bright core ada", "s99 bright core bob"])
    // What hangs on other sources is as it was.
    let now = try Self.digests(database)
    for table in ["reber.label", "reber.agreed"] {
      #expect(now.first { $0.table == table } == before.first { $0.table == table })
    }
  }

  /// Notes, flags, saved questions and clusters that are handed out go with what they are about, and the record
  /// has the words.
  @Test func remarksHoldWhatTheyAreAboutAndAreKeptInTheRecord() throws {
    let sky = try ClassifiedSky()
    let (database, fixture) = (sky.database, sky.fixture)
    let ada = Annotation(
      survey: fixture.survey,
      scheme: try ClassScheme.named(ClassScheme.twelveClasses, in: database), annotator: "ada")
    let run = try Fixture.newRun(.ingest, in: database)
    _ = try Source.write(
      from: "two.csv", columns: Fixture.columns, into: fixture.survey, run: run, in: database
    ) { try $0(Fixture.row(99, at: 1)) }
    try finish(run, database)
    let keys = try Source.keys(of: fixture.survey, in: database)
    try ada.remark(.blended, of: keys["s1"] ?? 0, in: database)
    try ada.remark(.note, note: "what is it?", of: keys["s99"] ?? 0, in: database)
    let error = #expect(throws: CatalogueError.self) { try undo(run, database) }
    #expect(
      error
        == .labelsHang(
          on: "run \(run) (ingest)", labels: 0, sources: 0, annotators: ["ada"], decisions: 1))
    let loss = try undo(run, database) { $0.withLabels = true }
    #expect(loss.rows["reber.source_remark"] == 1)
    let detail = try database.row(
      "SELECT detail::text FROM reber.correction ORDER BY correction_id DESC LIMIT 1",
      as: String.self)
    #expect(detail.contains("what is it?"))
    let left = try database.rows("SELECT kind FROM reber.source_remark", as: String.self)
    #expect(left == ["blended"])
  }

  @Test func aSurveyIsRemovedWithAllThatWasMadeOfIt() throws {
    let sky = try ClassifiedSky()
    let database = sky.database
    try sky.publish()
    let ada = Annotation(
      survey: sky.fixture.survey,
      scheme: try ClassScheme.named(ClassScheme.twelveClasses, in: database), annotator: "ada")
    try ada.save("order=flux", as: "bright", in: database)
    try ada.lookAgain(at: 0.1, in: database)
    var asked = TakingBack(.survey("sky"))
    asked.reason = "a trial"
    // The classifier was made without any parent in this fixture: it stays.
    let loss = try asked.perform(by: Fixture.user, in: database)
    #expect(loss.rows["reber.source"] == 12 && loss.rows["reber.cutout"] == 12)
    let left = try TableDigest.all(in: database).filter { digest in
      digest.rows > 0 && (!digest.table.hasPrefix("reber.") || digest.table == "reber.survey")
    }
    #expect(left.map(\.table) == [])
    #expect(try Correction.newest(1, in: database).first?.reason == "a trial")
    let kept = try database.row(
      """
      SELECT detail #>> '{questions,0,query}', (detail #>> '{second_looks,0,share}')::real
      FROM reber.correction ORDER BY correction_id DESC LIMIT 1
      """, as: String.self, Float.self)
    #expect(kept == ("order=flux", 0.1))
  }

  @Test func aViewOfSomebodyKeepsACatalogue() throws {
    let sky = try ClassifiedSky()
    let published = try sky.publish()
    try sky.database.script("CREATE VIEW public.mine AS SELECT name FROM catalogue.sky")
    let error = #expect(throws: CatalogueError.self) { try undo(published.run, sky.database) }
    #expect(error == .inUse("catalogue.sky", by: ["mine"]))
    #expect(try sky.database.rows("SELECT name FROM public.mine", as: String.self).count == 12)
  }

  @Test(arguments: [Role.reader, .annotator, .pipeline]) func onlyTheOwnerTakesBack(
    _ role: Role
  ) throws {
    let sky = try ClassifiedSky()
    let database = sky.database
    let member = "m\(UUID().uuidString.lowercased().filter { $0 != "-" })"
    try database.script(
      "CREATE ROLE \(member) IN ROLE \(role.rawValue); SET SESSION AUTHORIZATION \(member)")
    try role.take(in: database)
    #expect(throws: CatalogueError.notOwner) { try undo(sky.classification, database) }
    #expect(throws: CatalogueError.notOwner) {
      try sky.fixture.survey.rename(to: "other", by: Fixture.user, in: database)
    }
    // Nor by hand.
    for statement in [
      """
      INSERT INTO reber.correction (kind, subject, code_version, host, account)
      VALUES ('undo', 'x', 'x', 'x', 'x')
      """, "SELECT reber.drop_partition('reber.prediction', 3)",
    ] {
      let error = #expect(throws: PostgresError.self) { try database.script(statement) }
      #expect(error?.state == .insufficientPrivilege, "\(statement)")
    }
  }

  @Test func theOwnerTakesBackInItsRole() throws {
    let sky = try ClassifiedSky(as: .pipeline)
    try sky.publish()
    let database = sky.database
    try database.script("RESET ROLE")
    let member = "m\(UUID().uuidString.lowercased().filter { $0 != "-" })"
    try database.script(
      "CREATE ROLE \(member) IN ROLE reber_owner; SET SESSION AUTHORIZATION \(member)")
    try Role.owner.take(in: database)
    try sky.fixture.survey.rename(to: "heaven", by: Fixture.user, in: database)
    #expect(try database.rows("SELECT field FROM survey.heaven", as: String.self).count == 12)
    _ = try TakingBack(.survey("heaven")).perform(by: Fixture.user, in: database)
    let records = try Correction.newest(5, in: database)
    #expect(records.map(\.kind) == [.remove, .rename] && records.allSatisfy { $0.login == member })
  }

  /// What is deleted without a word of it in the same transaction is refused, from the owner too; and the
  /// record itself stays.
  @Test func nothingIsDeletedWithoutTheRecord() throws {
    let sky = try ClassifiedSky()
    let database = sky.database
    _ = try undo(sky.classification, database) { $0.withLater = true }
    for statement in [
      "DELETE FROM reber.model", "DELETE FROM reber.correction",
      "UPDATE reber.correction SET reason = ''",
      "DELETE FROM reber.correction_row", "TRUNCATE reber.correction CASCADE",
    ] {
      #expect(throws: PostgresError.self, "\(statement)") { try database.script(statement) }
    }
  }
}
