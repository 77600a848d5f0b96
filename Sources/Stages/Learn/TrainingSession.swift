import Catalogue
import Digest
import Foundation
import Morphology
import NeuralNetwork
import PostgreSQL
import Tensor

/// The part of a training that lives in the database: its checkpoints and its curve.
///
/// Of several ranks the first one reads and writes them, and says when.
struct TrainingSession: Sendable {
  let workplace: Workplace
  let run: Int

  /// The piece of the run's work that the training is; `nil` where it is all of it.
  private let piece: Piece?

  private let started = Date()
  private let startedClock = clock()
  private var saved = Date()
  /// The points of the curve that go with the next checkpoint.
  private var curve: [CurvePoint] = []

  init(workplace: Workplace, run: Int) {
    (self.workplace, self.run, piece) = (workplace, run, nil)
  }

  init(workplace: Workplace, piece: Piece) {
    (self.workplace, run, self.piece) = (workplace, piece.run, piece)
  }

  /// Seconds since the session began.
  var seconds: Double { Date().timeIntervalSince(started) }

  /// Seconds of processor time since then, of all cores and ranks.
  var processorSeconds: Double {
    workplace.ranks.sum(Double(clock() - startedClock) / Double(CLOCKS_PER_SEC))
  }

  private var isCheckpointDue: Bool {
    let isDue = Date().timeIntervalSince(saved) > workplace.limits.checkpointInterval
    return workplace.ranks.sum(workplace.ranks.isFirst && isDue ? 1 : 0) > 0
  }

  /// Whether one of the ranks was told to stop: then all do, behind the same step.
  private var isToldToStop: Bool {
    workplace.ranks.sum(workplace.stop.isRequested ? 1 : 0) > 0
  }

  /// Replaces the checkpoint.
  ///
  /// - Throws: `LearnError.unlikeRanks` where ranks have come to hold different weights, ``LostPiece``.
  private mutating func save(step: Int, _ state: [String: Tensor]) async throws {
    let (run, piece, curve, ranks) = (run, piece, curve, workplace.ranks)
    let bytes = encodeSafetensors(state)
    if ranks.count > 1 { try ranks.check(alike: SHA256.hash(bytes).hex, "weights") }
    try await workplace.asFirst { database in
      guard let piece else {
        return try Checkpoint.write(run: run, step: step, state: bytes, curve: curve, in: database)
      }
      guard try piece.keep(Checkpoint(step: step, state: bytes), in: database) else {
        throw LostPiece()
      }
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
  /// - Throws: What the training throws, or what its checkpoint does that cannot be read; ``Stopped``, behind a
  ///   checkpoint, where the process was told to; ``LostPiece``.
  mutating func finish(
    _ training: inout some ResumableTraining, _ what: String, by unit: String
  ) async throws {
    if let saved = try await checkpoint() {
      try training.load(decodeSafetensors(saved.state).tensors, position: saved.step)
      noteGoingOn(training, unit)
    }
    let meter = RunMeter(
      workplace, run: run, "\(what), \(unit)s", of: training.total, isPiece: piece != nil)
    try await workplace.stop.heed { try await advance(&training, meter) }
  }

  /// Says that a training goes on from where it was stopped.
  func noteGoingOn(_ training: some ResumableTraining, _ unit: String) {
    workplace.progress.note("going on after \(unit) \(training.position) of \(training.total)")
  }

  private mutating func advance(
    _ training: inout some ResumableTraining, _ meter: RunMeter
  ) async throws {
    var meter = meter
    try await training.finish { training, step in
      if let loss = step.loss {
        curve.append(CurvePoint(series: loss.curve, step: loss.place, value: Double(loss.value)))
      }
      let isToStop = isToldToStop && !training.isFinished
      if isCheckpointDue || training.isFinished || isToStop {
        try await save(step: training.position, training.state)
      }
      if workplace.ranks.isFirst {
        try await meter.update(training.position, detail: step.summary)
      }
      if isToStop { throw Stopped() }
    }
  }

  /// The run's checkpoint, which the first rank reads for all.
  private func checkpoint() async throws -> Checkpoint? {
    let (run, ranks) = (run, workplace.ranks)
    guard ranks.isFirst else {
      ranks.meet()
      return Checkpoint(passed: ranks.fromFirst([]))
    }
    let piece = piece?.number ?? Checkpoint.wholeRun
    let saved = try await workplace.database.with {
      try Checkpoint.read(run: run, piece: piece, in: $0)
    }
    if ranks.count > 1 {
      ranks.meet()
      _ = ranks.fromFirst(saved?.passed ?? [])
    }
    return saved
  }
}

extension Checkpoint {
  /// As one rank passes it to the others: the step in eight bytes, and the state.
  fileprivate var passed: [UInt8] {
    withUnsafeBytes(of: UInt64(step).littleEndian) { Array($0) } + state
  }

  /// `nil` where nothing was passed.
  fileprivate init?(passed: [UInt8]) {
    guard passed.count >= 8 else { return nil }
    let step = passed.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    self.init(step: step, state: Array(passed.dropFirst(8)))
  }
}

/// A model that has learned all that it will, on its way into the database.
struct NewModel: Sendable {
  private let kind: Catalogue.Model.Kind
  private let name: String?
  private let parent: Int?
  private let weights: [UInt8]
  private let sha256: String

  init(
    _ kind: Catalogue.Model.Kind, name: String? = nil, parent: Int?, weights: [String: Tensor]
  ) {
    (self.kind, self.name) = (kind, name)
    self.parent = parent
    self.weights = encodeSafetensors(weights)
    sha256 = SHA256.hash(self.weights).hex
  }

  /// Stores it as what a run has made; gives its key.
  func store(_ description: ModelDescription, run: Int, in database: Connection) throws -> Int {
    try Catalogue.Model.write(
      run: run, kind: kind, name: name, parent: parent, description: JSON(encoding: description),
      weights: weights, sha256: sha256, in: database)
  }
}
