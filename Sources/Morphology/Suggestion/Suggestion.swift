internal import CKernels
internal import Foundation
public import Tensor

/// Which sources a person should label next, so that a classifier gains most.
///
/// Each label is to relieve as much doubt as it can: a source's need is its doubt by a classifier, the margin between
/// its two likeliest classes, and more where those are rare; and a label covers the need of what lies near it as far as
/// nearer labels do not. The sum is submodular, and greedily picking the largest gain (facility location, Wei et al.
/// 2015) makes uncertain, dense and diverse picks at once. The first labels, of which no classifier can be made, go
/// where most sources are and no label is near: all are in doubt alike.
public struct Suggestion: Sendable {
  /// What decides the picks besides the embeddings and labels.
  public struct Options: Codable, Sendable, Hashable {
    /// Labels below which variety alone counts.
    public var variety = 12

    /// The distance on the unit sphere, as the σ of a Gaussian, over which a label tells of others.
    public var reach: Float = 0.75

    /// The space in which sources are compared.
    public var space = PrincipalSpace.Options()

    /// How much more doubt about rare classes counts: each class by its share of the sources to this
    /// power, less.
    ///
    /// Macro F1 asks as much of a rare class as of a common one, and chance gives it fewer labels.
    public var rarity = 0.75

    /// The most sources that are weighed against each other, drawn by chance from all.
    public var sample = 4096

    /// Sources beside each pick that are asked about with it, as they lie nearest to it.
    public var company = 8

    /// The quick classifier where no probabilities are given.
    public var probe = LinearProbe.Options()

    /// Decides the draw and the clusters.
    public var seed: UInt64 = 1

    /// The defaults.
    public init() {}
  }

  /// A source to be labelled.
  public struct Pick: Sendable, Hashable {
    /// Its row.
    public let row: Int

    /// The part of all need that its label covers, those before it given.
    public let gain: Double
  }

  /// What to label, in this order.
  public let picks: [Pick]

  /// The doubt about each row, 0 to 1; 1 for all while nothing tells classes apart.
  public let doubt: [Float]

  /// The doubt about each row that no label so far covers, weighed by how rare its classes are, 0 to
  /// 1.
  public let need: [Float]

  /// The likeliest class of each row; `nil` while nothing tells classes apart.
  public let guesses: [Int]?
}

/// Embeddings that can be asked again and again what to label next.
public struct SuggestionSpace: Sendable {
  /// What decides the picks.
  public let options: Suggestion.Options

  /// The embeddings in their principal space, `[n, components]`.
  public let points: Tensor

  /// The rows that are weighed against each other.
  private let sample: [Int]

  /// How near they are to each other, `[sample, sample]`.
  private let nearness: Tensor

  /// Takes points of a ``PrincipalSpace``, `[n, components]`.
  public init(_ points: Tensor, options: Suggestion.Options = .init()) {
    (self.points, self.options) = (points, options)
    var random = RandomStream(options.seed)
    sample = Array((0..<points.rows).shuffled(using: &random).prefix(options.sample)).sorted()
    let some = points.rows(at: sample)
    nearness = near(some, some, reach: options.reach)
  }

  /// Chooses the next sources to label.
  ///
  /// - Parameters:
  ///   - count: How many; fewer come where fewer are unlabelled.
  ///   - labelled: The classes, from 0, of the rows that have a label.
  ///   - probabilities: `[n, classes]` where a classifier has judged the rows.
  /// - Returns: The picks, and what is known of every row before them.
  /// - Throws: `MorphologyError.badOptions` for numbers that do not fit.
  public func suggest(
    _ count: Int, labelled: [Int: Int], probabilities: Tensor? = nil
  ) throws -> Suggestion {
    guard labelled.keys.allSatisfy({ (0..<points.rows).contains($0) }),
      probabilities.map({ $0.rows == points.rows }) ?? true
    else {
      throw MorphologyError.badOptions(
        "\(points.rows) embeddings for labels or probabilities of others")
    }
    let isEarly = probabilities == nil && labelled.count < options.variety
    let known = isEarly ? nil : try probabilities ?? probed(labelled)
    let doubt = known.map(margins) ?? [Float](repeating: 1, count: points.rows)
    let covered = coverage(by: labelled.keys.sorted())
    let weighed = known.map { zip(doubt, rarity(of: $0, power: options.rarity)).map(*) } ?? doubt
    let need = zip(weighed, covered).map { $0 * (1 - $1) }
    var field = Field(
      nearness: nearness, covered: sample.map { covered[$0] }, doubt: sample.map { weighed[$0] },
      open: sample.map { labelled[$0] == nil })
    return Suggestion(
      picks: field.greedy(count).map { Suggestion.Pick(row: sample[$0.place], gain: $0.gain) },
      doubt: doubt,
      need: need, guesses: known.map { table in (0..<table.rows).map { argmax(table.row($0)) } })
  }

  /// Class probabilities by the quick classifier; `nil` while fewer than two classes are labelled.
  private func probed(_ labelled: [Int: Int]) throws -> Tensor? {
    guard Set(labelled.values).count > 1 else { return nil }
    let rows = labelled.keys.sorted()
    let truth = rows.compactMap { labelled[$0] }
    return try LinearProbe(
      points.rows(at: rows), truth: truth, classes: (truth.max() ?? 0) + 1, options: options.probe
    ).probabilities(of: points)
  }

  /// As many rows are held against all labels at a time: a table of all with all would take gigabytes.
  private static let block = 4096

  /// How near each row is to the nearest of some, 0 to 1.
  private func coverage(by rows: [Int]) -> [Float] {
    guard !rows.isEmpty else { return [Float](repeating: 0, count: points.rows) }
    let some = points.rows(at: rows)
    return stride(from: 0, to: points.rows, by: Self.block).flatMap { first in
      let block = first..<min(first + Self.block, points.rows)
      let found = near(points.rows(at: block), some, reach: options.reach)
      return (0..<found.rows).map { found.row($0).max() ?? 0 }
    }
  }

  /// The rows that lie nearest to each of some among others, the nearest first: what is likely to be of its class.
  public func nearest(_ count: Int, to rows: [Int], among others: [Int]) -> [[Int]] {
    guard count > 0, !others.isEmpty else { return rows.map { _ in [] } }
    // A row may be among the others itself.
    let found = nearestNeighbours(
      of: points.rows(at: rows), in: points.rows(at: others), count: count + 1)
    return rows.enumerated().map { place, row in
      Array(found.of(place).map { others[Int($0)] }.filter { $0 != row }.prefix(count))
    }
  }
}

/// The need of sampled rows, and how far picks cover it.
private struct Field {
  let nearness: Tensor
  var covered: [Float]
  let doubt: [Float]
  var open: [Bool]

  /// All need before the first pick.
  let whole: Double

  init(nearness: Tensor, covered: [Float], doubt: [Float], open: [Bool]) {
    self.nearness = nearness
    self.covered = covered
    self.doubt = doubt
    self.open = open
    whole = max(
      zip(doubt, covered).reduce(0) { $0 + Double($1.0 * (1 - $1.1)) }, .leastNormalMagnitude)
  }

  func gain(of place: Int) -> Double {
    let count = covered.count
    return nearness.values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return 0 }
      return reber_gain(base + place * count, covered, doubt, Int64(count))
    }
  }

  /// Picks a place, and gives the part of all need that it covers.
  mutating func take(_ place: Int) -> (place: Int, gain: Double) {
    let gain = gain(of: place) / whole
    open[place] = false
    for (other, value) in nearness.row(place).enumerated() where value > covered[other] {
      covered[other] = value
    }
    return (place, gain)
  }

  /// The places of the largest gains, each weighed after those before it.
  ///
  /// A gain only falls as more is covered, so that an old one bounds the new (Minoux 1978).
  mutating func greedy(_ count: Int) -> [(place: Int, gain: Double)] {
    var bounds = gains()
    var picks: [(place: Int, gain: Double)] = []
    while picks.count < count {
      var fresh = -1
      while true {
        guard let best = bounds.indices.max(by: { bounds[$0] < bounds[$1] }), bounds[best] >= 0
        else { return picks }
        if best == fresh { break }
        bounds[best] = gain(of: best)
        fresh = best
      }
      bounds[fresh] = -1
      picks.append(take(fresh))
    }
    return picks
  }

  /// The gain of every open place, -1 for the others.
  private func gains() -> [Double] {
    var gains = [Double](repeating: -1, count: covered.count)
    let field = self
    gains.withUnsafeMutableBufferPointer { target in
      nonisolated(unsafe) let target = target
      parallel(over: target.count, chunk: 256) { _, places in
        for place in places where field.open[place] { target[place] = field.gain(of: place) }
      }
    }
    return gains
  }
}

/// How near points of the unit sphere are to others: 1 where they are the same, `[a, b]`.
private func near(_ a: Tensor, _ b: Tensor, reach: Float) -> Tensor {
  var products = multiply(a, transposed: false, b, transposed: true)
  let width = products.columns
  products.values.withUnsafeMutableBufferPointer { values in
    guard let base = values.baseAddress else { return }
    nonisolated(unsafe) let start = base
    parallel(over: values.count / max(1, width), chunk: 256) { _, rows in
      reber_nearness(start + rows.lowerBound * width, Int64(rows.count * width), reach)
    }
  }
  return products
}

/// 1 less the difference of the two largest of each row.
private func margins(_ probabilities: Tensor) -> [Float] {
  (0..<probabilities.rows).map { row in
    var (first, second) = (-Float.infinity, -Float.infinity)
    for value in probabilities.row(row) {
      if value > first {
        (first, second) = (value, first)
      } else if value > second {
        second = value
      }
    }
    return second.isFinite ? 1 - (first - second) : 0
  }
}

/// How rare the classes of each row are, 1 for the rarest that there is.
///
/// A class is never taken for rarer than one in 50: its few guesses may all be wrong.
private func rarity(of probabilities: Tensor, power: Double) -> [Float] {
  let shares = probabilities.columnMeans(of: 0..<probabilities.rows).map { Float($0) + 0.02 }
  let least = shares.filter { $0 > 0.02 }.min() ?? 1
  let weights = shares.map { Float(pow(Double(min(1, least / $0)), power)) }
  return (0..<probabilities.rows).map { row in
    zip(probabilities.row(row), weights).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
