import Catalogue
import NeuralNetwork
import PostgreSQL
import Stages
import StagesSupport
import TestSupport
import Testing

/// Where nobody asked for a precision, work goes on in that of what is there, on whatever machine.
@Suite("Precisions on machines of several kinds") struct ChosenPrecisionTests {
  private let matrices = "bfloat16 by matrix units"

  /// A stage as its command makes it where nobody asks for a precision.
  private func chosen<Task>(_ stage: ModelStage<Task>, on place: Workplace) -> ModelStage<Task> {
    var stage = stage
    (stage.precision, stage.choosesPrecision) = (place.engine.fastest, true)
    return stage
  }

  private func precisions(_ toy: SyntheticSurvey) async throws -> [String] {
    try await toy.texts(
      """
      SELECT DISTINCT parameters ->> 'precision' FROM reber.run
      WHERE run_id IN (SELECT run_id FROM reber.embedding) ORDER BY 1
      """)
  }

  @Test func embeddingsKeepThePrecisionThatTheyHave() async throws {
    let toy = try await SyntheticSurvey(24)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    let (plain, fast) = (
      try await toy.machine(bfloat16: nil), try await toy.machine(bfloat16: matrices)
    )
    _ = try await plain.perform(chosen(EmbedStage(survey: "toy"), on: plain))
    try await toy.secondRelease(dropping: [], adding: [24, 25, 26])
    let added = try await fast.perform(chosen(EmbedStage(survey: "toy"), on: fast))
    #expect(added.metrics.added == 3 && added.metrics.embeddings == 27)
    #expect(try await precisions(toy) == ["float32"])

    var asked = EmbedStage(survey: "toy")
    asked.precision = .bfloat16
    let replaced = try await fast.perform(asked)
    #expect(replaced.metrics.added == 27)
    // Done, though it could not be here.
    let done = try await plain.perform(chosen(EmbedStage(survey: "toy"), on: plain))
    #expect(done.alreadyDone && done.run == replaced.run)
    try await toy.workplace.database.with {
      try $0.forge(
        "DELETE FROM reber.embedding WHERE cutout_id IN (SELECT max(cutout_id) FROM reber.cutout)")
      try $0.forge(
        "UPDATE reber.run SET status = 'running', finished_at = NULL WHERE run_id = \(replaced.run)"
      )
    }
    let runs = try await toy.numbers("SELECT count(*) FROM reber.run")
    await #expect(throws: NetworkError.noInstructions("bfloat16")) {
      try await plain.perform(chosen(EmbedStage(survey: "toy"), on: plain))
    }
    #expect(try await toy.numbers("SELECT count(*) FROM reber.run") == runs)
    #expect(try await precisions(toy) == ["bfloat16"])
  }

  @Test func onlyNewGoesOnFromTheClassificationThatIsThere() async throws {
    let toy = try await SyntheticSurvey(24)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    try await toy.label(Array(0..<18))
    _ = try await toy.workplace.perform(FinetuneStage.toy())
    _ = try await toy.workplace.perform(ClassifyStage(survey: "toy"))
    try await toy.secondRelease(dropping: [], adding: [24, 25, 26])
    let fast = try await toy.machine(bfloat16: matrices)
    var stage = chosen(ClassifyStage(survey: "toy"), on: fast)
    stage.onlyNew = true
    let report = try await fast.perform(stage)
    #expect(report.metrics.carried == 24 && report.metrics.sources == 27)
  }

  /// Also the other way round: what was begun with matrix units.
  @Test(arguments: [Precision.float32, .bfloat16])
  func whatIsUnfinishedIsGoneOnWith(_ first: Precision) async throws {
    let toy = try await SyntheticSurvey(24)
    let stop = StopRequest()
    _ = stop.ask()
    let stopped = try await toy.machine(bfloat16: matrices, stop: stop)
    let begun = PretrainStage.toy().computing(first)
    await #expect(throws: Stopped.self) { try await stopped.perform(begun) }
    var other = PretrainStage.toy().computing(first == .float32 ? .bfloat16 : .float32)
    other.choosesPrecision = true
    let stage = other
    let report = try await toy.machine(bfloat16: matrices).perform(stage)
    #expect(try await toy.numbers("SELECT max(run_id) FROM reber.run") == [report.run])
    #expect(try await toy.numbers("SELECT count(*) FROM reber.run WHERE stage = 'pretrain'") == [1])
  }

  @Test func whoCannotComputeLeavesARunToOthers() async throws {
    let toy = try await SyntheticSurvey(48)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    let stop = StopRequest()
    _ = stop.ask()
    var sharing = Sharing()
    sharing.pieceSize = 8
    let killed = try await toy.machine(bfloat16: matrices, sharing: sharing, stop: stop)
    var stage = EmbedStage(survey: "toy")
    stage.precision = .bfloat16
    let asked = stage
    await #expect(throws: Stopped.self) { try await killed.perform(asked) }
    // A process that is killed leaves its run so.
    try await toy.workplace.database.with {
      try $0.execute(
        "UPDATE reber.run SET status = 'running', finished_at = NULL, error = NULL WHERE stage = 'embed'"
      )
      try $0.execute("UPDATE reber.piece SET lease_ends = clock_timestamp() WHERE NOT is_done")
    }
    let plain = try await toy.machine(bfloat16: nil, sharing: sharing)
    try await plain.takeWork(untilIdle: true) { _ in Issue.record("nothing was queued") }
    #expect(
      try await toy.texts("SELECT status FROM reber.run WHERE stage = 'embed'") == ["running"])
    // The other machine is there still, and has left nothing in the way.
    let fast = try await toy.machine(bfloat16: matrices, sharing: sharing)
    try await fast.takeWork(untilIdle: true) { _ in Issue.record("nothing was queued") }
    #expect(
      try await toy.texts("SELECT status FROM reber.run WHERE stage = 'embed'") == ["finished"])
  }

  @Test func driftEmbedsWhatIsMissingAsTheRestWas() async throws {
    let toy = try await SyntheticSurvey(24)
    let fast = try await toy.machine(bfloat16: matrices)
    _ = try await fast.perform(PretrainStage.toy(1))
    try await toy.add("wide", pixelScale: 2, (0..<24).map(SyntheticSurvey.image))
    for survey in ["toy", "wide"] {
      var stage = EmbedStage(survey: survey)
      stage.precision = .bfloat16
      _ = try await fast.perform(stage)
    }
    try await toy.secondRelease(dropping: [], adding: [24, 25])
    _ = try await fast.perform(DriftStage(survey: "wide"))
    #expect(try await toy.numbers("SELECT count(*) FROM reber.embedding") == [50])
    #expect(try await precisions(toy) == ["bfloat16"])
  }

  @Test func anotherWayOfRoundingIsNoFault() async throws {
    let toy = try await SyntheticSurvey(36)
    let fast = try await toy.machine(bfloat16: matrices)
    _ = try await fast.perform(PretrainStage.toy(1))
    try await toy.label(Array(0..<18))
    _ = try await fast.perform(FinetuneStage.toy())
    var stage = ClassifyStage(survey: "toy")
    stage.precision = .bfloat16
    _ = try await fast.perform(stage)
    var publishing = Publishing(survey: "toy")
    publishing.anyway = true
    _ = try await fast.perform(publishing)
    // Even the same bits differ by more than that.
    func verify(_ bfloat16: String?) async throws -> Verification {
      try await toy.machine(bfloat16: bfloat16).verify("toy", sample: 40, seed: 1, tolerance: -1)
    }
    let same = try await verify(matrices)
    #expect(!same.isSound && same.otherwise == nil && same.differing.count == 36)
    let other = try await verify("bfloat16 by vectors")
    #expect(other.isSound && other.sample == 36)
    #expect(other.otherwise?.contains("and now in bfloat16 by vectors") == true)
    let none = try await verify(nil)
    #expect(none.isSound && none.sample == 36 && none.identical == 0)
    #expect(none.otherwise?.contains("which this machine cannot") == true)
  }
}
