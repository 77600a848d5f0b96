import Catalogue
import Digest
import Foundation
import Morphology
import NeuralNetwork
import PostgreSQL
import Tensor

/// The part of a training that lives in the database: its checkpoints, its curve, its model.
struct TrainingSession: Sendable {
  let workplace: Workplace
  let run: Int

  private let started = Date()
  private let startedClock = clock()
  private var saved = Date()
  private var curve: [CurvePoint] = []

  init(workplace: Workplace, run: Int) {
    self.workplace = workplace
    self.run = run
  }

  /// Seconds since the session began.
  var seconds: Double { Date().timeIntervalSince(started) }

  /// Seconds of processor time since then, of all cores.
  var processorSeconds: Double { Double(clock() - startedClock) / Double(CLOCKS_PER_SEC) }

  /// Whether it is time to save.
  var isCheckpointDue: Bool {
    Date().timeIntervalSince(saved) > workplace.means.checkpointInterval
  }

  /// Adds a point to the training's curve, to be written with the next checkpoint.
  mutating func add(_ series: String, _ step: Int, _ value: Double) {
    curve.append(CurvePoint(series: series, step: step, value: value))
  }

  /// The newest checkpoint of the run, if it has one.
  func resume() async throws -> (step: Int, state: [String: Tensor])? {
    let run = run
    guard let saved = try await workplace.database.with({ try Checkpoint.read(run: run, in: $0) })
    else { return nil }
    return (saved.step, try decodeSafetensors(saved.state).tensors)
  }

  /// Replaces the checkpoint.
  mutating func save(step: Int, _ state: [String: Tensor]) async throws {
    let (run, curve) = (run, curve)
    let bytes = encodeSafetensors(state)
    try await workplace.database.with {
      try Checkpoint.write(run: run, step: step, state: bytes, curve: curve, in: $0)
    }
    self.curve = []
    saved = Date()
  }

  /// Does all steps that are left, with a checkpoint now and then.
  ///
  /// - Parameters:
  ///   - training: What learns.
  ///   - what: What it does, for the display, as "fine-tuning, parts".
  mutating func run(_ training: inout some ResumableTraining, as what: String) async throws {
    var meter = RunMeter(workplace, run: run, what, of: training.total)
    while !training.isFinished {
      let step = try await training.advance()
      if let loss = step.loss { add(loss.curve, loss.place, Double(loss.value)) }
      if isCheckpointDue || training.isFinished {
        try await save(step: training.position, training.state)
      }
      try await meter.update(training.position, detail: step.summary)
    }
  }

  /// Stores the finished model; once, also where the run is gone on with after that.
  func store(
    _ kind: Catalogue.Model.Kind, parent: Int?, _ description: ModelDescription,
    weights: [String: Tensor]
  ) async throws -> Int {
    let run = run
    let bytes = encodeSafetensors(weights)
    let digest = SHA256.hash(bytes).hex
    let description = try JSON(encoding: description)
    return try await workplace.database.with {
      try Catalogue.Model.write(
        run: run, kind: kind, parent: parent, description: description, weights: bytes,
        sha256: digest, in: $0)
    }
  }

  /// The mean of the last points of the loss.
  func meanLoss(of steps: Int, until step: Int) async throws -> Float? {
    let run = run
    return try await workplace.database.with {
      try CurvePoint.mean("loss", run: run, after: step - steps, in: $0).map { Float($0) }
    }
  }
}
