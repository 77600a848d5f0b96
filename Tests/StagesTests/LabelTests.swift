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
    _ = try await toy.workplace.pretrain(PretrainStage.toy(1))
    _ = try await toy.workplace.embed(EmbedStage(survey: "toy"))
    var stage = ClusterStage(survey: "toy")
    stage.options.clusters = 6
    _ = try await toy.workplace.cluster(stage)
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
      let some = try await toy.workplace.importLabels(from: truth, only: sheet, options)
      #expect(some.metrics.labels == 10 && some.metrics.leftOut == 21)
      let all = try await toy.workplace.importLabels(from: truth, options)
      #expect(all.metrics.labels == 30 && all.metrics.rejected == 1)
      let reasons = try await toy.texts("SELECT reason FROM reber.rejected")
      #expect(reasons == ["survey 'toy' has no such source"])

      let out = folder + "/labels.csv"
      #expect(try await toy.workplace.exportLabels(to: out, of: "toy", scheme: "toy") == 30)
      let rows = try openTable(out).rows()
      #expect(rows.count == 30 && rows[4][0] == .text("toy4") && rows[4][3] == .text("double"))
    }
  }

  @Test func anUnknownClassWritesNothing() async throws {
    let toy = try await SyntheticSurvey(6)
    try await withTemporaryFolder { folder in
      let file = folder + "/labels.csv"
      try "name,class\ntoy0,head-tail\ntoy1,spiral\n".write(
        toFile: file, atomically: true, encoding: .utf8)
      await #expect(throws: CatalogueError.self) {
        try await toy.workplace.importLabels(from: file, LabelImport(survey: "toy"))
      }
      #expect(try await toy.numbers("SELECT count(*) FROM reber.label") == [0])
    }
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
    let report = try await toy.workplace.labelCluster(label)
    #expect(report.metrics.labels == members.count - 1 && report.metrics.leftOut == 1)
    let labelled = try await toy.texts(
      "SELECT name FROM reber.labelled_source WHERE class = 'head-tail' ORDER BY name")
    #expect(labelled == Array(members.dropFirst()))
    // The root holds all.
    let root = try await toy.numbers(
      "SELECT cluster::bigint FROM reber.cluster WHERE parent IS NULL")
    let whole = LabelCluster(
      survey: "toy", cluster: root[0], className: "amorphous", annotator: "you")
    #expect(try await toy.workplace.labelCluster(whole).metrics.labels == 30)
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
