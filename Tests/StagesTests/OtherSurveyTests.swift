import Astronomy
import Catalogue
import Foundation
import Morphology
import PostgreSQL
import StagesSupport
import Tensor
import TestSupport
import Testing

@testable import Stages

/// A survey that the model of another has never seen.
@Suite("A new survey with an old model") struct OtherSurveyTests {
  @Test func imagesOfMoreSkyAreShownAsTheModelLearned() async throws {
    let toy = try await SyntheticSurvey(60)
    _ = try await toy.workplace.perform(PretrainStage.toy())
    try await toy.label(Array(0..<60))
    _ = try await toy.workplace.perform(FinetuneStage.toy())
    _ = try await toy.workplace.perform(ClassifyStage(survey: "toy"))
    try await toy.add("wide", pixelScale: 2, (0..<60).map { framed(SyntheticSurvey.image($0)) })
    let matched = try await toy.workplace.perform(ClassifyStage(survey: "wide"))
    #expect(matched.metrics.notes?.count == 1)
    #expect(matched.metrics.notes?.first?.contains("show 128″ of sky") == true)
    var stage = ClassifyStage(survey: "wide")
    stage.scale.matchesField = false
    let own = try await toy.workplace.perform(stage)
    #expect(own.metrics.notes == nil)
    let fields = try await toy.texts(
      """
      SELECT coalesce(parameters -> 'preprocessing' ->> 'fieldOfView', 'own')
      FROM reber.run WHERE stage = 'classify' ORDER BY run_id
      """)
    #expect(fields == ["own", "64", "own"])
    let (near, far) = (
      try await toy.difference(of: matched.run), try await toy.difference(of: own.run)
    )
    #expect(near < 0.1 && far > 3 * near, "\(near), \(far)")
  }

  @Test func anUnknownScaleIsSaid() async throws {
    let toy = try await SyntheticSurvey(24)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    try await toy.add("bare", pixelScale: nil, (0..<6).map(SyntheticSurvey.image))
    let embedded = try await toy.workplace.perform(EmbedStage(survey: "bare"))
    #expect(embedded.metrics.embeddings == 6)
    let notes = try #require(embedded.metrics.notes)
    #expect(notes.count == 1 && notes[0].hasPrefix("WARNING: the pixel scale of 6 of 6 images"))
    let known = try await toy.workplace.perform(EmbedStage(survey: "toy"))
    #expect(known.metrics.notes == nil)
    // Where the survey tells it, no image need.
    try await toy.workplace.database.with {
      try Survey.named("bare", in: $0).describe(.init(pixelScale: 1), in: $0)
    }
    let told = try await toy.workplace.perform(EmbedStage(survey: "bare")).metrics
    #expect(told.added == 6 && told.notes?.first?.contains("show 32″ of sky") == true)
  }

  @Test func oneSurveyOfUnknownScaleLeavesAllAtTheirOwnAndIsSaid() async throws {
    let toy = try await SyntheticSurvey(24)
    var stage = PretrainStage.toy(1)
    stage.sizeFactor = nil
    stage.preprocessing.fieldOfView = 24
    _ = try await toy.workplace.perform(stage)
    try await toy.add("bare", pixelScale: nil, (0..<6).map(SyntheticSurvey.image))
    let match = try await toy.workplace.database.with { database in
      try Catalogue.Model.find(.encoder, in: database).match(
        ["toy", "bare"].map { try Survey.named($0, in: database) }, options: ScaleOptions(),
        in: database)
    }
    #expect(match.preprocessing.fieldOfView == nil)
    #expect(match.notes.last?.contains("since the pixel scale of 'bare' is not known") == true)
  }

  @Test func aModelThatDoesNotTellItsScaleIsAskedByWhatTaughtIt() async throws {
    let toy = try await SyntheticSurvey(24)
    let model = try await toy.workplace.perform(PretrainStage.toy(1)).metrics.model
    try await toy.workplace.database.with { database in
      try database.forge(
        "UPDATE reber.model SET description = description - 'scale' WHERE model_id = \(model)")
    }
    try await toy.add("wide", pixelScale: 2, (0..<6).map { framed(SyntheticSurvey.image($0)) })
    let embedded = try await toy.workplace.perform(EmbedStage(survey: "wide"))
    #expect(
      embedded.metrics.notes?.first?.contains("those that the model learned from 64″") == true)
  }

  @Test func embeddingsAtAnotherScaleAreReplaced() async throws {
    let toy = try await SyntheticSurvey(24)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    try await toy.add("wide", pixelScale: 2, (0..<6).map { framed(SyntheticSurvey.image($0)) })
    var stage = EmbedStage(survey: "wide")
    stage.scale.matchesField = false
    let own = try await toy.workplace.perform(stage)
    let matched = try await toy.workplace.perform(EmbedStage(survey: "wide"))
    #expect(own.metrics.added == 6 && matched.metrics.added == 6)
    let runs = try await toy.numbers(
      "SELECT DISTINCT embedding.run_id FROM reber.embedding JOIN reber.survey USING (survey_id)")
    #expect(runs == [matched.run])
    // The first is asked for again: its embeddings are gone, so it is not done.
    let again = try await toy.workplace.perform(stage)
    #expect(!again.alreadyDone && again.metrics.added == 6 && again.run != own.run)
    #expect(try await toy.workplace.perform(stage).alreadyDone)
  }

  @Test func driftSeesWhatIsEmbeddedNow() async throws {
    let toy = try await SyntheticSurvey(24)
    let place = toy.workplace
    _ = try await place.perform(PretrainStage.toy(1))
    try await toy.add("wide", pixelScale: 2, (0..<24).map { framed(SyntheticSurvey.image($0)) })
    let matched = try await place.perform(DriftStage(survey: "wide"))
    var stage = DriftStage(survey: "wide")
    stage.scale = ScaleOptions()
    stage.scale?.matchesField = false
    let own = try await place.perform(stage)
    #expect(own.metrics.energy.inhomogeneity > matched.metrics.energy.inhomogeneity)
    // Without options it compares what is there, which is another now.
    let now = try await place.perform(DriftStage(survey: "wide"))
    #expect(!now.alreadyDone)
    #expect(now.metrics.energy.inhomogeneity == own.metrics.energy.inhomogeneity)
    #expect(try await place.perform(stage).alreadyDone)
  }

  @Test func aFinerBeamIsSmoothedWhereItIsAskedFor() async throws {
    let toy = try await SyntheticSurvey(24)
    try await toy.describe("toy", beam: 12)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    try await toy.add("fine", pixelScale: 2, (0..<6).map(SyntheticSurvey.image))
    var stage = EmbedStage(survey: "fine")
    stage.scale.matchesBeam = true
    await #expect(throws: LearnError.unknownBeam(of: "survey 'fine'")) {
      try await toy.workplace.perform(stage)
    }
    try await toy.describe("fine", beam: 6)
    let smoothed = try await toy.workplace.perform(stage).metrics
    #expect(smoothed.notes == ["images of 'fine' are smoothed from a beam of 6″ to 12″"])
    let plain = try await toy.workplace.perform(EmbedStage(survey: "fine")).metrics
    #expect(plain.added == 6 && plain.notes?.first?.contains("--match-beam") == true)
  }

  @Test func labelsOfTwoSurveysTeachOneClassifier() async throws {
    let toy = try await SyntheticSurvey(60)
    let place = toy.workplace
    _ = try await place.perform(PretrainStage.toy(1))
    try await toy.label(Array(0..<24))
    let first = try await place.perform(FinetuneStage.toy())
    try await toy.add("wide", pixelScale: 2, (60..<90).map { framed(SyntheticSurvey.image($0)) })
    try await toy.label(Array(0..<12), of: "wide", firstImage: 60)
    var stage = FinetuneStage.toy()
    stage.surveys = ["toy", "wide"]
    stage.model = .number(first.metrics.model)
    let both = try await place.perform(stage)
    #expect(both.metrics.labels == 36)
    #expect(both.metrics.byClass == ["blob": 12, "double": 12, "ring": 12])
    let rows = try await toy.texts(
      """
      SELECT survey.name || ' ' || count(*) || ' ' || count(fold)
      FROM reber.training_source JOIN reber.survey USING (survey_id)
      WHERE run_id = \(both.run) GROUP BY survey.name ORDER BY survey.name
      """)
    #expect(rows == ["toy 24 24", "wide 12 12"])
    let models = try await toy.texts(
      """
      SELECT parent_model_id || ' ' || (description -> 'preprocessing' ->> 'fieldOfView')
      FROM reber.model WHERE run_id = \(both.run)
      """)
    #expect(models == ["\(first.metrics.model) 64"])
    let classified = try await place.perform(ClassifyStage(survey: "wide")).metrics
    #expect(classified.sources == 30 && classified.notes == nil)
    // What taught the classifier it began from is not judged either.
    try await toy.label(Array(24..<30))
    _ = try await place.perform(ClassifyStage(survey: "toy"))
    let judged = try await place.perform(EvaluateStage(survey: "toy")).metrics
    #expect(judged.sources == 6 && judged.learned == 24)
  }

  @Test func driftIsQuietAboutMoreOfTheSameAndSpeaksOfOthers() async throws {
    let toy = try await SyntheticSurvey(120)
    let place = toy.workplace
    _ = try await place.perform(PretrainStage.toy(2))
    try await toy.add("more", pixelScale: 2, (120..<240).map(SyntheticSurvey.image))
    let more = try await place.perform(DriftStage(survey: "more")).metrics
    #expect(more.verdict == .alike && more.energy.pValue > 0.01 && more.outside < 0.05)
    #expect(more.known == 120 && more.new == 120 && more.learnedFrom == ["toy"])
    try await toy.add("stripes", pixelScale: 2, (0..<40).map(stripes))
    let other = try await place.perform(DriftStage(survey: "stripes"))
    #expect(other.metrics.verdict == .unlike && other.metrics.energy.pValue == 0.001)
    #expect(other.metrics.outside > 0.5 && other.metrics.farthest.count == 5)
    let stored = try await toy.texts(
      "SELECT metrics ->> 'verdict' FROM reber.run WHERE stage = 'drift'")
    #expect(stored == ["alike", "unlike"])
    #expect(
      other.metrics.remedy(for: "stripes").last
        == "reber finetune --survey toy --survey stripes --scheme NAME --model 1")
    await #expect(throws: LearnError.self) { try await place.perform(DriftStage(survey: "toy")) }
  }

  @Test func driftComparesTheBalanceOfClasses() async throws {
    let toy = try await SyntheticSurvey(90)
    let place = toy.workplace
    _ = try await place.perform(PretrainStage.toy())
    try await toy.label(Array(0..<30))
    _ = try await place.perform(FinetuneStage.toy())
    // Only blobs.
    try await toy.add("blobs", pixelScale: 2, (30..<70).map { SyntheticSurvey.image(3 * $0) })
    let before = try await place.perform(DriftStage(survey: "blobs")).metrics
    #expect(before.classes == nil && before.scheme == "toy")
    #expect(
      before.remedy(for: "blobs").last
        == "reber finetune --survey toy --survey blobs --scheme toy --model 1")
    for name in ["toy", "blobs"] { _ = try await place.perform(ClassifyStage(survey: name)) }
    let classes = try #require(
      try await place.perform(DriftStage(survey: "blobs")).metrics.classes)
    #expect(abs(classes.known.values.reduce(0, +) - 1) < 1e-9)
    #expect(abs(classes.new.values.reduce(0, +) - 1) < 1e-9)
    #expect(classes.shift.totalVariation > 0.3 && classes.shift.pValue < 0.01)
  }
}

/// An image in the middle of one twice as wide, of the same noise.
private func framed(_ image: [Float]) -> [Float] {
  let side = SyntheticSurvey.side
  var random = RandomStream(11, Int(image[0].bitPattern))
  return (0..<4 * side * side).map { pixel in
    let (row, column) = (pixel / (2 * side) - side / 2, pixel % (2 * side) - side / 2)
    guard (0..<side).contains(row), (0..<side).contains(column) else {
      return 0.02 * random.normal()
    }
    return image[row * side + column]
  }
}

/// An image that is nothing like a source.
private func stripes(_ index: Int) -> [Float] {
  let side = SyntheticSurvey.side
  var random = RandomStream(13, index)
  let angle = random.uniform(0...3)
  return (0..<side * side).map { pixel in
    let (row, column) = (Float(pixel / side), Float(pixel % side))
    return 1 + sin(1.5 * (row * cos(angle) + column * sin(angle))) + 0.02 * random.normal()
  }
}

extension SyntheticSurvey {
  /// Adds a survey of square images, far from the others on the sky.
  func add(_ name: String, pixelScale: Float?, _ images: [[Float]]) async throws {
    try await workplace.database.with { database in
      let survey = try Survey.add(named: name, in: database)
      let work = try Work(stage: .ingest, parameters: JSON(encoding: ["survey": name]))
      guard case .new(let run) = try Run.open(work, by: workplace.user, in: database) else {
        return
      }
      _ = try Source.write(from: "\(name).csv", columns: [], into: survey, run: run, in: database) {
        write in
        for index in images.indices {
          let source = Source(
            name: "\(name)\(index)", position: .init(ra: 200 + 0.1 * Double(index), dec: -20),
            totalFlux: 0.01, majorAxis: 30)
          try write(.source(source, cells: []))
        }
      }
      let sources = try StoredSource.all(of: survey, in: database)
      let cutouts = zip(sources, images).map { source, image in
        let side = Int(Double(image.count).squareRoot())
        let bytes = image.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
        return Cutout(
          source: source.id,
          pixels: ImagePixels(width: side, height: side, type: .float, bytes: bytes),
          pixelScale: pixelScale, wcs: nil, sha256: digest("\(source.name) pixels"),
          imageSHA256: digest(source.name))
      }
      try Cutout.write(cutouts, of: survey, run: run, in: database)
      try Run.finish(run, in: database) { _ in JSON(text: "{}") }
    }
  }

  /// Says what the beam of a survey is, arcsec.
  func describe(_ name: String, beam: Float) async throws {
    try await workplace.database.with {
      try Survey.named(name, in: $0).describe(.init(beamMajor: beam), in: $0)
    }
  }

  /// Labels sources of an added survey by what their images show.
  func label(_ indices: [Int], of name: String, firstImage: Int) async throws {
    try await workplace.database.with { database in
      let survey = try Survey.named(name, in: database)
      let scheme = try ClassScheme.named("toy", in: database)
      let sources = try StoredSource.all(of: survey, in: database)
      let labels = try indices.map { index in
        Label(
          source: sources[index].id,
          classID: try scheme.classID(named: Self.classes[(firstImage + index) % 3]),
          annotator: "tester")
      }
      try Label.write(labels, of: survey, scheme: scheme, method: .single, run: nil, in: database)
    }
  }

  /// The mean difference of the probabilities of a run from those of the first classification, source
  /// by source in their order.
  func difference(of run: Int) async throws -> Double {
    try await workplace.database.with { database in
      try database.row(
        """
        WITH ranked AS (
            SELECT run_id, row_number() OVER (PARTITION BY run_id ORDER BY source_id) AS place,
                probabilities
            FROM reber.prediction
        )
        SELECT avg(abs(mine.probabilities[ordinal] - first.probabilities[ordinal]))::float8
        FROM ranked AS mine
        JOIN ranked AS first USING (place), generate_series(1, 3) AS ordinal
        WHERE mine.run_id = \(run)
            AND first.run_id = (SELECT min(run_id) FROM reber.prediction)
        """, as: Double.self)
    }
  }
}

/// Which images are brought to a model's scale.
@Suite("Scales of surveys and models") struct ScaleMatchTests {
  private func match(
    _ field: Double, knowing known: Bool, learned: ClosedRange<Double> = 270...270,
    cropFraction: Double = 0.5
  ) throws -> ScaleMatch {
    var preprocessing = Preprocessing()
    preprocessing.cropFraction = cropFraction
    var scale = AngularScale(images: 9, known: 9, pixelScale: 1.8, field: learned.lowerBound)
    scale.wideField = learned.upperBound
    return try LearnedScale(preprocessing: preprocessing, scale: scale).match(
      AngularScale(images: 5, known: 5, pixelScale: 2, field: field), of: "other",
      isKnown: known, options: ScaleOptions())
  }

  @Test func theSameSkyStaysToTheBit() throws {
    for field in [270.0, 268, 274] {
      let same = try match(field, knowing: false)
      #expect(same.preprocessing.fieldOfView == nil && same.notes.isEmpty)
    }
    #expect(try match(300, knowing: true).preprocessing.fieldOfView == nil)
  }

  @Test func moreOrLessSkyIsShownAsAtLearning() throws {
    let more = try match(900, knowing: false)
    #expect(more.preprocessing.fieldOfView == 135 && more.notes.count == 1)
    let less = try match(100, knowing: false)
    #expect(less.preprocessing.fieldOfView == 135 && less.notes.count == 2)
    #expect(less.notes.last?.contains("--size 135") == true)
    #expect(try match(900, knowing: true).preprocessing.fieldOfView == 135)
  }

  @Test func aModelOfManyScalesHasNone() throws {
    let other = try match(900, knowing: false, learned: 60...400)
    #expect(other.preprocessing.fieldOfView == nil)
    #expect(other.notes.count == 1 && other.notes[0].contains("60″ to 400″"))
    #expect(try match(900, knowing: true, learned: 60...400).notes.isEmpty)
  }
}
