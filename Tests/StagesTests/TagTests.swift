import Astronomy
import Catalogue
import Foundation
import PostgreSQL
import Stages
import StagesSupport
import Tables
import TestSupport
import Testing

@Suite("Tables of tags") struct TagTests {
  private let scheme = """
    scheme: features
    tags:
      - name: bent
        key: b
      - name: hybrid
      - name: double-double
    """

  /// The survey `toy` of twelve sources, and the scheme.
  private func toy(_ folder: String) async throws -> SyntheticSurvey {
    let toy = try await SyntheticSurvey(12)
    let path = folder + "/features.yaml"
    try scheme.write(toFile: path, atomically: true, encoding: .utf8)
    let file = try SchemeFile(path)
    #expect(file.areTags)
    let written = try await toy.workplace.database.with { try file.write(in: $0) }
    #expect(written.isTags && SchemeFile(written) == file)
    #expect(try file.text().contains("tags:"))
    return toy
  }

  private func imported(
    _ lines: [String], _ toy: SyntheticSurvey, _ folder: String,
    _ change: (inout LabelImport) -> Void = { _ in }
  ) async throws -> LabelImport.Metrics {
    let file = folder + "/\(UUID().uuidString).csv"
    try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
    var options = LabelImport(survey: "toy")
    options.scheme = "features"
    change(&options)
    return try await toy.workplace.perform(LabelImportStage(file: file, options)).metrics
  }

  /// Source, annotator and tags that count now; those that do not apply behind a minus.
  private func said(_ toy: SyntheticSurvey) async throws -> [String] {
    try await toy.texts(
      """
      SELECT concat_ws(' ', source.name, annotator, confidence,
          string_agg(CASE WHEN denies THEN '-' ELSE '' END || class.name, ' ' ORDER BY class_id))
      FROM reber.current_label JOIN reber.class USING (class_scheme_id, class_id)
      JOIN reber.source USING (survey_id, source_id)
      GROUP BY source_id, source.name, annotator, confidence
      ORDER BY source_id, annotator, confidence
      """)
  }

  @Test func aColumnForEachTag() async throws {
    try await withTemporaryFolder { folder in
      let toy = try await toy(folder)
      let metrics = try await imported(
        [
          "name,Bent,double_double,who,remark", "toy0,1,0,ada,x", "toy1,False,TRUE,ada,x",
          "toy2,no,,ada,x", "toy3,,,ada,x", "toy4,maybe,1,ada,x", "nobody,1,1,ada,x",
          "toy5,1,0,ada,x", "toy5,0,0,ada,x", "toy0,1,0,ada,y", "toy0,0,0,eve,y",
        ], toy, folder
      ) { $0.annotatorColumn = "who" }
      #expect(metrics.labels == 7 && metrics.denied == 5 && metrics.unclassified == 1)
      #expect(metrics.byClass == ["bent": 1, "double-double": 1])
      #expect(metrics.rejected == 4 && metrics.contradictory == 2 && metrics.repeated == 1)
      #expect(metrics.unsaid == ["hybrid"])
      #expect(
        try await said(toy) == [
          "toy0 ada 1 bent -double-double", "toy0 eve 1 -bent -double-double",
          "toy1 ada 1 -bent double-double", "toy2 ada 1 -bent",
        ])
      #expect(
        try await toy.texts(
          "SELECT row_number || ' ' || reason FROM reber.rejected ORDER BY rejected_id")
          == [
            "5 tag 'Bent' is 'maybe', which is neither 1, true or yes nor 0, false or no",
            "6 survey 'toy' has no such source",
            "7 ada says here that 'bent' applies, and the opposite in row 8",
            "8 ada says here that 'bent' does not apply, and the opposite in row 7",
          ])

      // What goes out comes in the same, into another database.
      let other = try await self.toy(folder)
      for kind in ["csv", "fits", "vot"] {
        let out = folder + "/out." + kind
        #expect(try await toy.workplace.exportLabels(to: out, of: "toy", scheme: "features") == 4)
        var options = LabelImport(survey: "toy")
        (options.scheme, options.annotatorColumn) = ("features", "annotator")
        options.confidenceColumn = "confidence"
        _ = try await other.workplace.perform(LabelImportStage(file: out, options))
        #expect(try await said(other) == said(toy), "\(kind)")
      }
      // The same file again is done already.
      let again = try await toy.numbers("SELECT count(*) FROM reber.label")
      #expect(again == [7])
    }
  }

  @Test func aColumnOfSeveralTags() async throws {
    try await withTemporaryFolder { folder in
      let toy = try await toy(folder)
      let metrics = try await imported(
        [
          "name,code", "toy0,100", "toy1,104", "toy2,\"hybrid, Double double\"", "toy3,",
          "toy4,999",
        ], toy, folder
      ) {
        ($0.tagsColumn, $0.separator) = ("code", ",")
        $0.classMap = ["100": "", "104": "bent", "999": "bent,hybrid"]
      }
      #expect(metrics.labels == 12 && metrics.unclassified == 1)
      #expect(
        try await said(toy) == [
          "toy0 import 1 -bent -hybrid -double-double", "toy1 import 1 bent -hybrid -double-double",
          "toy2 import 1 -bent hybrid double-double", "toy4 import 1 bent hybrid -double-double",
        ])
    }
  }

  @Test func aSchemeCanBeMadeOfColumns() async throws {
    try await withTemporaryFolder { folder in
      let toy = try await toy(folder)
      _ = try await imported(["name,odd,old", "toy0,1,0"], toy, folder) {
        ($0.scheme, $0.addsClasses, $0.tagColumns) = ("more", true, ["odd", "old"])
      }
      #expect(try await said(toy) == ["toy0 import 1 odd -old"])
      // Tags do not go into classes, nor a table that has none of the tags into a scheme.
      await #expect(
        throws: CatalogueError.otherKind(scheme: ClassScheme.twelveClasses, isTags: false)
      ) {
        try await imported(["name,odd", "toy0,1"], toy, folder) {
          ($0.scheme, $0.tagColumns) = (ClassScheme.twelveClasses, ["odd"])
        }
      }
      await #expect(throws: LabelError.self) {
        try await imported(["name,class", "toy0,bent"], toy, folder)
      }
      await #expect(throws: CatalogueError.self) {
        try await imported(["name,code", "toy0,round"], toy, folder) { $0.tagsColumn = "code" }
      }
    }
  }

  /// The table of Horton and others (2025): 7,607 sources of LoTSS DR2 with 20 flags.
  @Test(.enabled(if: SharedData.exists, "shared data are absent"))
  func hortonsFlagsComeOutAsTheyWentIn() async throws {
    let path = SharedData.path(
      "lotss_dr2_horton2025/classifications_horton_et_al_2025_filtered.csv")
    let flags = [
      "fri", "frii", "hybrid", "spiral", "relaxed", "cshaped", "sshaped", "misaligned", "wings",
      "xshaped", "straight", "multihotspots", "continuous", "banding", "onesided", "restarted",
      "cluster", "merger", "diffuse", "unknown",
    ]
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try await fixture.ingest(path) { _ in }
      _ = try await fixture.workplace.database.with {
        try SchemeFile(named: "horton", classes: flags, areTags: true).write(in: $0)
      }
      var options = LabelImport(survey: "sky")
      (options.scheme, options.annotator) = ("horton", "Horton et al. 2025")
      let stage = LabelImportStage(file: path, options)
      let metrics = try await fixture.workplace.perform(stage).metrics
      #expect(metrics.labels == 7607 * 20 && metrics.rejected == 0 && metrics.unsaid == [])
      let again = try await fixture.workplace.perform(stage)
      #expect(again.metrics.labels == metrics.labels)
      #expect(try fixture.count("SELECT count(*) FROM reber.label") == 7607 * 20)

      let out = folder + "/out.csv"
      #expect(
        try await fixture.workplace.exportLabels(to: out, of: "sky", scheme: "horton") == 7607)
      #expect(
        try values(of: flags, in: out, by: "name") == values(of: flags, in: path, by: "Source_Name")
      )
    }
  }

  /// The cells of some columns by source.
  private func values(of columns: [String], in path: String, by name: String) throws -> [Value:
    [Value]]
  {
    let table = try openTable(path)
    let names = table.columns.map(\.name)
    let places = columns.compactMap(names.firstIndex)
    let key = try #require(names.firstIndex(of: name))
    return Dictionary(
      try table.rows().map { row in (row[key], places.map { row[$0] }) }, uniquingKeysWith: { $1 })
  }
}
