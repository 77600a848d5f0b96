import Catalogue
import Foundation
import PostgreSQL
import Stages
import StagesSupport
import TestSupport
import Testing

/// An export as a Zooniverse project gives it, of 40 volunteers and 300 subjects of ours.
@Suite("Zooniverse exports") struct ZooniverseTests {
  private static let volunteers = (0..<40).map {
    $0 < 30 ? "volunteer\($0)" : String(format: "not-logged-in-%020x", 7919 * ($0 + 1))
  }

  /// The answers of workflow 7 to task T0, by class.
  private static let answers = ["A *blob*", "Two lobes", "A ring"]

  /// What is written, beside 2,400 good votes, and what has to come of it.
  private struct Export {
    var classifications: [String] = []
    var subjects: [String] = []

    static func quoted(_ text: String) -> String {
      "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
    }

    mutating func add(
      _ annotations: String, by user: String, of subject: String, workflow: Int = 7,
      version: String = "12.34", at time: String
    ) {
      let number = 5_000_000 + classifications.count
      let data = ##"{"\##(subject)":{"retired":null,"#name":"toy?"}}"##
      classifications.append(
        [
          "\(number)", user, user.hasPrefix("not") ? "" : "\(abs(user.hashValue % 1000))", "a1b2c3",
          "\(workflow)", "Shapes", version, time, "", "",
          Export.quoted(#"{"session":"x","viewport":{"width":800}}"#),
          Export.quoted(annotations), Export.quoted(data), subject,
        ].joined(separator: ","))
    }

    func write(into folder: String) throws -> (classifications: String, subjects: String) {
      let paths = (folder + "/classifications.csv", folder + "/subjects.csv")
      let head = """
        classification_id,user_name,user_id,user_ip,workflow_id,workflow_name,workflow_version,created_at,\
        gold_standard,expert,metadata,annotations,subject_data,subject_ids
        """
      try ([head] + classifications).joined(separator: "\n").write(
        toFile: paths.0, atomically: true, encoding: .utf8)
      let other = """
        subject_id,project_id,workflow_id,subject_set_id,metadata,locations,classifications_count,retired_at,\
        retirement_reason
        """
      try ([other] + subjects).joined(separator: "\n").write(
        toFile: paths.1, atomically: true, encoding: .utf8)
      return paths
    }
  }

  private static func answer(_ text: String) -> String {
    #"[{"task":"T0","task_label":"What is it?","value":"\#(text)"},{"task":"T1","task_label":"Sure?","value":null}]"#
  }

  /// Each subject has 8 votes; the two volunteers in eight that a subject's number tells say the next class.
  private func export() -> Export {
    var export = Export()
    for index in 0..<300 {
      let subject = 900_000 + index
      let retired = index % 3 == 0 ? "2025-05-01 10:00:00 UTC,classification_count" : ","
      let metadata = Export.quoted(##"{"#name":"toy\##(index)","ra":10.5}"##)
      let places = Export.quoted(#"{"0":"https://example.org/\#(index).png"}"#)
      // A subject stands once in each workflow that shows it.
      for workflow in [7, 8] {
        export.subjects.append("\(subject),3,\(workflow),44,\(metadata),\(places),8,\(retired)")
      }
      for vote in 0..<8 {
        let shown = (index + (vote < 2 ? 1 : 0)) % 3
        export.add(
          Self.answer(Self.answers[shown]), by: Self.volunteers[(index * 8 + vote) % 40],
          of: "\(subject)", version: vote == 0 ? "11.2" : "12.34",
          at: String(format: "2025-04-%02d 1%d:00:00 UTC", 1 + index % 28, vote))
      }
    }
    return export
  }

  private func imported(
    _ paths: (classifications: String, subjects: String), _ toy: SyntheticSurvey,
    _ change: (inout LabelImport) -> Void = { _ in }
  ) async throws -> StageReport<LabelImport.Metrics> {
    var options = LabelImport(survey: "toy")
    (options.scheme, options.zooniverse) = ("toy", Zooniverse())
    options.zooniverse?.workflow = 7
    options.zooniverse?.task = "T0"
    options.classMap = ["A *blob*": "blob", "Two lobes": "double", "A ring": "ring"]
    change(&options)
    return try await toy.workplace.perform(
      LabelImportStage(file: paths.classifications, subjects: paths.subjects, options))
  }

  @Test func votesOfFortyVolunteers() async throws {
    let toy = try await SyntheticSurvey(300)
    _ = try await toy.workplace.database.with {
      try ClassScheme.add(named: "toy", classes: SyntheticSurvey.classes, in: $0)
    }
    try await withTemporaryFolder { folder in
      var export = export()
      // What is wrong, each row in its own way; then one who changes their mind, and another workflow.
      let late = "2025-06-01 00:00:00 UTC"
      export.add(Self.answer("A ring"), by: "volunteer0", of: "999", at: late)
      export.add(Self.answer("A squid"), by: "volunteer0", of: "900001", at: late)
      export.add(#"[{"task":"T0","value""#, by: "volunteer1", of: "900001", at: late)
      export.add(
        #"[{"task":"T0","value":["A ring","Two lobes"]}]"#, by: "volunteer2", of: "900001", at: late
      )
      export.add(
        #"[{"task":"T0","value":[{"x":3.5,"tool":0}]}]"#, by: "volunteer3", of: "900001", at: late)
      export.add(Self.answer("A ring"), by: "", of: "900001", at: late)
      export.add(#"[{"task":"T0","value":null}]"#, by: "volunteer4", of: "900001", at: late)
      export.add(Self.answer("A ring"), by: "volunteer0", of: "900000", at: late)
      export.add(Self.answer("Two lobes"), by: "volunteer5", of: "900001", workflow: 8, at: late)
      export.subjects.append("900300,3,7,44,\(Export.quoted("{")),,0,,")
      export.subjects.append(#"900301,3,7,44,"{""file"":""x.png""}",,0,,"#)
      let paths = try export.write(into: folder)

      let report = try await imported(paths, toy)
      let metrics = report.metrics
      #expect(metrics.labels == 2401 && metrics.annotators == 40 && metrics.sources == 300)
      #expect(metrics.superseded == 1 && metrics.unclassified == 1 && metrics.leftOut == 1)
      #expect(metrics.retired == 100 && metrics.rejected == 8)
      #expect(metrics.versions == ["11": 300, "12": 2108])
      let reasons = try await toy.texts("SELECT reason FROM reber.rejected ORDER BY rejected_id")
      #expect(
        reasons == [
          "subject 999 has no source in subjects.csv",
          "answer 'A squid' to T0 is no class of scheme 'toy': --map 'text=class' says what it means",
          "the annotations are no JSON of tasks and answers",
          "several answers to T0, and scheme 'toy' has no tags",
          "the answer to T0 is neither a text nor a list of texts", "no 'user_name'",
          "the metadata are no JSON",
          "the metadata have no name of a source: --name-key says what it is called (file)",
        ])
      try await votesAreRight(toy)

      // The same again is done already; all of it is said by whom and in which version.
      let again = try await imported(paths, toy)
      #expect(again.run == report.run)
      #expect(try await toy.numbers("SELECT count(*) FROM reber.label") == [2401])
      let anonymous = try await toy.numbers(
        """
        SELECT count(DISTINCT annotator) FROM reber.label
        WHERE annotator LIKE 'not-logged-in-%' AND comment LIKE 'Zooniverse classification %'
        """)
      #expect(anonymous == [10])
    }
  }

  /// Six of eight say what it is, but of the first source one has changed to the third class.
  private func votesAreRight(_ toy: SyntheticSurvey) async throws {
    let counts = try await toy.texts(
      "SELECT votes || '/' || all_votes || ' ' || count(*) FROM reber.consensus GROUP BY votes, all_votes ORDER BY 1"
    )
    #expect(counts == ["6/8 300"])
    let first = try await toy.texts(
      """
      SELECT class.name || ' ' || votes || ' ' || share FROM reber.vote
      JOIN reber.source USING (survey_id, source_id) JOIN reber.class USING (class_scheme_id, class_id)
      WHERE source.name IN ('toy0', 'toy1') ORDER BY source.name, class_id
      """)
    #expect(
      first == ["blob 6 0.75", "double 1 0.125", "ring 1 0.125", "double 6 0.75", "ring 2 0.25"])
    let right = try await toy.numbers(
      """
      SELECT count(*) FROM reber.consensus JOIN reber.source USING (survey_id, source_id)
      WHERE class_id = substr(name, 4)::integer % 3
      """)
    #expect(right == [300])
    // Every two volunteers who share sources share all that they have of a group of five.
    let shared = try await toy.workplace.database.with { database in
      try SharedLabel.all(
        of: Survey.named("toy", in: database), scheme: ClassScheme.named("toy", in: database),
        in: database)
    }
    #expect(shared.count == 2400 && Set(shared.map(\.annotator)).count == 40)
  }

  @Test func aChoiceThatIsOpenIsAsked() async throws {
    let toy = try await SyntheticSurvey(6)
    _ = try await toy.workplace.database.with {
      try ClassScheme.add(named: "toy", classes: SyntheticSurvey.classes, in: $0)
    }
    try await withTemporaryFolder { folder in
      var export = Export()
      export.subjects.append(#"1,3,7,44,"{""!Source"":""toy1""}",,0,,"#)
      export.add(Self.answer("A ring"), by: "a", of: "1", at: "2025")
      export.add(Self.answer("A ring"), by: "b", of: "1", workflow: 8, at: "2025")
      let paths = try export.write(into: folder)
      await #expect(
        throws: LabelError.severalWorkflows(file: paths.classifications, found: [7, 8])
      ) {
        try await imported(paths, toy) { $0.zooniverse?.workflow = nil }
      }
      await #expect(
        throws: LabelError.severalTasks(file: paths.classifications, found: ["T0", "T1"])
      ) {
        try await imported(paths, toy) { $0.zooniverse?.task = nil }
      }
      await #expect(
        throws: LabelError.unknownTask("T9", file: paths.classifications, known: ["T0", "T1"])
      ) {
        try await imported(paths, toy) { $0.zooniverse?.task = "T9" }
      }
      await #expect(throws: LabelError.self) {
        try await imported(paths, toy) { $0.zooniverse?.version = 3 }
      }
      #expect(try await imported(paths, toy).metrics.labels == 1)
    }
  }

  /// A question with several answers gives tags, within a task that consists of tasks too.
  @Test func severalAnswersAreTags() async throws {
    let toy = try await SyntheticSurvey(6)
    try await withTemporaryFolder { folder in
      _ = try await toy.workplace.database.with {
        try ClassScheme.add(
          named: "features", classes: ["bent", "hybrid"], areTags: true, in: $0)
      }
      var export = Export()
      export.subjects.append(#"1,3,7,44,"{""name"":""toy1""}",,0,,"#)
      export.add(#"[{"task":"T2","value":["bent"]}]"#, by: "a", of: "1", at: "2025-1")
      export.add(
        #"[{"task":"T9","value":[{"task":"T2","value":["hybrid","bent"]}]}]"#, by: "b", of: "1",
        at: "2025-2")
      export.add(#"[{"task":"T2","value":[]}]"#, by: "c", of: "1", at: "2025-3")
      let paths = try export.write(into: folder)
      let metrics = try await imported(paths, toy) {
        ($0.scheme, $0.classMap) = ("features", [:])
        $0.zooniverse?.task = nil
      }.metrics
      #expect(metrics.labels == 6 && metrics.byClass == ["bent": 2, "hybrid": 1])
      let votes = try await toy.texts(
        """
        SELECT class.name || ' ' || votes || '/' || all_votes FROM reber.vote
        JOIN reber.class USING (class_scheme_id, class_id) ORDER BY class_id
        """)
      #expect(votes == ["bent 2/3", "hybrid 1/3"])
    }
  }
}
