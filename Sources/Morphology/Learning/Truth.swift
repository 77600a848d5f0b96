internal import Foundation
internal import NeuralNetwork
public import Tensor

/// What labelled sources are taught to be.
public enum Truth: Sendable {
  /// The class of each.
  case classes([Int])

  /// How much of each class stands for a source, `[n, classes]`, as the votes of people do; every row's sum is 1.
  case shares(Tensor)

  /// Of each tag 1 where it applies to a source, 0 where it does not, and NaN where nobody says, `[n, tags]`.
  case tags(Tensor)

  /// The number of sources.
  public var count: Int {
    switch self {
    case .classes(let classes): classes.count
    case .shares(let table), .tags(let table): table.rows
    }
  }

  /// How the outputs of a network become probabilities.
  var answers: Answers {
    if case .tags = self { .tags } else { .oneClass }
  }

  /// A number for each source, by which folds and batches are balanced: its class, or that of the largest share;
  /// of tags 1 more than the place of the rarest that applies, or 0.
  var strata: [Int] {
    switch self {
    case .classes(let classes): return classes
    case .shares(let table): return (0..<table.rows).map { argmax(table.row($0)) }
    case .tags(let table):
      let frequency = (0..<table.columns).map { tag in
        (0..<table.rows).count { table.values[$0 * table.columns + tag] > 0.5 }
      }
      return (0..<table.rows).map { row in
        let own = table.row(row).enumerated().filter { $0.element > 0.5 }.map(\.offset)
        return own.min { frequency[$0] < frequency[$1] }.map { $0 + 1 } ?? 0
      }
    }
  }

  /// The truth of some of the sources.
  func rows(at rows: [Int]) -> Truth {
    switch self {
    case .classes(let classes): .classes(rows.map { classes[$0] })
    case .shares(let table): .shares(table.rows(at: rows))
    case .tags(let table): .tags(table.rows(at: rows))
    }
  }

  /// What a network's outputs for the sources are judged by.
  func loss(smoothing: Float = 0) -> any Loss {
    switch self {
    case .classes(let classes): CrossEntropy(classes: classes, smoothing: smoothing)
    case .shares(let table): SharesCrossEntropy(shares: table, smoothing: smoothing)
    case .tags(let table): BinaryCrossEntropy(targets: table, smoothing: smoothing)
    }
  }

  /// The negative logarithm of what the probabilities `[n, outputs]` give to the truth, summed.
  func surprise(of probabilities: Tensor) -> Double {
    func cost(_ share: Float, _ probability: Float) -> Double {
      share > 0 ? -Double(share) * log(max(Double(probability), 1e-12)) : 0
    }
    switch self {
    case .classes(let classes): return summedSurprise(of: probabilities, classes: classes)
    case .shares(let table):
      return zip(table.values, probabilities.values).reduce(0) { $0 + cost($1.0, $1.1) }
    case .tags(let table):
      return zip(table.values, probabilities.values).reduce(0) { sum, pair in
        pair.0.isNaN ? sum : sum + cost(pair.0, pair.1) + cost(1 - pair.0, 1 - pair.1)
      }
    }
  }

  /// Refuses numbers that are no truth of so many outputs.
  ///
  /// - Throws: `MorphologyError.badOptions`.
  func check(outputs: Int) throws {
    let fits =
      switch self {
      case .classes(let classes): outputs > 1 && classes.allSatisfy { (0..<outputs).contains($0) }
      case .shares(let table):
        outputs > 1 && table.columns == outputs && table.values.allSatisfy { (0...1).contains($0) }
      case .tags(let table):
        table.columns == outputs && table.values.allSatisfy { $0.isNaN || (0...1).contains($0) }
      }
    guard fits else { throw MorphologyError.badOptions("a class is not in 0..<\(outputs)") }
  }
}

/// How the outputs of a network become probabilities.
public enum Answers: Sendable {
  /// By the softmax: a source has one of the classes.
  case oneClass

  /// By the sigmoid of each: a source may have several tags.
  case tags

  func probabilities(_ logits: Tensor) -> Tensor {
    switch self {
    case .oneClass: softmax(logits)
    case .tags: sigmoid(logits)
    }
  }
}
