import Astronomy
import Catalogue
import Foundation
import Morphology
import PostgreSQL
import Stages
import StagesSupport
import Tables
import TestSupport
import Testing

@Suite("Labels") struct LabelTests {
  private func clustered(_ count: Int) async throws -> SyntheticSurvey {
    let toy = try await SyntheticSurvey(count)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    _ = try await toy.workplace.perform(EmbedStage(survey: "toy"))
    var stage = ClusterStage(survey: "toy")
    stage.options.clusters = 6
    _ = try await toy.workplace.perform(stage)
    return toy
  }

  @Test func aSheetComesBackAsLabels() async throws {
    let toy = try await clustered(30)
    try await withTemporaryFolder { folder in
      let sheet = folder + "/sheet.csv"
      _ = try await toy.workplace.database.with {
        try ClassScheme.add(named: "toy", classes: SyntheticSurvey.classes, in: $0)
      }
      let chosen = try await toy.workplace.chooseSources(
        to: sheet, count: 10, of: "toy", scheme: "toy")
      #expect(chosen == 10)
      // The first of each cluster come first, so that few show all.
      let clusters = try openTable(sheet).rows().prefix(6).map { $0[3] }
      #expect(Set(clusters).count == clusters.count)

      let truth = folder + "/truth.csv"
      let lines = (0..<30).map { "\(SyntheticSurvey.name($0)),\(SyntheticSurvey.classes[$0 % 3])" }
      try (["name,class"] + lines + ["nobody,ring"]).joined(separator: "\n")
        .write(toFile: truth, atomically: true, encoding: .utf8)
      var options = LabelImport(survey: "toy")
      options.scheme = "toy"
      let some = try await toy.workplace.perform(
        LabelImportStage(file: truth, only: sheet, options))
      #expect(some.metrics.labels == 10 && some.metrics.leftOut == 21)
      let all = try await toy.workplace.perform(LabelImportStage(file: truth, options))
      #expect(all.metrics.labels == 30 && all.metrics.rejected == 1)
      let reasons = try await toy.texts("SELECT reason FROM reber.rejected")
      #expect(reasons == ["survey 'toy' has no such source"])

      let out = folder + "/labels.csv"
      #expect(try await toy.workplace.exportLabels(to: out, of: "toy", scheme: "toy") == 30)
      let rows = try openTable(out).rows()
      #expect(rows.count == 30 && rows[4][0] == .text("toy4") && rows[4][3] == .text("double"))
    }
  }

  /// A process that is killed between writing its rows and saying that it is done has done it.
  @Test func whatWasStoppedAtItsEndIsNotDoneTwice() async throws {
    let toy = try await clustered(12)
    try await withTemporaryFolder { folder in
      let truth = folder + "/truth.csv"
      let lines = (0..<12).map { "\(SyntheticSurvey.name($0)),ring" }
      try (["name,class"] + lines).joined(separator: "\n")
        .write(toFile: truth, atomically: true, encoding: .utf8)
      var options = LabelImport(survey: "toy")
      options.scheme = "toy"
      options.addsClasses = true
      let labels = LabelImportStage(file: truth, options)
      var clusters = ClusterStage(survey: "toy")
      clusters.options.clusters = 6
      let before = (
        try await toy.workplace.perform(labels), try await toy.workplace.perform(clusters)
      )
      _ = try await toy.workplace.database.with {
        try $0.forge(
          """
          UPDATE reber.run SET status = 'running', finished_at = NULL
          WHERE stage IN ('label', 'cluster')
          """)
      }
      let after = (
        try await toy.workplace.perform(labels), try await toy.workplace.perform(clusters)
      )
      #expect(after.0.run == before.0.run && after.0.metrics.labels == 12)
      #expect(after.1.run == before.1.run)
      #expect(after.1.metrics.clustering == before.1.metrics.clustering)
    }
    #expect(try await toy.numbers("SELECT count(*) FROM reber.label") == [12])
    #expect(try await toy.numbers("SELECT count(*) FROM reber.clustering") == [1])
    #expect(
      try await toy.numbers("SELECT count(*) FROM reber.run WHERE status <> 'finished'") == [0])
  }

  @Test func anUnknownClassWritesNothing() async throws {
    let toy = try await SyntheticSurvey(6)
    try await withTemporaryFolder { folder in
      let file = folder + "/labels.csv"
      try "name,class\ntoy0,head-tail\ntoy1,spiral\n".write(
        toFile: file, atomically: true, encoding: .utf8)
      await #expect(throws: CatalogueError.self) {
        try await toy.workplace.perform(
          LabelImportStage(file: file, LabelImport(survey: "toy")))
      }
      #expect(try await toy.numbers("SELECT count(*) FROM reber.label") == [0])
    }
  }

  /// Imports the rows of a file as labels of a survey of twelve sources.
  private func imported(
    _ lines: [String], _ toy: SyntheticSurvey, percent: Bool = false
  ) async throws -> LabelImport.Metrics {
    try await withTemporaryFolder { folder in
      let file = folder + "/labels.csv"
      try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
      var options = LabelImport(survey: "toy")
      if lines[0].contains("confidence") { options.confidenceColumn = "confidence" }
      if lines[0].contains("who") { options.annotatorColumn = "who" }
      options.confidenceIsPercent = percent
      return try await toy.workplace.perform(LabelImportStage(file: file, options)).metrics
    }
  }

  /// What `ingest --column name=A+B` calls sources, `--source-column A+B` finds again.
  @Test func namesThatColumnsMakeTogetherAreFound() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let table = try fixture.file(
        "many.csv",
        "field,number,ra,dec,kind\nF1,1,10,1,ring\nF1,2,11,1,blob\nF2,1,12,1,ring\nF2,,13,1,ring\n")
      try await fixture.ingest(table) { $0.columns = ["name": "field+number"] }
      #expect(try fixture.count("SELECT count(*) FROM reber.source") == 3)
      var options = LabelImport(survey: "sky")
      (options.scheme, options.addsClasses) = ("toy", true)
      (options.sourceColumn, options.classColumn) = ("field+number", "kind")
      let done = try await fixture.workplace.perform(LabelImportStage(file: table, options))
      #expect(done.metrics.labels == 3)
      #expect(
        try fixture.rows(
          "SELECT name FROM reber.source JOIN reber.current_label USING (survey_id, source_id) ORDER BY name",
          as: String.self) == ["F1_1", "F1_2", "F2_1"])
      options.sourceColumn = "field+missing"
      await #expect(throws: LabelError.self) {
        try await fixture.workplace.perform(LabelImportStage(file: table, options))
      }
    }
  }

  /// 1.1, 1.10 and 1.0 are three names, and no number of them is another's.
  @Test func namesThatLookLikeNumbersAreThoseOfTheirSources() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let names = ["1.0", "1.1", "1.10", "5E10"]
      let rows = names.map { "\($0),10,1,kind\($0.count)" }.joined(separator: "\n")
      let table = try fixture.file("many.csv", "name,ra,dec,kind\n" + rows)
      try await fixture.ingest(table)
      var options = LabelImport(survey: "sky")
      (options.scheme, options.addsClasses, options.classColumn) = ("toy", true, "kind")
      let done = try await fixture.workplace.perform(LabelImportStage(file: table, options))
      #expect(done.metrics.labels == 4)
      #expect(
        try fixture.rows(
          """
          SELECT source.name || ' ' || class.name FROM reber.source
          JOIN reber.current_label USING (survey_id, source_id)
          JOIN reber.class USING (class_scheme_id, class_id) ORDER BY source.name COLLATE "C"
          """, as: String.self) == ["1.0 kind3", "1.1 kind3", "1.10 kind4", "5E10 kind4"])
    }
  }

  @Test func aConfidenceThatIsNoneIsSetAsideWithItsRow() async throws {
    let toy = try await SyntheticSurvey(12)
    let metrics = try await imported(
      [
        "name,class,confidence", "toy0,head-tail,0.5", "toy1,head-tail,high", "toy2,head-tail,85",
        "toy3,head-tail,0", "toy4,head-tail,-1", "toy5,head-tail,", "toy6,head-tail,NaN",
      ], toy)
    #expect(metrics.labels == 3 && metrics.rejected == 4)
    let reasons = try await toy.texts(
      "SELECT row_number || ' ' || reason FROM reber.rejected ORDER BY rejected_id")
    #expect(
      reasons == [
        "2 confidence 'high' is no number",
        "3 confidence 85 is not in (0, 1]; if it means per cent, say --confidence-percent",
        "4 confidence 0 is not in (0, 1]", "5 confidence -1 is not in (0, 1]",
      ])
    let percent = try await imported(
      ["name,class,confidence", "toy7,head-tail,85"], toy, percent: true)
    #expect(percent.labels == 1)
    #expect(
      try await toy.numbers(
        "SELECT round(confidence * 100)::bigint FROM reber.label ORDER BY label_id DESC LIMIT 1")
        == [85])
  }

  @Test func whatMayBeMeantAndIsNotReadIsSaid() async throws {
    let toy = try await SyntheticSurvey(12)
    let plain = try await imported(["name,class", "toy0,head-tail"], toy)
    #expect(plain.warnings == nil)
    let more = try await imported(
      ["name,source,class,label,Annotator,certainty", "7,toy1,head-tail,artifact,Ann,0.3"], toy)
    let said = more.warnings?.joined(separator: "\n") ?? ""
    for words in [
      "several columns may be the source: 'source' is taken, not 'name'",
      "several columns may be the class: 'class' is taken, not 'label'",
      "say --annotator-column Annotator", "say --confidence-column certainty",
    ] { #expect(said.contains(words)) }
    let unsure = try await imported(
      ["name,class,confidence", "toy2,head-tail,", "toy3,head-tail,N/A", "toy4,head-tail,0.5"], toy)
    #expect(unsure.warnings == ["2 rows have no confidence: 1 is taken"])
    let mixed = try await imported(
      ["name,class,confidence", "toy5,head-tail,85", "toy6,head-tail,0.85"], toy, percent: true)
    #expect(mixed.warnings?.first?.hasPrefix("1 confidences are below 1 per cent") == true)
  }

  @Test func wordsThatLookLikeNumbersStayWords() async throws {
    let toy = try await SyntheticSurvey(12)
    try await withTemporaryFolder { folder in
      let file = folder + "/labels.csv"
      try "name,class,who\ntoy0,1.10,1e5\ntoy1,1.1,100000\ntoy2,2.0,7.0\n"
        .write(toFile: file, atomically: true, encoding: .utf8)
      var options = LabelImport(survey: "toy")
      (options.scheme, options.addsClasses, options.annotatorColumn) = ("toy", true, "who")
      options.classMap = ["2": "two"]
      let done = try await toy.workplace.perform(LabelImportStage(file: file, options)).metrics
      #expect(done.byClass == ["1.10": 1, "1.1": 1, "two": 1])
      #expect(
        try await toy.texts("SELECT DISTINCT annotator FROM reber.label ORDER BY 1")
          == ["100000", "1e5", "7.0"])
    }
  }

  @Test func labelsOfOtherPlacesAreSaid() async throws {
    let toy = try await SyntheticSurvey(12)
    let place = try await toy.texts(
      "SELECT ra || ',' || dec FROM reber.source WHERE name IN ('toy0', 'toy1') ORDER BY name")
    let right = try await imported(
      ["name,ra,dec,class", "toy0,\(place[0]),head-tail", "toy2,,,head-tail"], toy)
    #expect(right.warnings == nil)
    let wrong = try await imported(["name,ra,dec,class", "toy0,\(place[1]),artifact"], toy)
    #expect(wrong.warnings?.first?.hasPrefix("1 of 1 rows say a position") == true)
  }

  @Test func newClassesInSeveralSpellingsAreOne() async throws {
    let toy = try await SyntheticSurvey(12)
    try await withTemporaryFolder { folder in
      let file = folder + "/labels.csv"
      let names = ["FRI", "FR I", "fr-i", "C-", "C+", "N/A", "true"]
      try (["name,class"] + names.enumerated().map { "toy\($0),\($1)" }).joined(separator: "\n")
        .write(toFile: file, atomically: true, encoding: .utf8)
      var options = LabelImport(survey: "toy")
      (options.scheme, options.addsClasses) = ("toy", true)
      let done = try await toy.workplace.perform(LabelImportStage(file: file, options)).metrics
      #expect(done.byClass == ["FR I": 3, "C-": 1, "C+": 1, "true": 1])
      #expect(done.unclassified == 1)
      #expect(done.warnings == ["'FRI', 'fr-i' is taken for class 'FR I'"])
    }
  }

  @Test func nothingImportedIsNoSuccess() async throws {
    let toy = try await SyntheticSurvey(12)
    for lines in [["name,class,confidence", "toy5,head-tail,85"], ["name,class", "x,head-tail"]] {
      await #expect(throws: LabelError.self) { try await imported(lines, toy) }
    }
    #expect(try await toy.numbers("SELECT count(*) FROM reber.label") == [0])
  }

  @Test func classesAreKnownInAnyUsualSpelling() async throws {
    let toy = try await SyntheticSurvey(12)
    let metrics = try await imported(
      [
        "name,class", "\"toy0\",\"head-tail \"", "toy1,Head-Tail", "toy2,HEAD TAIL",
        "toy3,headtail",
      ],
      toy)
    #expect(metrics.byClass == ["head-tail": 4])
    let error = await #expect(throws: CatalogueError.self) {
      try await imported(["name,class", "toy4,haed-tail"], toy)
    }
    #expect(error.map { "\($0)".hasSuffix("is 'head-tail' meant?") } == true)
    let far = await #expect(throws: CatalogueError.self) {
      try await imported(["name,class", "toy4,spiral galaxy"], toy)
    }
    #expect(far.map { "\($0)".contains("meant") } == false)
  }

  @Test func whatAnAnnotatorSaysTwiceIsSaidOnceAndContradictionsAreSetAside() async throws {
    let toy = try await SyntheticSurvey(12)
    let metrics = try await imported(
      [
        "name,class,who", "toy0,head-tail,A", "toy0,Head-Tail,A", "toy0,amorphous,B",
        "toy1,head-tail,A", "toy1,amorphous,A", "toy1,head-tail,B",
      ], toy)
    #expect(metrics.labels == 3 && metrics.repeated == 1)
    #expect(metrics.rejected == 2 && metrics.contradictory == 2)
    let reasons = try await toy.texts("SELECT reason FROM reber.rejected ORDER BY row_number")
    #expect(
      reasons == [
        "A calls it 'head-tail' here and 'amorphous' in row 5",
        "A calls it 'amorphous' here and 'head-tail' in row 4",
      ])
  }

  @Test func aClusterIsLabelledWithoutItsOddOnes() async throws {
    let toy = try await clustered(30)
    let members = try await toy.texts(
      """
      SELECT name FROM reber.cluster_member JOIN reber.source USING (survey_id, source_id)
      WHERE cluster = 0 ORDER BY name
      """)
    var label = LabelCluster(survey: "toy", cluster: 0, className: "head-tail", annotator: "me")
    label.except = [members[0]]
    let report = try await toy.workplace.perform(label)
    #expect(report.metrics.labels == members.count - 1 && report.metrics.leftOut == 1)
    let labelled = try await toy.texts(
      "SELECT name FROM reber.labelled_source WHERE class = 'head-tail' ORDER BY name")
    #expect(labelled == Array(members.dropFirst()))
    // The root holds all.
    let root = try await toy.numbers(
      "SELECT cluster::bigint FROM reber.cluster WHERE parent IS NULL")
    let whole = LabelCluster(
      survey: "toy", cluster: root[0], className: "amorphous", annotator: "you")
    #expect(try await toy.workplace.perform(whole).metrics.labels == 30)
  }

  @Test func labelsAreAppendOnly() async throws {
    let toy = try await SyntheticSurvey(6)
    try await toy.label([0, 1])
    await #expect(throws: (any Error).self) {
      try await toy.workplace.database.with { try $0.execute("DELETE FROM reber.label") }
    }
    #expect(try await toy.numbers("SELECT count(*) FROM reber.label") == [2])
  }
}
