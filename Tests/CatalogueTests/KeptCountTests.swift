import Catalogue
import PostgreSQL
import TestSupport
import Testing

/// What is kept of labels and rows is what counting would give.
@Suite("Kept counts") struct KeptCountTests {
  /// Where a kept count differs from what is counted anew.
  private func differences(_ database: Connection) throws -> [String] {
    try database.rows(
      """
      WITH said AS (
          SELECT survey_id, source_id, class_scheme_id, annotator, class_id, action_id
          FROM reber.current_label
          UNION ALL
          SELECT survey_id, source_id, class_scheme_id, '', class_id, NULL FROM reber.consensus
      ), counted AS (
          SELECT survey_id, class_scheme_id, 0 AS clustering_id, -1 AS cluster, annotator, class_id,
              count(*) AS sources, count(action_id) AS acted
          FROM said
          GROUP BY survey_id, class_scheme_id, annotator, class_id
          UNION ALL
          SELECT survey_id, class_scheme_id, clustering_id, cluster, annotator, class_id,
              count(*), count(action_id)
          FROM said
          JOIN reber.cluster_member USING (survey_id, source_id)
          GROUP BY survey_id, class_scheme_id, clustering_id, cluster, annotator, class_id
      ), kept AS (
          SELECT survey_id, class_scheme_id, clustering_id, cluster, annotator, class_id,
              sum(sources)::bigint AS sources, sum(acted)::bigint AS acted
          FROM reber.label_count
          GROUP BY survey_id, class_scheme_id, clustering_id, cluster, annotator, class_id
          HAVING sum(sources) <> 0
      )
      (SELECT 'counted ' || counted FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept) AS counted)
      UNION ALL
      (SELECT 'kept ' || kept FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted) AS kept)
      UNION ALL
      SELECT 'agreed ' || agreed.source_id
      FROM reber.agreed
      LEFT JOIN LATERAL reber.agree(survey_id, source_id, class_scheme_id) AS now ON true
      WHERE (agreed.class_id, agreed.votes, agreed.all_votes, agreed.label_ids)
          IS DISTINCT FROM (now.class_id, now.votes, now.all_votes, now.label_ids)
      """, as: String.self)
  }

  private func cluster(_ sources: [Int], of fixture: Fixture) throws {
    let database = fixture.database
    let model = try database.row(
      """
      INSERT INTO reber.model (run_id, kind, description, sha256)
      VALUES (\(try Fixture.newRun(.pretrain, in: database)), 'encoder', '{}', '00')
      RETURNING model_id
      """, as: Int.self)
    _ = try Clustering.write(
      nodes: (0..<4).map {
        Clustering.Node(
          number: $0, parent: nil, height: 0, members: sources.count / 4, centroid: [0],
          medoid: nil)
      },
      members: sources.enumerated().map { index, source in
        Clustering.Member(
          source: source, cluster: index % 4, distance: 0, outlierScore: 0, isBoundary: false)
      },
      of: fixture.survey, model: model, run: Fixture.newRun(.cluster, in: database), in: database)
  }

  /// Four people at once say and withdraw what they like, of the same sources, while a clustering is
  /// written.
  @Test func labelsOfManyAtOnceAreCountedRight() async throws {
    let fixture = try Fixture(sources: 40)
    let sources = try StoredSource.all(of: fixture.survey, in: fixture.database).map(\.id)
    try cluster(sources, of: fixture)
    let (survey, address) = (fixture.survey, fixture.address)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for person in 0..<4 {
        group.addTask {
          let database = try Connection(address)
          let scheme = try ClassScheme.named(ClassScheme.twelveClasses, in: database)
          // Two of them are one annotator with two windows.
          let annotation = Annotation(
            survey: survey, scheme: scheme, annotator: "annotator \(person % 3)")
          for step in 0..<40 {
            let some = (0..<(1 + step % 5)).map { sources[(person * 7 + step * 3 + $0 * 11) % 40] }
            let said = (person + step) % 4
            _ = try annotation.label(
              Array(Set(some)), as: said == 3 ? nil : Int16(said), in: database)
            if step % 10 == 9 { _ = try annotation.undo(in: database) }
          }
        }
      }
      try cluster(sources, of: fixture)
      try await group.waitForAll()
    }
    #expect(try differences(fixture.database) == [])
  }

  @Test func importedLabelsAreCountedRight() throws {
    let fixture = try Fixture(sources: 30)
    let scheme = try ClassScheme.named(ClassScheme.twelveClasses, in: fixture.database)
    let sources = try StoredSource.all(of: fixture.survey, in: fixture.database).map(\.id)
    for annotator in ["Ada", "Bob"] {
      try Label.write(
        (sources + sources.prefix(10)).enumerated().map { index, source in
          Label(source: source, classID: Int16(index % 5), annotator: annotator)
        },
        of: fixture.survey, scheme: scheme, method: .imported, run: nil, in: fixture.database)
    }
    #expect(try differences(fixture.database) == [])
    #expect(try fixture.survey.counts(in: fixture.database).labelled == 30)
  }

  @Test func sourcesAndImagesAreCountedRight() throws {
    let fixture = try Fixture(sources: 30)
    let database = fixture.database
    #expect(
      try Source.namesWithoutImage(of: fixture.survey, atMost: 3, in: database)
        == ["s0", "s1", "s2"])
    _ = try fixture.addCutouts()
    // The second ones take the place of the first.
    _ = try fixture.addCutouts()
    var counts = try fixture.survey.counts(in: database)
    #expect((counts.sources, counts.cutouts) == (30, 30))
    #expect(try Source.namesWithoutImage(of: fixture.survey, atMost: 3, in: database) == [])
    try database.execute(
      """
      UPDATE reber.cutout SET is_current = false
      WHERE source_id IN (SELECT source_id FROM reber.source WHERE name IN ('s4', 's7'))
      """)
    counts = try fixture.survey.counts(in: database)
    #expect((counts.sources, counts.cutouts) == (30, 28))
    #expect(
      try Source.namesWithoutImage(of: fixture.survey, atMost: 3, in: database) == ["s4", "s7"])
  }

  /// Also where the planner knows nothing of labels yet, as in a first import, those of a source are looked up by it.
  @Test func labelsOfASourceAreFoundByIt() throws {
    let database = try Fixture(sources: 30).database
    try database.script("SET enable_seqscan = off")
    let plan = try database.rows(
      "EXPLAIN SELECT * FROM reber.agree(1, 1, 1, (-1)::smallint)", as: String.self)
    let used = plan.filter { $0.contains(" using ") }
    #expect(used.count == 2 && used.allSatisfy { $0.contains("label_current") }, "\(plan)")
  }
}
