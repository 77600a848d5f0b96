import Catalogue
import Foundation
import PostgreSQL
import Stages
import TestSupport
import Testing

/// Sources of several surveys become one object by a match, with the evidence for each link; what is taken back
/// leaves others as they were.
@Suite struct MatchTests {
  /// Survey `a`, 200 sources on a grid of half a degree, over the meridian and beside the pole; `b`, which has the
  /// even ones 0.3″ to the north, and 100 unrelated ones; and `c`, a catalogue without fluxes, which has every
  /// fourth at its place, and magnitudes.
  private func sky() async throws -> IngestFixture {
    let fixture = try await IngestFixture(
      FileManager.default.temporaryDirectory.appendingPathComponent("match-\(UUID())").path)
    var (a, b, c) = ("name,ra,dec,flux,rms", "name,ra,dec,E_RA,E_DEC", "name,ra,dec,w1mag,e_pos")
    for index in 0..<200 {
      let (ra, dec) = Self.place(index)
      a += "\na\(index),\(ra),\(dec),0.5,0.01"
      if index % 2 == 0 { b += "\nb\(index),\(ra),\(dec + 0.3 / 3600),0.3,0.3" }
      if index % 4 == 0 { c += "\nc\(index),\(ra),\(dec),15.\(index % 10),0.1" }
    }
    for index in 0..<100 {
      let (ra, dec) = Self.place(index)
      b += "\nother\(index),\(ra),\(dec - 0.2),0.3,0.3"
      c += "\nstar\(index),\(ra),\(dec - 0.15),12,0.1"
    }
    for (name, text) in [("a", a), ("b", b), ("c", c)] {
      try await fixture.ingest(try fixture.file("\(name).csv", text)) { options in
        options.survey = name
        let units = ["a": ["flux"], "b": ["E_RA", "E_DEC"], "c": ["e_pos"]]
        options.units = Dictionary(
          uniqueKeysWithValues: units[name, default: []].map { ($0, name == "a" ? "Jy" : "arcsec") }
        )
        options.observation.beamMajor = name == "a" ? 6 : nil
      }
    }
    return fixture
  }

  private static func place(_ index: Int) -> (ra: Double, dec: Double) {
    let (column, line) = (Double(index % 20), Double(index / 20))
    return index < 100
      ? ((357 + column * 0.5).truncatingRemainder(dividingBy: 360), line * 0.5)
      : (column * 18, 86 + (line - 5) * 0.5)
  }

  private func match(_ fixture: IngestFixture, _ other: String = "b") -> MatchStage {
    var stage = MatchStage(survey: "a", other: other)
    if other == "c" { stage.options.errors = ["c": "e_pos"] }
    return stage
  }

  /// The sources that are one object with a source, as `survey name`.
  private func same(_ survey: String, _ name: String, _ fixture: IngestFixture) throws -> [String] {
    try fixture.rows(
      "SELECT survey || ' ' || name FROM reber.same_source(\(survey), \(name))", as: String.self)
  }

  @Test func counterpartsAreLinkedWithTheirEvidence() async throws {
    let fixture = try await sky()
    let report = try await fixture.workplace.perform(match(fixture))
    #expect(fixture.notes.all.contains("errors of 'a': assumed from the beam of 6.0″"))
    #expect(fixture.notes.all.contains("errors of 'b': columns E_RA, E_DEC"))
    let figures = report.metrics
    #expect(figures.taken == 100 && figures.sources == 200 && figures.others == 200)
    #expect(abs(figures.completeness - 0.5) < 0.02)
    #expect(try same("a", "a6", fixture) == ["a a6", "b b6"])
    #expect(try same("b", "b198", fixture) == ["b b198", "a a198"])
    #expect(try same("a", "a7", fixture) == ["a a7"])
    let (separation, sigma, reliability, run) = try #require(
      try fixture.rows(
        """
        SELECT link.separation::float8, sigma::float8, link.reliability::float8, link.run_id
        FROM reber.identity_link AS link
        JOIN reber.source USING (survey_id, source_id)
        WHERE source.name = 'a6'
        """, as: Double.self, Double.self, Double.self, Int.self
      ).first)
    // The errors of both, and of both frames: 6″ / (2 · 5), 0.3″, and twice 0.2″.
    #expect(abs(separation - 0.3) < 1e-3)
    #expect(abs(sigma - (0.36 + 0.09 + 0.08).squareRoot()) < 1e-4)
    #expect(reliability > 0.99 && run == report.run)
    let none = try fixture.count(
      "SELECT count(*) FROM reber.same_source('a', 'a7') WHERE reliability IS NOT NULL")
    #expect(none == 0)
    #expect(throws: PostgresError.self) { try self.same("a", "nobody", fixture) }
  }

  @Test func aCatalogueWithoutFluxesIsMatchedByItsMagnitudes() async throws {
    let fixture = try await sky()
    _ = try await fixture.workplace.perform(match(fixture))
    var stage = match(fixture, "c")
    stage.options.magnitude = "w1mag"
    let report = try await fixture.workplace.perform(stage)
    #expect(report.metrics.taken == 50)
    #expect(report.metrics.basis.last == "brightness of 'c': column w1mag")
    // Three surveys make one object, also for those that were never matched with each other.
    #expect(try same("c", "c8", fixture) == ["c c8", "a a8", "b b8"])
    let objects = try fixture.rows(
      "SELECT count(*), count(DISTINCT physical_source_id) FROM reber.source_identity",
      as: Int.self, Int.self)
    #expect(objects.first.map { [$0.0, $0.1] } == [250, 100])
    // Its place is that of the survey without a beam.
    let away = try fixture.rows(
      "SELECT max(separation)::float8 FROM reber.source_identity JOIN reber.survey USING (survey_id) WHERE name <> 'a'",
      as: Double.self)
    #expect(try #require(away.first) < 0.31)
    stage.options.magnitude = "name"
    let wrong = stage
    await #expect(throws: CatalogueError.self) { try await fixture.workplace.perform(wrong) }
  }

  @Test func theNewestMatchCountsAndTheFormerComesBackWithItsUndoing() async throws {
    let fixture = try await sky()
    let place = fixture.workplace
    let first = try await place.perform(match(fixture))
    let again = try await place.perform(match(fixture))
    #expect(again.alreadyDone && again.run == first.run)
    var strict = match(fixture)
    strict.options.radius = 0.1
    let second = try await place.perform(strict)
    #expect(second.metrics.taken == 0)
    #expect(try same("a", "a6", fixture) == ["a a6"])
    let taking = TakingBack(.run(second.run))
    let loss = try await place.database.with { try taking.perform(by: place.user, in: $0) }
    #expect(loss.runs.map(\.run) == [second.run])
    #expect(try same("a", "a6", fixture) == ["a a6", "b b6"])
    // What was followed is done once more when it is asked for.
    _ = try await place.perform(strict)
    let third = try await place.perform(match(fixture))
    #expect(!third.alreadyDone && third.metrics.taken == 100)
    #expect(try same("a", "a6", fixture) == ["a a6", "b b6"])
  }

  @Test func aSurveyGoesWithWhatLinkedItAndNothingElse() async throws {
    let fixture = try await sky()
    let place = fixture.workplace
    _ = try await place.perform(match(fixture))
    let withC = try await place.perform(match(fixture, "c"))
    var taking = TakingBack(.survey("c"))
    let refused = taking
    let error = await #expect(throws: CatalogueError.self) {
      try await place.database.with { try refused.perform(by: place.user, in: $0) }
    }
    #expect("\(try #require(error))".contains("run \(withC.run) (match)"))
    taking.withLater = true
    let asked = taking
    _ = try await place.database.with { try asked.perform(by: place.user, in: $0) }
    #expect(try same("a", "a8", fixture) == ["a a8", "b b8"])
    #expect(try fixture.count("SELECT count(*) FROM reber.source_identity") == 200)
    #expect(try fixture.count("SELECT count(*) FROM reber.source_link") == 100)
  }

  @Test func peoplesWordDecidesAndIsTakenBack() async throws {
    let fixture = try await sky()
    let place = fixture.workplace
    let report = try await place.perform(match(fixture))
    func say(_ one: String, _ other: String, _ isSame: Bool?) async throws {
      try await place.database.with { database in
        let keys = try database.table(
          "SELECT name, survey_id::bigint FROM reber.source", by: String.self, Int.self)
        let ids = try database.table(
          "SELECT name, source_id FROM reber.source", by: String.self, Int.self)
        let ends = [one, other].map { SourceKey(survey: keys[$0] ?? 0, source: ids[$0] ?? 0) }
        try SourceJoin.write(
          [SourceJoin(ends[0], ends[1], isSame: isSame, annotator: "ada")], method: .single,
          in: database)
      }
    }
    let object = try fixture.count(
      "SELECT physical_source_id FROM reber.same_source('a', 'a6') LIMIT 1")
    try await say("a6", "a7", true)
    #expect(try same("a", "a7", fixture) == ["a a7", "a a6", "b b6"])
    #expect(
      try fixture.count("SELECT max(physical_source_id) FROM reber.same_source('a', 'a7')")
        == object)
    try await say("b6", "a6", false)
    #expect(try same("a", "a7", fixture) == ["a a7", "a a6"])
    #expect(try same("b", "b6", fixture) == ["b b6"])
    try await say("a6", "b6", nil)
    try await say("a7", "a6", nil)
    #expect(try same("a", "a6", fixture) == ["a a6", "b b6"])
    #expect(try same("a", "a7", fixture) == ["a a7"])
    // What they said is kept, and hangs on the sources.
    await #expect(throws: PostgresError.self) {
      try await place.database.with { try $0.script("DELETE FROM reber.source_join") }
    }
    try await say("a6", "a7", true)
    var taking = TakingBack(.run(report.run - 2))
    taking.withLater = true
    let refused = taking
    let error = await #expect(throws: CatalogueError.self) {
      try await place.database.with { try refused.perform(by: place.user, in: $0) }
    }
    #expect("\(try #require(error))".contains("ada"))
  }

  @Test func aTableJoinsComponentsOnceAndKeepsWhatItCannotUse() async throws {
    let fixture = try await sky()
    let table = try fixture.file(
      "joins.csv",
      """
      survey,source,group
      a,a1,one
      a,a3,one
      b,other5,one
      b,other5,one
      a,a9,two
      a,a11,two
      a,a9,three
      a,a13,three
      a,a15,four
      d,d1,four
      a,nobody,five
      a,,five
      """)
    let place = fixture.workplace
    let report = try await place.perform(JoinImport(file: table, annotator: "ada"))
    #expect(report.metrics.joins == 2 && report.metrics.groups == 1 && report.metrics.repeated == 1)
    #expect(try same("a", "a3", fixture) == ["a a3", "a a1", "b other5"])
    #expect(
      try fixture.rejected() == [
        "joins.csv: survey, source or group is missing", "joins.csv: it stands in 2 groups",
        "joins.csv: nothing else of group 'two' can be used", "joins.csv: it stands in 2 groups",
        "joins.csv: nothing else of group 'three' can be used",
        "joins.csv: nothing else of group 'four' can be used", "joins.csv: there is no survey 'd'",
        "joins.csv: survey 'a' has no such source",
      ])
    #expect(report.metrics.rejected == 8)
    #expect(try await place.perform(JoinImport(file: table, annotator: "ada")).alreadyDone)
    let other = try await place.perform(JoinImport(file: table, annotator: "eve"))
    #expect(other.metrics.joins == 0 && other.metrics.standing == 2)
    #expect(try fixture.count("SELECT count(*) FROM reber.source_join") == 2)
    let annotators = try fixture.rows(
      "SELECT DISTINCT annotator FROM reber.identity_link", as: String.self)
    #expect(annotators == ["ada"])
    // Taken back with the run, as people's word, it is joined once more.
    var taking = TakingBack(.run(report.run))
    taking.withLabels = true
    let asked = taking
    let loss = try await place.database.with { try asked.perform(by: place.user, in: $0) }
    #expect(loss.decisions == 2 && loss.annotators == ["ada"])
    #expect(try same("a", "a3", fixture) == ["a a3"])
    let empty = try fixture.file("empty.csv", "survey,source,group\na,a1,alone\n")
    await #expect(throws: LabelError.self) { try await place.perform(JoinImport(file: empty)) }
  }

  /// What annotators say of sources of `b` now, with how they came to it.
  private func said(_ fixture: IngestFixture) throws -> [String] {
    try fixture.rows(
      """
      SELECT concat_ws(' ', source.name, class_id, annotator, method, comment)
      FROM reber.current_label
      JOIN reber.source USING (survey_id, source_id)
      JOIN reber.survey USING (survey_id)
      WHERE survey.name = 'b'
      ORDER BY source.name, annotator
      """, as: String.self)
  }

  @Test func labelsAreCarriedWithTheirOriginAndNotAgainstAPerson() async throws {
    let fixture = try await sky()
    let place = fixture.workplace
    func label(_ survey: String, _ given: [(String, Int16?, String)]) async throws {
      try await place.database.with { database in
        let survey = try Survey.named(survey, in: database)
        let keys = try Source.keys(of: survey, in: database)
        try Label.write(
          given.map { Label(source: keys[$0.0] ?? 0, classID: $0.1, annotator: $0.2) }, of: survey,
          scheme: ClassScheme.named(ClassScheme.twelveClasses, in: database), method: .single,
          run: nil, in: database)
      }
    }
    _ = try await place.perform(match(fixture))
    try await label(
      "a",
      [("a2", 1, "ada"), ("a4", 2, "ada"), ("a6", 3, "ada"), ("a7", 4, "ada"), ("a8", 5, "ada")])
    // Of these somebody says the same, something else, and the annotator has said something.
    try await label("b", [("b4", 2, "eve"), ("b6", 9, "eve"), ("b8", 6, "ada")])
    let carry = LabelCarry(from: "a", to: "b")
    let first = try await place.perform(carry)
    #expect(first.metrics.labels == 2)
    #expect(first.metrics.contradicted == 1 && first.metrics.said == 1)
    #expect(
      try said(fixture) == [
        "b2 1 ada carry a2 of a", "b4 2 ada carry a4 of a", "b4 2 eve single", "b6 9 eve single",
        "b8 6 ada single",
      ])
    let origin = try fixture.count(
      """
      SELECT count(*) FROM reber.label AS carried
      JOIN reber.label AS origin ON origin.label_id = carried.carried_from
      WHERE carried.run_id = \(first.run) AND origin.method = 'single' AND origin.class_id = carried.class_id
      """)
    #expect(origin == 2)
    // A change of mind follows, a withdrawal and a contradiction too; what is carried goes no farther.
    try await label("a", [("a2", 7, "ada"), ("a4", nil, "ada")])
    let second = try await place.perform(carry)
    #expect(second.metrics.labels == 1 && second.metrics.withdrawn == 1)
    #expect(try said(fixture).prefix(2) == ["b2 7 ada carry a2 of a", "b4 2 eve single"])
    try await label("b", [("b2", 3, "eve")])
    let third = try await place.perform(carry)
    #expect(third.metrics.labels == 0 && third.metrics.withdrawn == 1)
    #expect(try said(fixture).first == "b2 3 eve single")
    let back = try await place.perform(LabelCarry(from: "b", to: "a"))
    #expect(back.metrics.labels == 1 && back.metrics.contradicted == 2 && back.metrics.said == 1)
    await #expect(throws: CatalogueError.self) {
      try await place.perform(LabelCarry(from: "a", to: "a"))
    }
  }
}
