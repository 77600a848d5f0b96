import Catalogue
import Foundation
import Morphology
import PostgreSQL
import Stages
import StagesSupport
import TestSupport
import Testing

/// A second data release of a survey: what stayed keeps what was said of it, what changed is listed, the first
/// one stays to be asked, and what was ingested by mistake is taken back to the last bit.
@Suite struct DataReleaseTests {
  /// Reads or makes a first release: a header, and rows.
  private struct First {
    var header: String
    var rows: [SecondRelease.Row]

    func text(_ rows: [SecondRelease.Row]) -> String {
      ([header] + rows.map(\.line)).joined(separator: "\n") + "\n"
    }

    /// 240 sources half a minute apart, over the meridian and near the pole too.
    static let generated = First(
      header: "name,ra,dec,flux",
      rows: (0..<240).map { index in
        let (column, line) = (index % 20, index / 20)
        let dec = index < 120 ? 89.9 - 0.01 * Double(line) : -0.05 + 0.01 * Double(line)
        let step = index < 120 ? 18.0 : 0.0085
        let ra = (359.93 + step * Double(column)).truncatingRemainder(dividingBy: 360)
        let place = [ra, dec].map { ($0 * 1e4).rounded() / 1e4 }
        return .init(name: "s\(index)", ra: place[0], dec: place[1], rest: ",\(index)")
      })

    /// The 928 sources of MiraBest in FIRST.
    static func miraBest() throws -> First {
      let text = try String(
        contentsOfFile: SharedData.path("first_mirabest/catalogue.csv"), encoding: .utf8)
      let lines = text.split(separator: "\n").map(String.init)
      let rows = try lines.dropFirst().map { line -> SecondRelease.Row in
        let cells = line.split(separator: ",", maxSplits: 3, omittingEmptySubsequences: false)
        return .init(
          name: String(cells[0]), ra: try #require(Double(cells[1])),
          dec: try #require(Double(cells[2])), rest: "," + cells[3])
      }
      return First(header: lines[0], rows: Array(rows))
    }
  }

  /// A change as the tests write it.
  private struct Listed: Hashable {
    var text: String
    init(_ change: ReleaseChange) {
      text =
        "\(change.formerName ?? "-") > \(change.name ?? "-"): \(change.kinds.joined(separator: " "))"
    }
  }

  /// The digests of all tables but those of the record.
  private func digests(_ fixture: IngestFixture) throws -> Set<String> {
    let database = try Connection(fixture.address)
    return Set(
      try TableDigest.all(in: database)
        .filter { !$0.table.hasPrefix("reber.correction") && $0.table != "reber.label_taken_back" }
        .map { "\($0)" })
  }

  /// Labels each source with its class, by its place in the list.
  private func label(_ rows: [SecondRelease.Row], _ fixture: IngestFixture) async throws {
    try await fixture.workplace.database.with { database in
      let survey = try Survey.named("sky", in: database)
      let keys = try Source.keys(of: survey, in: database)
      let labels = rows.enumerated().map { index, row in
        Label(source: keys[row.name] ?? 0, classID: Int16(index % 12), annotator: "ada")
      }
      try Label.write(
        labels, of: survey, scheme: ClassScheme.named(ClassScheme.twelveClasses, in: database),
        method: .single, run: nil, in: database)
    }
  }

  /// What people say of the sources of the newest release, by name.
  private func labels(_ fixture: IngestFixture) throws -> [String: Int] {
    try Connection(fixture.address).table(
      """
      SELECT source.name, class_id::bigint FROM reber.consensus
      JOIN reber.source USING (survey_id, source_id)
      WHERE source.is_listed
      """, by: String.self, Int.self)
  }

  private func check(_ first: First) async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let second = SecondRelease(of: first.rows, seed: 1937)
      _ = try await fixture.ingest(try fixture.file("dr1.csv", first.text(first.rows)))
      try await label(first.rows, fixture)
      let question: SQL =
        "SELECT source.name, source.dec FROM survey.sky JOIN reber.source USING (source_id)"
      #expect(try fixture.rows(question, as: String.self, Double.self).count == first.rows.count)
      let before = try digests(fixture)
      let classes = try labels(fixture)

      let report = try await fixture.ingest(
        try fixture.file("dr2.csv", first.text(second.rows))
      ) { $0.release = "dr2" }
      let changes = try #require(report.catalogue?.metrics.changes.release)
      #expect(changes.follows == "dr1" && changes.matchRadius == 2)
      #expect(report.sources == second.rows.count)
      #expect(changes.unchanged + changes.differing == second.stayed.count)

      // Every label that should stay stays, and none goes where it should not.
      let expected = Dictionary(
        uniqueKeysWithValues: second.stayed.map { former, now in (now, classes[former]) })
      #expect(try labels(fixture) == expected.compactMapValues(\.self))

      // What was done is listed, and nothing else.
      let database = try Connection(fixture.address)
      let survey = try Survey.named("sky", in: database)
      let listed = try ReleaseChange.all(of: survey, from: "dr1", to: "dr2", in: database)
      #expect(Set(listed.map { Listed($0).text }).symmetricDifference(second.done) == [])
      #expect(listed.allSatisfy { ($0.separation ?? 0) <= 1.001 })
      let halves = listed.filter { $0.kinds == ["split"] && $0.name == nil }
      #expect(!halves.isEmpty && halves.allSatisfy { $0.candidates.count == 2 })

      // The first release answers as it did, with its own columns.
      let former = try fixture.rows(
        """
        SELECT name, ra FROM reber.source_by_release WHERE survey = 'sky' AND release = 'dr1'
        """, as: String.self, Double.self)
      #expect(
        Dictionary(uniqueKeysWithValues: former)
          == Dictionary(
            uniqueKeysWithValues: first.rows.map { ($0.name, $0.ra) }))
      #expect(try fixture.count("SELECT count(*) FROM survey.sky_dr1") == first.rows.count)
      #expect(try fixture.count("SELECT count(*) FROM survey.sky") == second.rows.count)

      // The same again is nothing new, and a former release cannot be changed.
      let again = try await fixture.ingest(fixture.folder + "/dr2.csv") { $0.release = "dr2" }
      #expect(again.catalogue?.alreadyDone == true)
      await #expect(throws: CatalogueError.formerRelease("dr1", survey: "sky", newest: "dr2")) {
        try await fixture.ingest(fixture.folder + "/dr2.csv") { $0.release = "dr1" }
      }

      let run = try #require(report.catalogue?.run)
      let user = fixture.workplace.user
      try await fixture.workplace.database.with {
        _ = try TakingBack(.run(run)).perform(by: user, in: $0)
      }
      #expect(before.symmetricDifference(try digests(fixture)) == [])
      #expect(try labels(fixture) == classes)
    }
  }

  @Test func aReleaseOfGeneratedSources() async throws { try await check(.generated) }

  @Test(.enabled(if: SharedData.exists, "shared data are absent"))
  func aReleaseOfMiraBest() async throws { try await check(.miraBest()) }

  /// A release that is corrected, and a source that comes in beside it.
  @Test func aCatalogueAfterAReleaseAddsToIt() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      // As the commands do it, with the rights of a role.
      try await fixture.workplace.database.with { _ = try Role.pipeline.take(in: $0) }
      func ingested(_ rows: String, release: String? = nil) async throws -> Int? {
        try await fixture.ingest(fixture.file("\(rows.count).csv", "name,ra,dec\n" + rows)) {
          $0.release = release
        }.catalogue?.metrics.changes.added
      }
      _ = try await ingested("A,10,1\nB,11,1\n")
      _ = try await ingested("A,10,1\nB,11,1\nC,12,1\n", release: "dr2")
      #expect(try await ingested("Y,17,1\n", release: "dr2") == 1)
      #expect(try await ingested("Zeta,18,1\n") == 1)
      #expect(
        try fixture.rows(
          "SELECT name FROM reber.release_change WHERE kinds = '{added}' ORDER BY name",
          as: String.self)
          == ["C", "Y", "Zeta"])
    }
  }

  /// Two that stand closer than the radius are told apart by their names.
  ///
  /// Where one has lost its own, neither
  /// is taken for the other. Names may pass from one source to another.
  @Test func namesDecideWherePlacesDoNot() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      // As the commands do it, with the rights of a role.
      try await fixture.workplace.database.with { _ = try Role.pipeline.take(in: $0) }
      let arcsec = 1.0 / 3600
      func rows(_ rows: [(String, Double)]) -> String {
        "name,ra,dec\n" + rows.map { "\($0.0),10,\(String(format: "%.8f", $0.1))\n" }.joined()
      }
      _ = try await fixture.ingest(
        try fixture.file(
          "1.csv",
          rows([
            ("A", 0), ("B", arcsec), ("C", 1), ("D", 1 + arcsec), ("E", 2), ("F", 2.1),
            ("G", 3), ("H", 3 + arcsec), ("I", 4),
          ])))
      _ = try await fixture.ingest(
        try fixture.file(
          "2.csv",
          rows([
            ("A", 0.2 * arcsec), ("B", 1.2 * arcsec), ("C", 1), ("X", 1 + arcsec), ("F", 2),
            ("E", 2.1), ("G", 3 + arcsec / 2), ("I", 4.5),
          ]))
      ) { ($0.release, $0.matchRadius) = ("dr2", 1.5) }
      let database = try Connection(fixture.address)
      let listed = try ReleaseChange.all(
        of: Survey.named("sky", in: database), from: "dr1", to: "dr2", in: database)
      #expect(
        Set(listed.map { Listed($0).text }) == [
          "A > A: moved", "B > B: moved", "E > F: renamed", "F > E: renamed", "C > -: crowded",
          "D > -: crowded", "- > C: crowded", "- > X: crowded", "G > -: merged", "H > -: merged",
          "- > G: merged", "I > -: elsewhere", "- > I: elsewhere",
        ])
      #expect(listed.first { $0.formerName == "I" }?.candidates == ["I"])
      // The names of those who are no more are free.
      #expect(
        try fixture.rows(
          "SELECT name FROM reber.source WHERE is_listed ORDER BY name", as: String.self)
          == ["A", "B", "C", "E", "F", "G", "I", "X"])
      let user = fixture.workplace.user
      try await fixture.workplace.database.with {
        try $0.script("RESET ROLE")
        try Role.owner.take(in: $0)
        try Survey.named("sky", in: $0).rename(to: "heaven", by: user, in: $0)
        _ = try TakingBack(.run(2)).perform(by: user, in: $0)
      }
      #expect(
        try fixture.rows(
          "SELECT string_agg(name, '' ORDER BY name) FROM reber.source WHERE is_listed",
          as: String.self)
          == ["ABCDEFGHI"])
      #expect(try fixture.count("SELECT count(*) FROM survey.heaven") == 9)
    }
  }

  /// A source that a release dropped and a later one has again is a new one, and has its name.
  @Test func whatWasDroppedMayComeBack() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let (both, one) = ("name,ra,dec\nA,10,0\nB,20,0\n", "name,ra,dec\nA,10,0\n")
      _ = try await fixture.ingest(try fixture.file("1.csv", both))
      _ = try await fixture.ingest(try fixture.file("2.csv", one)) { $0.release = "dr2" }
      let report = try await fixture.ingest(try fixture.file("3.csv", both)) { $0.release = "dr3" }
      #expect(report.sources == 2)
      #expect(
        try fixture.rows(
          "SELECT name || ' ' || is_listed FROM reber.source ORDER BY source_id", as: String.self)
          == ["A true", "B (2 of dr2) false", "B true"])
    }
  }

  /// After a release only what is new is classified; the rest is as it was said before.
  @Test func onlyWhatIsNewIsClassified() async throws {
    let survey = try await SyntheticSurvey(24)
    let place = survey.workplace
    try await survey.label(Array(0..<24))
    _ = try await place.perform(PretrainStage.toy())
    _ = try await place.perform(FinetuneStage.toy())
    let first = try await place.perform(ClassifyStage(survey: "toy"))
    try await survey.secondRelease(dropping: [3, 7], adding: [24, 25, 26])
    var stage = ClassifyStage(survey: "toy")
    stage.onlyNew = true
    let second = try await place.perform(stage)
    #expect(!second.alreadyDone && second.metrics.carried == 22 && second.metrics.sources == 25)
    let asBefore = try await survey.numbers(
      """
      SELECT count(*) FROM reber.prediction AS now
      JOIN reber.prediction AS former USING (survey_id, source_id, cutout_id, probabilities, unlikeness)
      WHERE now.run_id = \(second.run) AND former.run_id = \(first.run)
      """)
    #expect(asBefore == [22])
    // Who was stopped when all was written goes on with the rights of a role.
    let carried = try await place.database.with { database in
      _ = try Role.pipeline.take(in: database)
      defer { try? database.script("RESET ROLE") }
      let survey = try Survey.named("toy", in: database)
      try Prediction.carry(from: first.run, to: second.run, of: survey, in: database)
      return try Prediction.carried(from: first.run, of: survey, in: database)
    }
    #expect(carried == 22)
    // Once more there is nothing new; and the whole anew says the same.
    let third = try await place.perform(stage)
    #expect(third.alreadyDone && third.run == second.run)
    let whole = try await place.perform(ClassifyStage(survey: "toy"))
    #expect(whole.metrics.carried == nil && whole.metrics.sources == 25)
    let different = try await survey.numbers(
      """
      SELECT count(*) FROM reber.prediction AS now
      JOIN reber.prediction AS former USING (survey_id, source_id)
      WHERE now.run_id = \(whole.run) AND former.run_id = \(second.run)
          AND now.probabilities <> former.probabilities
      """)
    #expect(different == [0])
    var publishing = Publishing(survey: "toy")
    (publishing.anyway, publishing.classification) = (true, second.run)
    #expect(try await place.perform(publishing).metrics.rows == 25)
    // An earlier classification has no row for what is there no more.
    (publishing.name, publishing.classification) = ("former", first.run)
    #expect(try await place.perform(publishing).metrics.rows == 22)
  }
}
