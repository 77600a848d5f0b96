import Catalogue
import PostgreSQL
import Testing

/// A source may have several tags, each of which an annotator can put on and take off.
@Suite("Tags") struct TagTests {
  private let fixture: Fixture
  private let scheme: ClassScheme
  private let sources: [Int]

  private var database: Connection { fixture.database }

  init() throws {
    fixture = try Fixture(sources: 6)
    scheme = try ClassScheme.add(
      named: "features", classes: ["bent", "hybrid", "double-double"], areTags: true,
      in: fixture.database)
    sources = try fixture.database.rows(
      "SELECT source_id FROM reber.source ORDER BY source_id", as: Int.self)
  }

  private func say(_ labels: [(source: Int, tag: Int16, applies: Bool?, who: String)]) throws {
    try Label.write(
      labels.map {
        Label(source: sources[$0.source], tag: $0.tag, applies: $0.applies, annotator: $0.who)
      },
      of: fixture.survey, scheme: scheme, method: .single, run: nil, in: database)
  }

  private func annotation(_ name: String) -> Annotation {
    Annotation(survey: fixture.survey, scheme: scheme, annotator: name)
  }

  /// Sources, by their place, and the tags that annotators agree they have.
  private func agreed() throws -> [String] {
    try database.rows(
      """
      SELECT (source_id - \(sources[0])) || ' ' || class.name || ' ' || votes || '/' || all_votes
      FROM reber.consensus JOIN reber.class USING (class_scheme_id, class_id)
      ORDER BY source_id, class_id
      """, as: String.self)
  }

  @Test func arePutOnAndTakenOff() throws {
    try say([(0, 0, true, "ada"), (0, 1, true, "ada"), (0, 2, false, "ada"), (1, 0, true, "ada")])
    #expect(try agreed() == ["0 bent 1/1", "0 hybrid 1/1", "1 bent 1/1"])
    #expect(try annotation("ada").tags(of: sources[0], in: database) == [0, 1])

    // A later label of the same annotator and tag counts; the other tags stay.
    try say([(0, 1, false, "ada")])
    #expect(try agreed() == ["0 bent 1/1", "1 bent 1/1"])
    // Of a tie a tag does not apply.
    try say([(0, 0, false, "eve"), (0, 1, true, "eve"), (1, 0, true, "eve")])
    #expect(try agreed() == ["1 bent 2/2"])
    try say([(0, 0, true, "kim")])
    #expect(try agreed() == ["0 bent 2/3", "1 bent 2/2"])
    // A withdrawal leaves the others' word.
    try say([(1, 0, nil, "ada")])
    #expect(try agreed() == ["0 bent 2/3", "1 bent 1/1"])
    #expect(try scheme.labelCounts(of: fixture.survey, in: database).map(\.sources) == [2, 0, 0])
    let progress = try LabelProgress.of(fixture.survey, scheme: scheme, in: database)
    #expect(progress.labelled == 2)
    #expect(try fixture.survey.counts(in: database).labelled == 2)
    #expect(
      progress.counts.map { "\($0.annotator) \($0.classID) \($0.sources)" } == [
        "ada 0 1", "eve 0 1", "eve 1 1", "kim 0 1",
      ])
    try keptIsCounted()
  }

  /// What the trigger keeps is what counting anew gives.
  private func keptIsCounted() throws {
    let kept: SQL = """
      SELECT string_agg(row::text, ' ' ORDER BY row::text) FROM (
          SELECT class_id, annotator, sum(sources), sum(acted) FROM reber.label_count
          GROUP BY class_id, annotator HAVING sum(sources) <> 0
          UNION ALL
          SELECT class_id, source_id || ' ' || tag || ' ' || coalesce(denies, false), votes, all_votes
          FROM reber.agreed
      ) AS row
      """
    let before = try database.row(kept, as: String.self)
    try database.execute("SELECT reber.recount_labels(\(fixture.survey.id)::integer)")
    #expect(try database.row(kept, as: String.self) == before)
  }

  @Test func aPersonSaysAllAtOnceAndTakesItBack() throws {
    let ada = annotation("Ada")
    let first = try ada.tag(sources[2], with: [1], in: database)
    #expect(first.labels == 3 && first.source == sources[2])
    #expect(try ada.tags(of: sources[2], in: database) == [1])
    // Only what is new is written.
    #expect(try ada.tag(sources[2], with: [0, 1], in: database).labels == 1)
    #expect(try ada.tags(of: sources[2], in: database) == [0, 1])
    #expect(try ada.undo(in: database)?.source == sources[2])
    #expect(try ada.tags(of: sources[2], in: database) == [1])
    #expect(try ada.untag(sources[2], in: database).labels == 3)
    #expect(try ada.tags(of: sources[2], in: database) == nil)
    _ = try ada.undo(in: database)
    #expect(try ada.tags(of: sources[2], in: database) == [1])
    _ = try ada.undo(in: database)
    #expect(try ada.tags(of: sources[2], in: database) == nil)
    #expect(try agreed() == [])
    // A source without any tag is labelled too.
    _ = try ada.tag(sources[3], with: [], in: database)
    #expect(try ada.tags(of: sources[3], in: database) == [])
    #expect(try fixture.survey.counts(in: database).labelled == 1)
    #expect(
      try database.row(
        "SELECT count(*) FROM reber.cluster_purity WHERE class_scheme_id = \(scheme.id)",
        as: Int.self) == 0)
    try keptIsCounted()
  }

  @Test func mergedTagsApplyWhereOneDid() throws {
    try say([
      (0, 0, true, "ada"), (0, 1, false, "ada"), (1, 0, false, "ada"), (1, 1, false, "ada"),
      (2, 1, true, "eve"), (3, 2, true, "eve"),
    ])
    _ = try scheme.merge(
      ["bent", "hybrid"], into: "odd", because: "too alike", by: Fixture.user, in: database)
    #expect(try agreed() == ["0 odd 1/1", "2 odd 1/1", "3 double-double 1/1"])
    let denied = try database.rows(
      "SELECT source_id FROM reber.current_label WHERE denies", as: Int.self)
    #expect(denied == [sources[1]])
    try keptIsCounted()
  }

  @Test func areNotMixedWithClassesOfWhichASourceHasOne() throws {
    #expect(throws: PostgresError.self) {
      try Label.write(
        [Label(source: sources[0], classID: 0, annotator: "ada")], of: fixture.survey,
        scheme: scheme, method: .single, run: nil, in: database)
    }
    let classes = try ClassScheme.named(ClassScheme.twelveClasses, in: database)
    #expect(throws: PostgresError.self) {
      try Label.write(
        [Label(source: sources[0], tag: 0, applies: true, annotator: "ada")], of: fixture.survey,
        scheme: classes, method: .single, run: nil, in: database)
    }
    #expect(throws: CatalogueError.otherKind(scheme: "features", isTags: true)) {
      try ClassScheme.add(named: "features", classes: ["odd"], areTags: false, in: database)
    }
    #expect(throws: CatalogueError.severalTags(scheme: "features", "a test")) {
      try scheme.checkOneClass(for: "a test")
    }
  }
}
