import Catalogue
import Foundation
import Morphology
import PostgreSQL
import StagesSupport
import Tensor
import TestSupport
import Testing

@testable import Stages

/// Points of embeddings in the principal space of their model, and the neighbours that SQL finds among them.
@Suite struct PointsTests {
  /// Vectors in three loose heaps, `[count, 24]`.
  private static func vectors(_ count: Int, seed: UInt64 = 5) -> [[Float]] {
    (0..<count).map { index in
      var random = RandomStream(seed, index)
      let heap = (0..<24).map { column -> Float in
        var shared = RandomStream(99, index % 3, column)
        return shared.normal()
      }
      return heap.map { $0 + random.normal() * 0.7 }
    }
  }

  /// A survey whose images an encoder has embedded as given, in the order of its sources.
  private struct Embedded {
    let address: String
    let database: Connection
    let survey: Survey
    let model: Catalogue.Model
    let vectors: [[Float]]

    init(_ vectors: [[Float]]) async throws {
      let toy = try await SyntheticSurvey(vectors.count)
      address = toy.address
      database = try Connection(address)
      self.vectors = vectors
      survey = try Survey.named("toy", in: database)
      let run = try Self.run(of: .pretrain, in: database)
      let id = try Catalogue.Model.write(
        run: run, kind: .encoder, description: JSON(text: "{}"), weights: [1], sha256: "00",
        in: database)
      model = try .find(.encoder, numbered: id, in: database)
      try write(0..<vectors.count, run: run)
    }

    static func run(of stage: StageName, in database: Connection) throws -> Int {
      let work = try Work(stage: stage, parameters: JSON(text: "{\"test\":\"\(UUID())\"}"))
      let user = Operator(codeVersion: "test", host: "here", account: "tester")
      guard case .new(let run) = try Run.open(work, by: user, in: database) else {
        throw CancellationError()
      }
      return run
    }

    func write(_ rows: Range<Int>, run: Int) throws {
      let cutouts = try database.rows(
        "SELECT cutout_id, source_id FROM reber.cutout ORDER BY source_id", as: Int.self, Int.self)
      try model.beginEmbeddings(of: survey, in: database)
      try model.write(
        rows.map {
          Embedding(cutout: cutouts[$0].0, source: cutouts[$0].1, vector: vectors[$0])
        }, of: survey, run: run, in: database)
      try model.finishEmbeddings(of: survey, in: database)
      try model.leaveEmbeddings(of: survey, in: database)
    }

    func makePoints() throws {
      try Catalogue.Model.makeMissingPoints(telling: Silence(), in: database)
    }

    func neighbours(_ source: Int, _ count: Int, _ filter: SQL = "NULL") throws -> [String] {
      try database.rows(
        """
        SELECT name FROM reber.neighbours('toy', \(SyntheticSurvey.name(source)), \(Int32(count)), \(filter))
        """, as: String.self)
    }

    /// The same by going through all points in the principal space.
    func ranked(_ source: Int, _ count: Int, where passes: (Int) -> Bool = { _ in true }) throws
      -> [String]
    {
      let all = Tensor(shape: [vectors.count, 24], values: vectors.flatMap(\.self))
      let points = try all.inPrincipalSpace()
      let found = nearestNeighbours(
        of: points.rows(at: [source]), in: points, count: vectors.count)
      return found.of(0).map(Int.init).filter { $0 != source && passes($0) }.prefix(count)
        .map(SyntheticSurvey.name)
    }
  }

  @Test func neighboursAreThoseOfThePrincipalSpace() async throws {
    let sky = try await Embedded(Self.vectors(600))
    let before = try sky.neighbours(4, 8)
    try sky.makePoints()
    let cells = try sky.database.row("SELECT count(*) FROM reber.cell", as: Int.self)
    #expect(cells == 24)
    for source in 0..<8 { #expect(try sky.neighbours(source, 10) == sky.ranked(source, 10)) }
    #expect(try sky.neighbours(4, 8) != before)
    #expect(try sky.neighbours(4, 599) == sky.ranked(4, 599))
  }

  /// Of many sources those in the nearest cells are compared, which hold nearly all that are most alike; with more effort
  /// all are.
  @Test func theNearestCellsHoldTheMostAlike() async throws {
    let sky = try await Embedded(Self.vectors(600))
    try sky.makePoints()
    // As if there were so many that eight cells are enough.
    try sky.database.execute("UPDATE reber.point_set SET points = 1000000")
    var hits = 0
    for source in 0..<40 {
      hits += try Set(sky.neighbours(source, 10)).intersection(sky.ranked(source, 10)).count
    }
    #expect((340..<400).contains(hits), "\(hits) of 400")
    #expect(try sky.neighbours(4, 300) == sky.ranked(4, 300))
  }

  /// What a filter leaves out is made up for by other cells; of a circle all sources are compared.
  @Test func filtersAreMadeUpFor() async throws {
    let sky = try await Embedded(Self.vectors(600))
    try sky.makePoints()
    // 0.1 degrees apart at declination 20: a hundred sources, none near the first.
    let circle: SQL = "NULL, 45, 20, 4.7"
    let inside = { (index: Int) in
      let apart = abs(10 + 0.1 * Double(index) - 45) * cos(20 * Double.pi / 180)
      return apart <= 4.6
    }
    let found = try sky.neighbours(4, 10, circle)
    #expect(try found == sky.ranked(4, 10, where: inside))
    #expect(try sky.neighbours(4, 10, "'amorphous'").isEmpty)
  }

  /// Of many published rows those in the nearest cells are ranked, which finds what ranking all does.
  @Test func manyPublishedRowsAreRankedByCells() async throws {
    let sky = try await Embedded(Self.vectors(4200))
    try sky.makePoints()
    let run = try sky.database.row("SELECT max(run_id) FROM reber.run", as: Int.self)
    try sky.database.script(
      """
      CREATE TABLE catalogue.toy AS
      SELECT name, ra, "dec", total_flux, 'blob' AS class, 0.9::real AS probability
      FROM reber.source;
      CREATE INDEX ON catalogue.toy (name);
      INSERT INTO reber.catalogue (name, run_id, classification_run_id, survey_id, rows, sha256)
      SELECT 'toy', \(run), \(run), survey_id, 4200, repeat('a', 64) FROM reber.survey;
      """)
    let found = try sky.database.rows(
      "SELECT name FROM reber.find(like_survey => 'toy', like_source => \(SyntheticSurvey.name(4)))",
      as: String.self)
    #expect(try found == sky.ranked(4, 50))
  }

  /// A model's points are whole or not asked; those of embeddings that are new are made, and a model that has
  /// embedded twice as much gets another space.
  @Test func pointsFollowEmbeddings() async throws {
    let vectors = Self.vectors(300)
    let sky = try await Embedded(Array(vectors))
    func advice() throws -> [String] {
      try Examination(migrations: SharedData.repository + "/sql").findings(in: sky.database)
        .filter { ["points", "left-overs"].contains($0.subject) && $0.level != .fine }.map(\.text)
    }
    #expect(try advice().map { $0.contains("model \(sky.model.id) of survey 'toy'") } == [true])
    try sky.makePoints()
    #expect(try advice().isEmpty)
    func state() throws -> (points: Int, stale: Bool, madeOf: Int) {
      try sky.database.row(
        "SELECT points, stale > 0, made_of FROM reber.point_set JOIN reber.space USING (model_id)",
        as: Int.self, Bool.self, Int.self)
    }
    #expect(try state() == (300, false, 300))
    try sky.makePoints()
    try sky.model.finishEmbeddings(of: sky.survey, in: sky.database)
    #expect(try state() == (300, true, 300))
    #expect(try sky.neighbours(4, 5).count == 5)
    try sky.makePoints()
    #expect(try state() == (300, false, 300))
    try sky.database.execute("UPDATE reber.space SET made_of = 100")
    try sky.model.finishEmbeddings(of: sky.survey, in: sky.database)
    try sky.makePoints()
    #expect(try state() == (300, false, 300))
    // What a process that was killed left half made is no obstacle, and is made.
    try sky.model.finishEmbeddings(of: sky.survey, in: sky.database)
    #expect(throws: CancellationError.self) {
      try sky.model.replacePoints(of: sky.survey, centres: [[1]], in: sky.database) {
        throw CancellationError()
      }
    }
    #expect(try state() == (300, true, 300))
    try sky.makePoints()
    #expect(try state() == (300, false, 300))
    #expect(try advice().isEmpty)
  }

  /// Whatever is asked, an answer comes: of points that are all alike, of all, of none.
  @Test func anAnswerAlwaysComes() async throws {
    let sky = try await Embedded(Array(repeating: Array(repeating: 1, count: 24), count: 40))
    try sky.makePoints()
    #expect(try sky.neighbours(4, 5).count == 5)
    let other = try await Embedded(Self.vectors(60))
    try other.makePoints()
    let name = SyntheticSurvey.name(4)
    func count(_ rest: SQL) throws -> Int {
      try other.database.row(
        "SELECT count(*) FROM reber.most_alike('toy', \(name), \(rest))", as: Int.self)
    }
    #expect(try count("NULL") == 59)
    #expect(try count("2147483647, 'head-tail'") == 0)
    #expect(try count("5, 'no class'") == 0)
    #expect(try count("5, of_survey => 'elsewhere'") == 0)
    // Another survey of the model is about to be embedded: it has no table yet.
    let survey = try Survey.add(named: "next", in: other.database)
    try other.database.execute(
      "INSERT INTO reber.embedding_count VALUES (\(survey.id), \(other.model.id), 0)")
    #expect(try count("5") == 5)
    try other.database.execute("DELETE FROM reber.space")
    #expect(try count("5") == 5)
  }

  /// What is embedded while points are made gets its own behind them; what somebody embeds for longer keeps nobody.
  @Test func whatIsEmbeddedMeanwhileIsSeen() async throws {
    let sky = try await Embedded(Self.vectors(60))
    let other = try Connection(sky.address)
    var rounds = 0
    var isMadeBeside = true
    let isMade = try sky.model.makePoints(in: sky.database) { database in
      isMadeBeside = try sky.model.makePoints(in: other) { _ in rounds += 1 }
    }
    #expect(isMade && !isMadeBeside && rounds == 0)
    try sky.makePoints()
    try sky.model.replacePoints(of: sky.survey, centres: [[1]], in: sky.database) {
      try sky.model.finishEmbeddings(of: sky.survey, in: other)
      return []
    }
    #expect(try sky.model.surveysWithoutPoints(in: sky.database).map(\.embeddings) == [60])
    // As if half of them had been embedded so far.
    try sky.database.execute("UPDATE reber.embedding_count SET embeddings = 120")
    try sky.makePoints()
    #expect(try sky.database.row("SELECT points FROM reber.point_set", as: Int.self) == 60)
  }

  /// An embed whose rows were removed since is done again.
  @Test func anEmbedWhoseRowsAreGoneIsDoneAgain() async throws {
    let toy = try await SyntheticSurvey(24)
    _ = try await toy.workplace.perform(PretrainStage.toy())
    let first = try await toy.workplace.perform(EmbedStage(survey: "toy"))
    #expect(try await toy.workplace.perform(EmbedStage(survey: "toy")).run == first.run)
    let database = try Connection(toy.address)
    let survey = try Survey.named("toy", in: database)
    let model = try Catalogue.Model.find(.encoder, numbered: first.metrics.model, in: database)
    #expect(try model.removeEmbeddings(of: survey, madeBy: [first.run], in: database) == 24)
    let again = try await toy.workplace.perform(EmbedStage(survey: "toy"))
    #expect(again.run != first.run && again.metrics.added == 24)
    #expect(try model.surveysWithoutPoints(in: database).isEmpty)
  }

  /// A space goes with the embeddings that it was found from.
  @Test func aSpaceGoesWithItsEmbeddings() async throws {
    let sky = try await Embedded(Self.vectors(60))
    try sky.makePoints()
    let axes = try sky.model.space(in: sky.database)?.axes
    let run = try sky.database.row("SELECT max(run_id) FROM reber.embedding", as: Int.self)
    try sky.model.beginEmbeddings(of: sky.survey, in: sky.database)
    #expect(try sky.model.removeEmbeddings(of: sky.survey, madeBy: [run], in: sky.database) == 60)
    #expect(try sky.model.space(in: sky.database)?.madeOf == 0)
    let cutouts = try sky.database.rows(
      "SELECT cutout_id, source_id FROM reber.cutout ORDER BY source_id", as: Int.self, Int.self)
    try sky.model.write(
      zip(cutouts, Self.vectors(60, seed: 8)).map {
        Embedding(cutout: $0.0, source: $0.1, vector: $1)
      }, of: sky.survey, run: run, in: sky.database)
    try sky.model.finishEmbeddings(of: sky.survey, in: sky.database)
    try sky.model.leaveEmbeddings(of: sky.survey, in: sky.database)
    try sky.makePoints()
    let after = try #require(try sky.model.space(in: sky.database))
    #expect(after.axes != axes && after.madeOf == 60)
  }

  /// Who asks while points are made anew has those before, also in a transaction that began long ago.
  @Test func whoAsksHasThePointsBefore() async throws {
    let sky = try await Embedded(Self.vectors(300))
    try sky.makePoints()
    let wanted = try sky.neighbours(4, 5)
    try sky.database.script("BEGIN ISOLATION LEVEL REPEATABLE READ")
    #expect(try sky.neighbours(4, 5) == wanted)
    let other = try Connection(sky.address)
    try sky.model.finishEmbeddings(of: sky.survey, in: other)
    try Catalogue.Model.makeMissingPoints(telling: Silence(), in: other)
    #expect(try sky.neighbours(4, 5) == wanted)
    try sky.database.script("COMMIT")
    #expect(try sky.neighbours(4, 5) == wanted)
    func tables() throws -> Int {
      try other.row(
        "SELECT count(*) FROM pg_class WHERE relname ~ '^point_[0-9]+_[0-9]+_[0-9]+$'", as: Int.self
      )
    }
    #expect(try tables() == 2)
    try sky.model.finishEmbeddings(of: sky.survey, in: other)
    try Catalogue.Model.makeMissingPoints(telling: Silence(), in: other)
    #expect(try tables() == 1)
  }
}
