import Catalogue
import PostgreSQL
import Testing

@Suite("Labels of an annotator") struct AnnotationTests {
  /// Half of 20,000 sources are labelled; the others must not cost a walk through those labels.
  @Test func areLookedUpBySource() throws {
    let fixture = try Fixture(sources: 20_000)
    let database = fixture.database
    let scheme = try ClassScheme.named(ClassScheme.twelveClasses, in: database)
    let sources = try StoredSource.all(of: fixture.survey, in: database).map(\.id)
    try Label.write(
      sources.prefix(10_000).map { Label(source: $0, classID: 3, annotator: "Ada") },
      of: fixture.survey, scheme: scheme, method: .single, run: nil, in: database)
    let ada = Annotation(survey: fixture.survey, scheme: scheme, annotator: "Ada")
    for statistics in ["", "ANALYZE reber.label"] {
      try database.script(statistics)
      let plan = try database.rows(
        """
        EXPLAIN SELECT own.class_id
        FROM unnest(\(Array(sources.suffix(200)))) AS listed (source_id)
        LEFT JOIN LATERAL (\(ada.own(of: "listed.source_id"))) AS own ON true
        """, as: String.self
      ).joined(separator: "\n")
      #expect(plan.contains("label_current"), "\(plan)")
      #expect(!plan.contains("label_pkey") && !plan.contains("Seq Scan on label"), "\(plan)")
    }
    let cells = try ada.cells(of: [sources[0], sources[15_000]], in: database)
    #expect(cells.map(\.classID) == [3, nil])
  }
}
