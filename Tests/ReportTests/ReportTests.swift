import Astronomy
import Catalogue
import Foundation
import PNG
import PostgreSQL
import Report
import Stages
import StagesSupport
import Tables
import TestSupport
import Testing

@Suite("Report of an evaluation") struct ReportTests {
  /// A class, and a source, that would be markup if they were not escaped.
  private static let hostile = "<&\"\u{301}ring"

  /// A small survey that is classified, with all sources labelled, and half of them learned.
  private func classified(embedded: Bool) async throws -> SyntheticSurvey {
    let toy = try await SyntheticSurvey(60)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    if embedded { _ = try await toy.workplace.perform(EmbedStage(survey: "toy")) }
    try await toy.label(Array(0..<30))
    _ = try await toy.workplace.perform(FinetuneStage.toy())
    try await toy.label(Array(30..<60))
    try await toy.workplace.database.with { database in
      _ = try database.execute(
        "UPDATE reber.class SET name = \(Self.hostile) WHERE name = 'ring'")
      _ = try database.execute(
        """
        UPDATE reber.source SET name = \(Self.hostile) || name WHERE name <> 'toy0'
        """)
    }
    _ = try await toy.workplace.perform(ClassifyStage(survey: "toy"))
    return toy
  }

  private func write(
    _ toy: SyntheticSurvey, to folder: String
  ) async throws -> (evaluation: StageReport<EvaluateStage.Metrics>, page: String) {
    let stage = EvaluateStage(survey: "toy")
    let evaluation = try await toy.workplace.perform(stage)
    let place = try ReportFolder(folder)
    try await toy.workplace.write(reportOf: evaluation, of: stage, to: place)
    return (evaluation, try String(contentsOfFile: place.page, encoding: .utf8))
  }

  @Test func theePageStandsAlone() async throws {
    let toy = try await classified(embedded: true)
    try await withTemporaryFolder { folder in
      let (evaluation, text) = try await write(toy, to: folder + "/deep/report")
      let page = try Document(text)
      #expect(page.elements.first?.name == "html")
      #expect(!page.elements.contains { ["script", "link", "iframe"].contains($0.name) })
      for element in page.elements {
        for name in ["src", "href"] {
          if let address = element.attributes[name] { _ = try png(in: address) }
        }
      }
      #expect(!text.contains("url("))
      let titles = page.elements.filter { $0.name == "h2" }.map(\.text)
      #expect(titles.count == 8)
      #expect(
        titles.contains("Reliability by S/N and by size") && titles.contains("Sets of classes"))
      for figure in ["Confusion matrix", "Reliability diagram", "Scores against coverage"] {
        #expect(page.elements.contains { $0.name == "title" && $0.text == figure })
      }
      #expect(page.text.contains("None of them was learned from"))
      #expect(page.text.contains("evaluation \(evaluation.run)"))
      #expect(page.text.contains("Reber test"))
      #expect(page.text.contains("on 30 sources"))
      try checkMontages(page, try await judged(toy, evaluation.run))
      try await checkScores(page, toy, evaluation.run)
      // A map of all, and one of those that were judged.
      #expect(page.elements.count { $0.name == "svg" } == 5 + 3)
      try await checkTables(folder + "/deep/report", toy, evaluation)
      let (again, same) = try await write(toy, to: folder + "/again")
      #expect(again.alreadyDone && same == text)
    }
  }

  private func judged(_ toy: SyntheticSurvey, _ run: Int) async throws -> [JudgedSource] {
    try await toy.workplace.database.with { database in
      try JudgedSource.all(of: Survey.named("toy", in: database), run: run, in: database)
    }
  }

  private func checkMontages(_ page: Document, _ judged: [JudgedSource]) throws {
    let items = page.elements.filter { $0.name == "li" && $0.attributes["class"] != nil }
    var shown = 0
    for (predicted, sources) in Dictionary(grouping: judged, by: \.predicted) {
      let own = items.filter { $0.text.contains("\(predicted), p = ") }
      #expect(own.count == min(12, sources.count))
      shown += own.count
    }
    #expect(items.count == shown)
    for item in items {
      let source = try #require(judged.first { item.text.hasPrefix($0.name + $0.predicted) })
      #expect(item.attributes["class"] == (source.isRight ? "right" : "wrong"))
      #expect(item.text.hasSuffix((source.isRight ? "" : "× ") + "is \(source.truth)"))
    }
    let pictures = page.elements.filter { $0.name == "img" }
    #expect(pictures.count == shown)
    let first = try PNGImage(png(in: pictures[0].attributes["src"] ?? ""), named: "picture")
    #expect(first.width == 16 && first.height == 16)
    // A source, dark, on the sky, white.
    #expect(first.values.contains(0) && first.values.count { $0 == 255 } > 64)
  }

  /// The table's F1 against what SQL makes of the judged sources.
  private func checkScores(_ page: Document, _ toy: SyntheticSurvey, _ run: Int) async throws {
    let expected = try await toy.workplace.database.with { database in
      try database.rows(
        """
        SELECT class.name,
            (2 * count(*) FILTER (WHERE truth = class.name AND is_right))::float8 / (
                count(*) FILTER (WHERE truth = class.name)
                + count(*) FILTER (WHERE predicted = class.name)
            )
        FROM reber.class
        JOIN reber.class_scheme USING (class_scheme_id)
        CROSS JOIN (SELECT * FROM reber.judgement WHERE run_id = \(run)) AS judgement
        WHERE class_scheme.name = 'toy'
        GROUP BY class.name
        """, as: String.self, Double.self)
    }
    // The first table: its head, three classes and their mean.
    let rows = page.elements.filter { $0.name == "tr" }.map(\.text).prefix(5)
    #expect(rows.last?.hasPrefix("macro average") == true && expected.count == 3)
    for (name, f1) in expected {
      let row = try #require(rows.first { $0.hasPrefix(name) })
      // Either way of rounding a half.
      #expect(
        [f1 - 1e-6, f1 + 1e-6].contains { row.contains(String(format: "%.2f", $0)) },
        "\(name) \(f1) in \(row)")
    }
  }

  private func checkTables(
    _ folder: String, _ toy: SyntheticSurvey, _ evaluation: StageReport<EvaluateStage.Metrics>
  ) async throws {
    let run = evaluation.run
    for (file, table, rows) in [
      ("scores", "evaluation", 12), ("confusion", "confusion", nil),
      ("reliability", "reliability", 15),
      ("coverage", "coverage", nil), ("sources", "judged", 30),
    ] {
      let stored = try await toy.numbers(
        "SELECT count(*) FROM reber.\(identifier: table) WHERE run_id = \(run)")
      #expect(try openTable("\(folder)/\(file).csv").rows().count == stored[0], "\(file)")
      if let rows { #expect(stored == [rows]) }
    }
    let sources = try openTable(folder + "/sources.csv").rows()
    let judged = try await judged(toy, run)
    for (row, source) in zip(sources, judged) {
      #expect(row[0] == .text(source.name) && row[3] == .text(source.predicted))
      #expect(row[2] == .real(20) && row[5] == .text(source.truth))
    }
    let last = try openTable(folder + "/coverage.csv").rows().last
    #expect(last?[1] == .integer(30) && last?[2] == .real(1))
    #expect(last?[3] == .real(evaluation.metrics.accuracy))
    #expect(last?[4] == .real(evaluation.metrics.macroF1))
  }

  @Test func withoutEmbeddingsThePageSaysSo() async throws {
    let toy = try await classified(embedded: false)
    try await withTemporaryFolder { folder in
      let (evaluation, text) = try await write(toy, to: folder)
      #expect(try Document(text).text.contains("There are no embeddings of this survey"))
      // As an evaluation of an earlier version would be.
      try await toy.workplace.database.with {
        try $0.forge("DELETE FROM reber.judged WHERE run_id = \(evaluation.run)")
      }
      await #expect(throws: ReportError.nothingKept(run: evaluation.run)) {
        try await write(toy, to: folder)
      }
    }
  }

  @Test func aFolderThatCannotBeIsToldBeforeTheWork() throws {
    #expect(throws: ReportError.self) { try ReportFolder("/proc/no/such") }
  }
}
