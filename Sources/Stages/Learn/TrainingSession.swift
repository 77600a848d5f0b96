import Catalogue
import Digest
import Foundation
import Morphology
import NeuralNetwork
import PostgreSQL
import Tensor

/// The part of a training that lives in the database: its checkpoints and its curve.
struct TrainingSession: Sendable {
  let workplace: Workplace
  let run: Int

  private let started = Date()
  private let startedClock = clock()
  private var saved = Date()
  /// The points of the curve that go with the next checkpoint.
  private var curve: [CurvePoint] = []

  init(workplace: Workplace, run: Int) {
    self.workplace = workplace
    self.run = run
  }

  /// Seconds since the session began.
  var seconds: Double { Date().timeIntervalSince(started) }

  /// Seconds of processor time since then, of all cores.
  var processorSeconds: Double { Double(clock() - startedClock) / Double(CLOCKS_PER_SEC) }

  private var isCheckpointDue: Bool {
    Date().timeIntervalSince(saved) > workplace.limits.checkpointInterval
  }

  /// Replaces the checkpoint.
  private mutating func save(step: Int, _ state: [String: Tensor]) async throws {
    let (run, curve) = (run, curve)
    let bytes = encodeSafetensors(state)
    try await workplace.database.with {
      try Checkpoint.write(run: run, step: step, state: bytes, curve: curve, in: $0)
    }
    self.curve = []
    saved = Date()
  }

  /// Takes a training to its end: from the run's checkpoint where it has one, and with another now
  /// and then.
  ///
  /// - Parameters:
  ///   - training: What learns.
  ///   - what: What it does, for the display, as "fine-tuning".
  ///   - unit: What its steps are called, as "part".
  /// - Throws: What the training throws, or what its checkpoint does that cannot be read.
  mutating func finish(
    _ training: inout some ResumableTraining, _ what: String, by unit: String
  ) async throws {
    let run = run
    if let saved = try await workplace.database.with({ try Checkpoint.read(run: run, in: $0) }) {
      try training.load(decodeSafetensors(saved.state).tensors, position: saved.step)
      workplace.progress.note("going on after \(unit) \(saved.step) of \(training.total)")
    }
    var meter = RunMeter(workplace, run: run, "\(what), \(unit)s", of: training.total)
    while !training.isFinished {
      let step = try await training.advance()
      if let loss = step.loss {
        curve.append(CurvePoint(series: loss.curve, step: loss.place, value: Double(loss.value)))
      }
      if isCheckpointDue || training.isFinished {
        try await save(step: training.position, training.state)
      }
      try await meter.update(training.position, detail: step.summary)
    }
  }
}

/// A model that has learned all that it will, on its way into the database.
struct NewModel: Sendable {
  private let kind: Catalogue.Model.Kind
  private let parent: Int?
  private let weights: [UInt8]
  private let sha256: String

  init(_ kind: Catalogue.Model.Kind, parent: Int?, weights: [String: Tensor]) {
    self.kind = kind
    self.parent = parent
    self.weights = encodeSafetensors(weights)
    sha256 = SHA256.hash(self.weights).hex
  }

  /// Stores it as what a run has made; gives its key.
  func store(_ description: ModelDescription, run: Int, in database: Connection) throws -> Int {
    try Catalogue.Model.write(
      run: run, kind: kind, parent: parent, description: JSON(encoding: description),
      weights: weights, sha256: sha256, in: database)
  }
}
