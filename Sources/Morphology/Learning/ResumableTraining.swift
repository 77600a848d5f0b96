internal import Foundation
internal import NeuralNetwork
public import Tensor

/// A training that may be stopped after any step: saved, loaded and gone on with, it gives the same
/// bytes as one that never was.
///
/// What steps learn from is given when it is made, and a step is the least that is done at a time:
/// a batch, an epoch, or whatever takes long enough to be worth saving.
public protocol ResumableTraining: Sendable {
  /// Steps done.
  var position: Int { get }

  /// Steps of the whole training.
  var total: Int { get }

  /// All that a checkpoint holds besides `position`.
  var state: [String: Tensor] { get }

  /// Goes on from a checkpoint; nothing is changed where it throws.
  ///
  /// - Parameters:
  ///   - state: What `state` gave.
  ///   - position: What `position` gave then.
  /// - Throws: `MorphologyError.badState` for a position that cannot be or a state of another
  ///   training, or what the network throws for tensors that do not fit.
  mutating func load(_ state: [String: Tensor], position: Int) throws

  /// Does the next step; there must be one left.
  ///
  /// - Throws: What keeps it from learning; the training can go on after that.
  mutating func advance() async throws -> TrainingStep
}

extension ResumableTraining {
  /// Whether every step is done.
  public var isFinished: Bool { position >= total }

  /// Does all steps that are left.
  ///
  /// - Parameter onStep: Called after every step with the training so far; what it throws stops the
  ///   training, which can go on.
  /// - Throws: What `advance` or `onStep` throws.
  public mutating func finish(
    onStep: (Self, TrainingStep) async throws -> Void = { _, _ in }
  ) async throws {
    while !isFinished {
      let step = try await advance()
      try await onStep(self, step)
      await giveWay()
    }
  }

  /// Refuses a position that the training does not have.
  func check(_ position: Int) throws {
    guard (0...total).contains(position) else {
      throw MorphologyError.badState("position \(position) of \(total)")
    }
  }
}

extension Ranks {
  /// Refuses a batch of which not every rank has a source.
  ///
  /// - Throws: `MorphologyError.badOptions`.
  func check(batchSize: Int) throws {
    guard batchSize >= count else {
      throw MorphologyError.badOptions(
        "\(count) ranks divide the \(batchSize) sources of a step: start \(batchSize) at most")
    }
  }
}

/// What a step of a training did.
public struct TrainingStep: Sendable, Hashable {
  /// What was done, in words: "epoch 3, loss 0.412".
  public let summary: String

  /// Where its loss belongs; `nil` where a step has none.
  public let loss: Loss?

  /// A loss, and its place among others.
  public struct Loss: Sendable, Hashable {
    /// The curve that it is a point of.
    public let curve: String

    /// Its place on that curve.
    public let place: Int

    /// The mean loss of the step.
    public let value: Float
  }

  /// Tells of a step; a loss is said behind the summary, with three decimals.
  init(_ summary: String, loss: Loss? = nil) {
    let said = loss.map { ", loss " + String(format: "%.3f", Double($0.value)) }
    self.summary = summary + (said ?? "")
    self.loss = loss
  }
}

/// Gives others of this process their turn between two steps, where there is one core.
func giveWay() async { await Task.yield() }
