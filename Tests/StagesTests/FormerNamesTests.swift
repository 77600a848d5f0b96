import Catalogue
import Morphology
import PostgreSQL
import Stages
import StagesSupport
import TestSupport
import Testing

/// What a later data release, a corrected file or a merger of classes leaves of what was said before.
@Suite struct FormerNamesTests {
  private func digests(_ fixture: IngestFixture) throws -> Set<String> {
    Set(
      try TableDigest.all(in: Connection(fixture.address))
        .filter { !$0.table.hasPrefix("reber.correction") && $0.table != "reber.label_taken_back" }
        .map { "\($0)" })
  }

  private func takeBack(
    _ run: Int?, _ fixture: IngestFixture, _ change: (inout TakingBack) -> Void = { _ in }
  ) async throws -> Loss {
    var asked = TakingBack(.run(try #require(run)))
    change(&asked)
    let (taking, user) = (asked, fixture.workplace.user)
    return try await fixture.workplace.database.with { try taking.perform(by: user, in: $0) }
  }

  private func importLabels(_ path: String, _ fixture: IngestFixture) async throws -> Int {
    var options = LabelImport(survey: "sky")
    (options.scheme, options.annotator, options.addsClasses) = ("fr", "ada", true)
    return try await fixture.workplace.perform(LabelImportStage(file: path, options)).run
  }

  private func listed(_ fixture: IngestFixture) throws -> Set<String> {
    let database = try Connection(fixture.address)
    let changes = try ReleaseChange.all(
      of: Survey.named("sky", in: database), from: "dr1", to: "dr2", in: database)
    return Set(changes.map { "\($0.formerName ?? "-") > \($0.name ?? "-"): \($0.kinds[0])" })
  }

  /// A source is found by the name of a former release wherever sources are named, and a match from before a
  /// release says so.
  @Test func formerNamesAreKnownAndMatchesFromBeforeAReleaseSaySo() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let place = fixture.workplace
      let other = try fixture.file("o.csv", "name,ra,dec\nL1,10,0\nL2,20,0\n")
      _ = try await fixture.ingest(other) { $0.survey = "other" }
      _ = try await fixture.ingest(try fixture.file("1.csv", "name,ra,dec\nA,10,0\nB,20,0\n"))
      var stage = MatchStage(survey: "sky", other: "other")
      stage.options.errors = ["sky": "0.3", "other": "0.3"]
      stage.options.positionsOnly = true
      let first = try await place.perform(stage)
      func outdated(_ survey: String?) async throws -> [OutdatedMatch] {
        try await place.database.with { try OutdatedMatch.all(of: survey, in: $0) }
      }
      let before = try await outdated(nil)
      #expect(before.isEmpty)
      _ = try await fixture.ingest(try fixture.file("2.csv", "name,ra,dec\nA2,10,0\nB,20,0\n")) {
        $0.release = "dr2"
      }
      let after = try await outdated("other")
      #expect(after.map(\.run) == [first.run] && after.first?.release == "dr2")
      #expect(after.first?.sentence.contains("'reber match --survey sky --survey other'") == true)
      let nobody = try await outdated("elsewhere")
      #expect(nobody.isEmpty)

      let database = try Connection(fixture.address)
      let survey = try Survey.named("sky", in: database)
      #expect(
        try SourceKey.named("A", of: survey, in: database)
          == SourceKey.named("A2", of: survey, in: database))
      #expect(throws: CatalogueError.self) {
        try SourceKey.named("A3", of: survey, in: database)
      }
      let detail = try SourceDetail.of(
        "A", in: survey, scheme: .named(ClassScheme.twelveClasses, in: database),
        work: .on(survey, in: database), in: database)
      #expect(detail.source.name == "A2")
      let kin = try ["A", "A2"].map {
        try database.rows("SELECT name FROM reber.same_source('sky', \($0))", as: String.self)
      }
      #expect(!kin[0].isEmpty && kin[0] == kin[1])
      // Two names of one source are one member of a group.
      let rows = [("sky", "A"), ("sky", "A2"), ("other", "L2")].enumerated().map {
        GroupRow(row: $0 + 1, survey: $1.0, source: $1.1, group: "g")
      }
      let grouped = try SourceJoin.grouped(rows, annotator: "ada", in: database)
      #expect(grouped.joins.count == 1 && grouped.repeated == 1 && grouped.rejected.isEmpty)

      _ = try await place.perform(stage)
      let again = try await outdated(nil)
      #expect(again.isEmpty)
    }
  }

  /// A corrected file of the newest release brings back what the first one lacked.
  @Test func aCorrectedFileListsAgain() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let head = "name,ra,dec\nA,10,0\n"
      _ = try await fixture.ingest(try fixture.file("1.csv", head + "B,20,0\nC,30,0\n"))
      _ = try await fixture.ingest(try fixture.file("2.csv", head)) { $0.release = "dr2" }
      #expect(try listed(fixture) == ["B > -: dropped", "C > -: dropped"])
      let before = try digests(fixture)
      let report = try await fixture.ingest(
        try fixture.file("2b.csv", head + "B,20,0\nD,40,0\n")
      ) { $0.release = "dr2" }
      #expect(try listed(fixture) == ["C > -: dropped", "- > D: added"])
      #expect(
        try fixture.rows(
          "SELECT name FROM reber.source WHERE is_listed ORDER BY name", as: String.self)
          == ["A", "B", "D"])
      let counts = try await fixture.workplace.database.with {
        try Survey.named("sky", in: $0).counts(in: $0)
      }
      #expect(counts.sources == 3)
      _ = try await takeBack(report.catalogue?.run, fixture)
      #expect(try listed(fixture) == ["B > -: dropped", "C > -: dropped"])
      #expect(before.symmetricDifference(try digests(fixture)) == [])
    }
  }

  /// Sources that an earlier release dropped get their names back with a release that is taken back.
  @Test func namesComeBack() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let (both, one) = ("name,ra,dec\nA,10,0\nB,20,0\n", "name,ra,dec\nA,10,0\n")
      _ = try await fixture.ingest(try fixture.file("1.csv", both))
      _ = try await fixture.ingest(try fixture.file("2.csv", one)) { $0.release = "dr2" }
      let before = try digests(fixture)
      let report = try await fixture.ingest(try fixture.file("3.csv", both)) { $0.release = "dr3" }
      _ = try await takeBack(report.catalogue?.run, fixture)
      #expect(before.symmetricDifference(try digests(fixture)) == [])
    }
  }

  /// All rows of the first ingest that a later one has changed go with both, and the labels with them.
  @Test func aFirstIngestGoesWithWhatChangedIt() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let first = try await fixture.ingest(
        try fixture.file("1.csv", "name,ra,dec\nA,10,0\nB,20,0\n"))
      _ = try await fixture.ingest(try fixture.file("2.csv", "name,ra,dec\nA,10,1\nB,20,1\n"))
      try await fixture.workplace.database.with { database in
        let survey = try Survey.named("sky", in: database)
        let keys = try Source.keys(of: survey, in: database)
        try Label.write(
          keys.values.map { Label(source: $0, classID: 1, annotator: "ada") }, of: survey,
          scheme: ClassScheme.named(ClassScheme.twelveClasses, in: database), method: .single,
          run: nil, in: database)
      }
      let run = first.catalogue?.run
      await #expect(throws: CatalogueError.self) {
        try await takeBack(run, fixture) { $0.withLater = true }
      }
      let loss = try await takeBack(run, fixture) { ($0.withLater, $0.withLabels) = (true, true) }
      #expect(loss.labels == 2 && loss.runs.count == 2)
      #expect(try fixture.count("SELECT count(*) FROM reber.survey") == 0)
    }
  }

  /// Labels of sources that the newest release lacks are kept, and counted no more; tables that name sources as a
  /// former release did mean them.
  @Test func labelsFollowTheirSources() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      _ = try await fixture.ingest(
        try fixture.file("1.csv", "name,ra,dec\nA,10,0\nB,20,0\nC,30,0\n"))
      let labels = try fixture.file("labels.csv", "name,class\nA,FR-I\nB,FR-II\nC,FR-I\n")
      _ = try await importLabels(labels, fixture)
      _ = try await fixture.ingest(
        try fixture.file("2.csv", "name,ra,dec\nX,10,0\nA,20,0\n")
      ) { $0.release = "dr2" }
      let (counts, byClass) = try await fixture.workplace.database.with { database in
        let survey = try Survey.named("sky", in: database)
        return (
          try survey.counts(in: database),
          try ClassScheme.named("fr", in: database).labelCounts(of: survey, in: database)
        )
      }
      #expect(counts.sources == 2 && counts.labelled == 2)
      #expect(
        Dictionary(uniqueKeysWithValues: byClass.map { ($0.name, $0.sources) }) == [
          "FR-I": 1, "FR-II": 1,
        ])
      // 'B' is called A now, and who was called A is X: 'A' means who has the name.
      let again = try fixture.file("again.csv", "name,class\nB,FR-I\n")
      _ = try await importLabels(again, fixture)
      #expect(
        try fixture.rows(
          """
          SELECT source.name || ' ' || class.name FROM reber.consensus
          JOIN reber.source USING (survey_id, source_id)
          JOIN reber.class USING (class_scheme_id, class_id)
          WHERE source.is_listed ORDER BY 1
          """, as: String.self) == ["A FR-I", "X FR-I"])
    }
  }

  /// A merger's labels go with the import whose labels it gave to another class.
  @Test func whatAMergerMadeGoesToo() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      _ = try await fixture.ingest(try fixture.file("1.csv", "name,ra,dec\nA,10,0\nB,20,0\n"))
      let before = try fixture.count("SELECT count(*) FROM reber.label")
      let run = try await importLabels(
        try fixture.file("labels.csv", "name,class\nA,FR-I\nB,FR-II\n"), fixture)
      let user = fixture.workplace.user
      try await fixture.workplace.database.with {
        _ = try ClassScheme.named("fr", in: $0).merge(["FR-I"], into: "FR-II", by: user, in: $0)
      }
      let loss = try await takeBack(run, fixture) { $0.withLabels = true }
      #expect(loss.labels == 3)
      #expect(try fixture.count("SELECT count(*) FROM reber.label") == before)
    }
  }

  /// A catalogue of before a release is sound, and held against a later one by sources, not names.
  @Test func formerCataloguesAreOfFormerNames() async throws {
    let survey = try await SyntheticSurvey(24)
    let place = survey.workplace
    try await survey.label(Array(0..<24))
    _ = try await place.perform(PretrainStage.toy())
    _ = try await place.perform(FinetuneStage.toy())
    _ = try await place.perform(ClassifyStage(survey: "toy"))
    func publish(_ name: String) async throws {
      var publishing = Publishing(survey: "toy")
      (publishing.anyway, publishing.name) = (true, name)
      _ = try await place.perform(publishing)
    }
    try await publish("former")
    let names = (0..<3).map(SyntheticSurvey.name)
    try await survey.secondRelease(
      dropping: [7], adding: [24], renaming: [0: names[1], 1: names[0], 2: "another"])
    let sound = try await place.verify("former", sample: 24, seed: 1, tolerance: 1e-5)
    #expect(sound.isSound && sound.sample == 24, "\(sound)")
    var stage = ClassifyStage(survey: "toy")
    stage.onlyNew = true
    _ = try await place.perform(stage)
    try await publish("later")
    let change = try await place.difference(of: "later", since: "former", tolerance: 0)
    #expect(
      Set(change.changes.map { "\($0.kind) \($0.sources)" }) == ["appeared 1", "went 1"],
      "\(change)")
    try await place.database.with { database in
      let lineage = try Lineage.of(
        source: names[2], in: Survey.named("toy", in: database), database: database)
      #expect(lineage.source == "another")
    }
  }
}
