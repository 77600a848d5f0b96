import Astronomy
import Catalogue
import Foundation
import PostgreSQL
import TestSupport
import Testing

/// What questions read of a survey of 20,000 sources, as the server counts it: as much of ten million.
@Suite("Questions of large surveys") struct QuestionPlanTests {
  /// The address of a database that `tools/bench.d/scale.d/rows.sql` has filled.
  private static let address = Result {
    let address = try TestServer.newDatabase()
    _ = try Migration.apply(
      to: try Connection(address), folder: SharedData.repository + "/sql")
    let psql = Process()
    psql.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    psql.arguments = [
      "psql", "-qX", "-v", "n=20000", "-v", "survey=large", "-v", "dimensions=8", "-f",
      SharedData.repository + "/tools/bench.d/scale.d/rows.sql", address,
    ]
    psql.standardOutput = FileHandle.nullDevice
    try psql.run()
    psql.waitUntilExit()
    try #require(psql.terminationStatus == 0, "rows.sql fills a database")
    try publish(in: try Connection(address))
    return address
  }

  /// The catalogues of which one question is asked.
  private static let catalogues = ["large", "larger", "largest"]

  /// Publishes the survey under each name.
  private static func publish(in database: Connection) throws {
    let survey = try Survey.named("large", in: database)
    let work = try NewestWork.on(survey, in: database)
    let model = try database.row(
      "SELECT max(model_id) FROM reber.model WHERE kind = 'classifier'", as: Int.self)
    for name in catalogues {
      let publication = Publication(
        as: name, of: survey, classification: try #require(work.classification),
        model: try Model.find(.classifier, numbered: model, in: database),
        run: try Fixture.newRun(.publish, in: database), columns: [])
      let built = try publication.build(in: database)
      try Run.finish(publication.run, in: database) { try built.publish(in: $0) }
    }
  }

  private let database: Connection
  private let survey: Survey
  private let scheme: ClassScheme
  private let work: NewestWork

  init() throws {
    database = try Connection(try Self.address.get())
    try Role.annotator.take(in: database)
    try database.script("SET random_page_cost = 1.1")
    survey = try Survey.named("large", in: database)
    scheme = try ClassScheme.named(ClassScheme.twelveClasses, in: database)
    work = try NewestWork.on(survey, in: database)
  }

  private var ada: Annotation {
    Annotation(survey: survey, scheme: scheme, annotator: "annotator 0")
  }

  /// Fails where a question reads much of a large table, by an index or without.
  private func expectFew(
    _ title: String, atMost limit: Int = 3000, in database: Connection? = nil,
    location: SourceLocation = #_sourceLocation, _ ask: (Connection) throws -> Void
  ) throws {
    let database = database ?? self.database
    let (before, after) = try database.transaction { database in
      let before = try rowsRead(database)
      try ask(database)
      return (before, try rowsRead(database))
    }
    for (table, rows) in after {
      let read = rows - before[table, default: 0]
      #expect(read <= limit, "\(title) reads \(read) rows of \(table)", sourceLocation: location)
    }
  }

  /// How many rows of each large table the session has read.
  private func rowsRead(_ database: Connection) throws -> [String: Int] {
    try database.table(
      """
      SELECT relname::text, seq_tup_read + coalesce(idx_tup_fetch, 0)
      FROM pg_stat_xact_user_tables
      WHERE relname ~ '^((source|cutout|prediction|cluster_member)_[0-9]+|embedding_[0-9_]+|label|agreed)$'
          OR schemaname = 'catalogue'
      """, by: String.self, Int.self)
  }

  @Test(arguments: SourceFilter.Order.allCases)
  func pagesOfEachOrderReadAPageOfRows(_ order: SourceFilter.Order) throws {
    var filter = SourceFilter()
    filter.order = order
    let first = try filter.page(of: survey, scheme: scheme, work: work, size: 60, in: database)
    let last = try #require(first.sources.last).cell.source
    try expectFew("the first page by \(order)") {
      _ = try filter.page(of: survey, scheme: scheme, work: work, size: 60, in: $0)
    }
    try expectFew("the next page by \(order)") { database in
      let next = try filter.page(
        of: survey, scheme: scheme, work: work, at: .after(last), size: 60, in: database)
      #expect(next.all == BoundedCount(counted: 20_000))
    }
  }

  /// Going forwards and backwards gives the same pages, and all of them every source once.
  @Test(arguments: SourceFilter.Order.allCases)
  func pagesFollowEachOther(_ order: SourceFilter.Order) throws {
    var filter = SourceFilter()
    (filter.order, filter.flux) = (order, 0.1...10)
    func page(_ place: SourceFilter.Place?) throws -> [Int] {
      try filter.page(of: survey, scheme: scheme, work: work, at: place, size: 50, in: database)
        .sources.map(\.cell.source)
    }
    var pages = [try page(nil)]
    while let last = pages.last?.last { pages.append(try page(.after(last))) }
    let all = try filter.page(of: survey, scheme: scheme, work: work, size: 1, in: database).all
    #expect(Set(pages.joined()).count == all.count && pages.joined().count == all.count)
    let middle = pages.count / 2
    #expect(try page(.before(pages[middle][0])) == pages[middle - 1])
  }

  @Test func imagesNearAPlaceAreFoundByItsIndex() throws {
    let circle = SourceFilter.Cone(centre: SkyPosition(ra: 0, dec: 0), radius: 2)
    try expectFew("images near a place") {
      _ = try PlacedCutout.near(circle, of: survey, count: 16, in: $0)
    }
  }

  @Test func filtersReadWhatPasses() throws {
    var (byClass, byLabel, byCluster, byPlace) = (
      SourceFilter(), SourceFilter(), SourceFilter(), SourceFilter()
    )
    (byClass.predictedAs, byClass.probability, byClass.order) = (11, 0.9...1, .sure)
    byLabel.labelledAs = 11
    byCluster.cluster = 7
    byPlace.cone = SourceFilter.Cone(centre: SkyPosition(ra: 0, dec: 0), radius: 3)
    // One source in a hundred is in the cluster, whatever their number: 60 of them are among 6000.
    for (title, filter, limit) in [
      ("class", byClass, 3000), ("label", byLabel, 3000), ("cluster", byCluster, 8000),
      ("place", byPlace, 3000),
    ] {
      try expectFew("sources by \(title)", atMost: limit) {
        let found = try filter.page(of: survey, scheme: scheme, work: work, size: 60, in: $0)
        #expect(!found.sources.isEmpty)
      }
    }
  }

  /// Flags are few and signal to noise has an index; that a source has an image is looked up.
  @Test func newFiltersReadWhatPasses() throws {
    let sources = try database.rows(
      "SELECT source_id FROM reber.source WHERE survey_id = \(survey.id) AND source_id % 500 = 0",
      as: Int.self)
    for source in sources { try ada.remark(.artefact, of: source, in: database) }
    for source in sources.prefix(10) {
      try ada.remark(.artefact, stands: false, of: source, in: database)
    }
    var (flagged, clear, seen, unseen) = (
      SourceFilter(), SourceFilter(), SourceFilter(), SourceFilter()
    )
    (flagged.remarks, flagged.order) = (Remark.Kind.flags, .flux)
    (clear.signalToNoise, clear.order) = (500...1e9, .signal)
    (seen.hasImage, unseen.hasImage) = (true, false)
    for (title, filter, limit) in [
      ("flags", flagged, 3000), ("signal to noise", clear, 3000), ("images", seen, 25_000),
      ("no image", unseen, 20_000),
    ] {
      try expectFew("sources by \(title)", atMost: limit) {
        let (found, all) = try filter.page(
          of: survey, scheme: scheme, work: work, size: 60, in: $0)
        #expect(!found.isEmpty)
        if title == "no image" { #expect(found.count == 20 && all.count == 20) }
        if title == "flags" { #expect(all.count == found.count && all.count == sources.count - 10) }
      }
    }
  }

  /// A class that needs more than half of the probability is found by the index of the most probable ones.
  ///
  /// Other sets are looked at until 3000 pass and, to count them, 10,000, or all of them where fewer do.
  @Test func setsReadWhatPasses() throws {
    let classes = scheme.classes.map(\.id)
    let (high, low) = ([Float](repeating: 0.6, count: 12), [Float](repeating: 0.04, count: 12))
    for (wanted, thresholds, order, limit) in [
      (.holding(11), high, .name, 3000), (.only(11), high, .sure, 3000),
      (.holding(11), low, .name, 36_000), (.only(0), low, .flux, 36_000),
      (.abstaining, low, .doubtful, 36_000), (.empty, high, .signal, 36_000),
    ] as [(SetQuestion.Wanted, [Float], SourceFilter.Order, Int)] {
      var filter = SourceFilter()
      filter.order = order
      filter.set = SetQuestion(
        wanted, of: PublishedSets(coverage: 0.9, thresholds: thresholds), classes: classes)
      let truth = try counted(wanted, thresholds)
      #expect(truth > 60, "\(wanted)")
      try expectFew("sets \(wanted)", atMost: limit) {
        let (found, all) = try filter.page(
          of: survey, scheme: scheme, work: work, size: 60, in: $0)
        #expect(
          found.count == 60 && all == BoundedCount(counted: truth, bound: 10_000), "\(wanted)")
      }
    }
  }

  /// How many sets of the newest classification are so, counted one by one.
  private func counted(_ wanted: SetQuestion.Wanted, _ thresholds: [Float]) throws -> Int {
    let rows = try database.rows(
      "SELECT class_id, probabilities FROM reber.prediction WHERE run_id = \(work.classification)",
      as: Int16.self, [Float].self)
    return rows.count { said, probabilities in
      let set = scheme.classes.map(\.id).filter { probabilities[Int($0)] >= thresholds[Int($0)] }
      return switch wanted {
      case .holding(let id): set.contains(id)
      case .only(let id): set == [id]
      case .abstaining: set != [said]
      case .empty: set.isEmpty
      }
    }
  }

  private struct Undone: Error {}

  /// Where many sources lack an image they are not listed: each that passes the rest is looked up.
  @Test func imagesThatHalfOfTheSourcesLackAreLookedUp() throws {
    var (unseen, bright) = (SourceFilter(), SourceFilter())
    (unseen.hasImage, unseen.order) = (false, .flux)
    (bright.hasImage, bright.flux) = (false, 0.1...10)
    let owner = try Connection(Self.address.get())
    #expect(throws: Undone.self) {
      try owner.transaction { database in
        try database.execute(
          """
          UPDATE reber.cutout SET is_current = false
          WHERE survey_id = \(survey.id) AND source_id % 2 = 0
          """)
        let truth = try database.row(
          """
          SELECT count(*) FROM reber.source
          JOIN reber.source_without_image USING (survey_id, source_id)
          WHERE total_flux BETWEEN 0.1 AND 10
          """, as: Int.self)
        for (filter, count) in [
          (unseen, BoundedCount(counted: 10_010, bound: 10_000)),
          (bright, BoundedCount(counted: truth)),
        ] {
          try expectFew("half without image, \(filter.order)", in: database) {
            let (found, all) = try filter.page(
              of: survey, scheme: scheme, work: work, size: 60, in: $0)
            #expect(found.count == min(60, truth) && all == count)
          }
        }
        throw Undone()
      }
    }
  }

  /// What passes a filter of names is found once: the page is sorted out of it, and its number is known.
  @Test func partsOfNamesAreSoughtOnce() throws {
    var named = SourceFilter()
    named.name = "-000"
    try expectFew("a part of a name", atMost: 25_000) {
      let (found, all) = try named.page(of: survey, scheme: scheme, work: work, size: 60, in: $0)
      #expect(!found.isEmpty && found.count == min(60, all.count) && !all.isExceeded)
    }
  }

  @Test func labellingReadsAPageOfRows() throws {
    let clustering = try Clustering.find(of: survey, in: database)
    let tree = try ClusterTree(of: clustering, in: database)
    try expectFew("the queue of clusters") { _ = try ada.queue(of: tree, in: $0) }
    for cluster in [7, 198] {
      try expectFew("the montage of cluster \(cluster)", atMost: 20_000) {
        let (cells, all) = try ada.montage(
          of: cluster, in: clustering, page: 0, size: 48, database: $0)
        #expect(cells.count == 48 && all > 48)
      }
    }
    let some = try database.rows(
      "SELECT source_id FROM reber.source WHERE survey_id = \(survey.id) ORDER BY source_id DESC LIMIT 1000",
      as: Int.self)
    try ada.lookAgain(at: 0.05, in: database)
    // Of what folds contradict this survey's classifier knows nothing.
    for order in Annotation.Order.allCases where order != .contradicted {
      try expectFew("one by one: \(order)") {
        let names = try ada.unlabelled(
          by: order, work: work, excluding: [], ranking: some, count: 3, in: $0)
        #expect(names.count == 3)
      }
    }
    try expectFew("the second look") { database in
      let look = try ada.secondLook(in: database)
      #expect(look.asked > 50 && look.answered < look.asked)
    }
    try expectFew("the overview") { database in
      let state = try SurveyState.of(survey, scheme: scheme, in: database)
      #expect(state.counts.sources == 20_000 && state.made.clusters == 100)
    }
    try expectFew("handing a cluster out") { database in
      _ = try ada.lease(7, of: clustering, in: database)
      _ = try ada.leased(of: clustering, in: database)
    }
    try expectFew("progress") { _ = try LabelProgress.of(survey, scheme: scheme, in: $0) }
    try expectFew("labels by class") { _ = try scheme.labelCounts(of: survey, in: $0) }
    try expectFew("clusters") {
      _ = try clustering.summaries(scheme: scheme, unions: true, in: $0)
    }
    try expectFew("shared labels") { database in
      let shared = try SharedLabel.all(of: survey, scheme: scheme, in: database)
      #expect(shared.count == 200)
    }
  }

  @Test func surveysAndSourcesAreLookedUp() throws {
    try expectFew("counts") {
      let counts = try survey.counts(in: $0)
      #expect((counts.sources, counts.cutouts, counts.labelled) == (20_000, 19_980, 2000))
    }
    try expectFew("the newest work") { database in
      let newest = try NewestWork.on(survey, in: database)
      #expect(newest == work && newest.embedded == 2000)
    }
    try expectFew("the catalogue's runs") { database in
      let runs = try Source.runs(ofSurveyNamed: "large", in: database)
      #expect(runs.count == 1)
    }
    let name = try Source.names(of: [100], in: survey, database)[0]
    try expectFew("a source and its lineage") {
      _ = try SourceDetail.of(name, in: survey, scheme: scheme, work: work, in: $0)
      _ = try Lineage.of(source: name, in: survey, database: $0)
    }
    try expectFew("who labelled a source") {
      _ = try $0.rows(
        """
        SELECT annotator, class.name
        FROM reber.current_label
        JOIN reber.class USING (class_scheme_id, class_id)
        JOIN reber.source USING (survey_id, source_id)
        WHERE source.name = \(name)
        """, as: String.self, String.self)
    }
  }

  /// A question of all catalogues reads little of each, and finds what plain SQL finds.
  @Test func oneQuestionOfAllCataloguesReadsWhatPasses() throws {
    let source = try database.row(
      "SELECT min(source_id) + 500 FROM reber.embedding WHERE survey_id = \(survey.id)",
      as: Int.self)
    let name = try Source.names(of: [source], in: survey, database)[0]
    let alike: SQL = ", like_survey => 'large', like_source => \(name)"
    let near: SQL = "centre_ra => 20, centre_dec => -80, radius => 4"
    let inCircle = "reber.separation(ra, dec, 20, -80) <= 4"
    for (question, plain) in [
      (
        "of_class => 'amorphous', min_probability => 0.9",
        "class = 'amorphous' AND probability >= 0.9"
      ),
      (near, inCircle), ("min_flux => 0.5", "total_flux >= 0.5"),
      (
        "\(near), of_class => 'amorphous', min_probability => 0.5, min_flux => 0.002",
        "class = 'amorphous' AND probability >= 0.5 AND total_flux >= 0.002 AND \(inCircle)"
      ),
      ("min_probability => 0.99", "probability >= 0.99::real"),
    ] as [(SQL, String)] {
      let truth = try database.rows(
        """
        SELECT catalogue || ' ' || name FROM catalogue.everything
        WHERE \(raw: plain) ORDER BY probability DESC LIMIT 10000
        """, as: String.self)
      #expect(truth.count >= 3)
      try expectFew(plain) { database in
        let found = try database.rows(
          "SELECT probability FROM reber.find(\(question))", as: Float.self)
        #expect(found == found.sorted(by: >) && found.count == min(50, truth.count))
      }
      let all = try database.rows(
        "SELECT catalogue || ' ' || name FROM reber.find(\(question), how_many => 10000)",
        as: String.self)
      #expect(Set(all) == Set(truth), "\(plain)")
    }
    let distances = try database.table(
      """
      SELECT everything.catalogue || ' ' || everything.name,
          reber.cosine_distance(own.vector, other.vector)
      FROM reber.embedding AS own
      JOIN reber.embedding AS other USING (model_id, survey_id)
      JOIN reber.source ON source.survey_id = \(survey.id) AND source.source_id = other.source_id
      JOIN catalogue.everything ON everything.name = source.name
      WHERE own.source_id = \(source) AND other.source_id <> own.source_id
          AND reber.separation(everything.ra, everything.dec, 20, -80) <= 4
      """, by: String.self, Double.self)
    #expect(distances.count > 30)
    try expectFew("the most alike in a circle") { database in
      let found = try database.rows(
        """
        SELECT catalogue || ' ' || name, distance
        FROM reber.find(\(near)\(alike), how_many => 1000)
        """, as: String.self, Double.self)
      #expect(Set(found.map(\.0)) == Set(distances.keys))
      #expect(found.map(\.1) == found.map(\.1).sorted())
      for (name, distance) in found {
        #expect(abs(distance - distances[name, default: -1]) < 1e-6)
      }
    }
  }

  /// Neighbours of a class, or in a circle, are those that ranking all such sources gives.
  @Test func neighboursPassTheirFilters() throws {
    let source = try database.row(
      "SELECT min(source_id) FROM reber.embedding WHERE survey_id = \(survey.id)", as: Int.self)
    let name = try Source.names(of: [source], in: survey, database)[0]
    func ranked(_ passing: SQL) throws -> [String] {
      try database.rows(
        """
        SELECT source.name
        FROM reber.embedding AS own
        JOIN reber.embedding AS other USING (model_id, survey_id)
        JOIN reber.source ON source.survey_id = \(survey.id) AND source.source_id = other.source_id
        JOIN reber.prediction ON prediction.run_id = \(work.classification)
            AND prediction.survey_id = \(survey.id) AND prediction.source_id = other.source_id
        JOIN reber.class USING (class_scheme_id, class_id)
        WHERE own.source_id = \(source) AND other.source_id <> \(source) AND \(passing)
        ORDER BY reber.cosine_distance(own.vector, other.vector)
        LIMIT 5
        """, as: String.self)
    }
    func found(_ filter: SQL) throws -> [String] {
      try database.rows(
        "SELECT name FROM reber.neighbours('large', \(name), 5, \(filter))", as: String.self)
    }
    #expect(try found("'head-tail', NULL, NULL, NULL") == ranked("class.name = 'head-tail'"))
    #expect(
      try found("NULL, 120, -70, 15")
        == ranked("reber.separation(120, -70, source.ra, source.dec) <= 15"))
    #expect(try found("NULL").count == 5)
  }
}
