internal import Foundation
internal import NeuralNetwork
public import Tensor

/// Multinomial logistic regression over embeddings: what they tell of classes without any training
/// of the network.
///
/// Learned by Nesterov's accelerated gradient
/// (Beck & Teboulle 2009), without chance.
public struct LinearProbe: Sendable {
  /// What decides the result besides the points.
  public struct Options: Codable, Sendable, Hashable {
    /// Points are multiplied by it, which weakens the penalty.
    public var scale: Float = 4

    /// The weight of the squared coefficients, over 2, against the summed cross-entropy.
    public var penalty: Float = 1

    /// How far classes are brought to equal weight: a class of n points weighs as n to the power of
    /// 1 − balance.
    public var balance: Float = 1

    /// Steps of the gradient.
    public var steps = 150

    /// The defaults, for points of length 1.
    public init() {}

    /// Another scale, penalty and balance.
    init(scale: Float, penalty: Float, balance: Float = 1) {
      (self.scale, self.penalty, self.balance) = (scale, penalty, balance)
    }
  }

  /// The number of classes.
  public let classes: Int

  /// The classes that were learned; others get probability 0.
  private let taught: [Int]

  /// `[taught, dimensions + 1]`, the constant last.
  private let weights: Tensor

  private let scale: Float

  private let answers: Answers

  /// Learns the classes of points.
  ///
  /// - Parameters:
  ///   - points: `[n, dimensions]`, of length about 1.
  ///   - truth: The class of each point, in `0..<classes`.
  ///   - classes: How many there are, taught or not.
  ///   - options: What decides the result.
  /// - Throws: `MorphologyError` without points, or where the numbers do not fit.
  public init(_ points: Tensor, truth: [Int], classes: Int, options: Options = Options()) throws {
    guard !truth.isEmpty else { throw MorphologyError.tooFew(what: "labels", have: 0, need: 1) }
    guard points.rows == truth.count, truth.allSatisfy({ (0..<classes).contains($0) }) else {
      throw MorphologyError.badOptions(
        "\(truth.count) classes below \(classes) for points of shape \(points.shape)")
    }
    self.classes = classes
    scale = options.scale
    answers = .oneClass
    let taught = Set(truth).sorted()
    let places = Dictionary(uniqueKeysWithValues: taught.enumerated().map { ($1, $0) })
    self.taught = taught
    let found = truth.compactMap { places[$0] }
    let balance = balance(of: found, classes: taught.count, options)
    weights = descend(
      points.withConstant(scale: options.scale), found.map { balance[$0] }, outputs: taught.count,
      under: CrossEntropy(classes: found, weights: balance), options: options)
  }

  /// Learns what is true of points: shares of classes, or tags, each by a regression of its own.
  ///
  /// - Parameters:
  ///   - points: `[n, dimensions]`, of length about 1.
  ///   - truth: What is true of each.
  ///   - outputs: The number of classes or tags.
  ///   - options: What decides the result; only where each point has one class they are balanced.
  /// - Throws: `MorphologyError` without points, or where the numbers do not fit.
  init(
    _ points: Tensor, truth: Truth, outputs: Int, options: Options = Options()
  ) throws {
    if case .classes(let classes) = truth {
      try self.init(points, truth: classes, classes: outputs, options: options)
      return
    }
    guard truth.count > 0 else { throw MorphologyError.tooFew(what: "labels", have: 0, need: 1) }
    try truth.check(outputs: outputs)
    let weights = descend(
      points.withConstant(scale: options.scale), [Float](repeating: 1, count: truth.count),
      outputs: outputs, under: truth.loss(), options: options)
    self.init(
      classes: outputs, taught: Array(0..<outputs), weights: weights, scale: options.scale,
      answers: truth.answers)
  }

  private init(classes: Int, taught: [Int], weights: Tensor, scale: Float, answers: Answers) {
    (self.classes, self.taught, self.weights) = (classes, taught, weights)
    (self.scale, self.answers) = (scale, answers)
  }

  /// The layer that gives its logits.
  ///
  /// A class that was not taught gets a probability of almost 0.
  package var layer: LinearLayer {
    let width = weights.columns - 1
    var matrix = Tensor([classes, width])
    var biases = Tensor([classes], repeating: -10)
    for (row, index) in taught.enumerated() {
      let learned = Array(weights.row(row))
      matrix.values.replaceSubrange(
        index * width..<(index + 1) * width, with: learned.dropLast().map { $0 * scale })
      biases.values[index] = learned[width]
    }
    return LinearLayer(weights: matrix, biases: biases)
  }

  /// The probabilities of points, `[n, classes]`.
  public func probabilities(of points: Tensor) -> Tensor {
    let found = answers.probabilities(
      multiply(points.withConstant(scale: scale), transposed: false, weights, transposed: true))
    guard taught.count < classes else { return found }
    return Tensor(shape: [points.rows, classes]) { target in
      target.update(repeating: 0)
      for row in 0..<points.rows {
        for (place, value) in zip(taught, found.row(row)) {
          target[row * classes + place] = value
        }
      }
    }
  }
}

/// What is added up to outputs: weights `[outputs, inputs]` and biases `[outputs]`.
package struct LinearLayer: Sendable {
  package var weights: Tensor
  package var biases: Tensor
}

/// What a point of each class weighs.
private func balance(of truth: [Int], classes: Int, _ options: LinearProbe.Options) -> [Float] {
  var counts = [Float](repeating: 0, count: classes)
  for index in truth { counts[index] += 1 }
  return counts.map { pow(Float(truth.count) / (Float(classes) * $0), options.balance) }
}

private func descend(
  _ x: Tensor, _ pointWeights: [Float], outputs: Int, under loss: any Loss,
  options: LinearProbe.Options
) -> Tensor {
  let decay = options.penalty / Float(pointWeights.count)
  let rate = 1 / (curvature(x, pointWeights) + decay)
  var weights = Tensor([outputs, x.columns])
  var ahead = weights
  var momentum: Float = 1
  for _ in 0..<options.steps {
    let logits = multiply(x, transposed: false, ahead, transposed: true)
    let slope = loss(logits).gradient
    let gradient = multiply(slope, transposed: true, x, transposed: false)
    let next = (1 + (1 + 4 * momentum * momentum).squareRoot()) / 2
    for index in weights.values.indices {
      let before = weights.values[index]
      let here = ahead.values[index]
      let after = here - rate * (gradient.values[index] + decay * here)
      weights.values[index] = after
      ahead.values[index] = after + (momentum - 1) / next * (after - before)
    }
    momentum = next
  }
  return weights
}

/// Half the largest eigenvalue of the weighted second moments, by the power method: a bound of the
/// loss's second derivative.
private func curvature(_ x: Tensor, _ weights: [Float]) -> Float {
  var direction = Tensor([1, x.columns], repeating: 1)
  var length: Float = 0
  for _ in 0..<20 {
    var along = multiply(direction, transposed: false, x, transposed: true)
    for index in along.values.indices { along.values[index] *= weights[index] }
    direction = multiply(along, transposed: false, x, transposed: false)
    length = direction.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    direction = direction.onUnitSphere()
  }
  // A little more: the power method comes from below.
  return 0.55 * length / weights.reduce(0, +)
}

extension Tensor {
  /// Multiplied rows with a 1 behind each.
  fileprivate func withConstant(scale: Float) -> Tensor {
    Tensor(shape: [rows, columns + 1]) { target in
      let width = columns
      for row in 0..<rows {
        for column in 0..<width {
          target[row * (width + 1) + column] = scale * values[row * width + column]
        }
        target[row * (width + 1) + width] = 1
      }
    }
  }
}
