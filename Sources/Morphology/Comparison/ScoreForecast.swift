internal import Foundation
public import Tensor

/// The macro F1 that a linear probe will have with more labels, told from the labels so far.
///
/// Parts of the labels are learned, from a quarter to nine tenths, and the others judged, several times
/// (cross-validation). Through the scores by number of labels goes a power law, `a − b·n^−c`, the usual
/// shape of learning curves (Viering and Loog 2023), which is followed beyond them. Its interval comes from
/// labels drawn with replacement, other parts and other exponents, and is widened: scores of
/// cross-validation lean on the same labels, and vary more than drawing them anew tells (Bates, Hastie and
/// Tibshirani 2023).
public struct ScoreForecast: Codable, Sendable {
  /// What is expected with a number of labels.
  public struct Point: Codable, Sendable {
    /// The labels: those there are, and more.
    public let labels: Int
    /// The macro F1.
    public let score: Double
    /// Where it lies, at `Options.level`.
    public let interval: Interval
  }

  /// What decides a forecast besides the labels.
  public struct Options: Sendable {
    /// Divisions of each kind.
    public var repeats = 6
    /// Draws behind the interval.
    public var resamplings = 200
    /// The share of forecasts that are to be within their interval.
    public var level = 0.9
    /// How much wider the interval is than the draws: chosen on RadioGalaxyDataset and MiraBest for `level`, from
    /// 60 to 300 labels by chance.
    public var widening = 1.6
    /// The probe.
    public var probe = LinearProbe.Options()
    /// Chooses divisions and draws.
    public var seed: UInt64 = 1

    /// The defaults.
    public init() {}
  }

  /// The labels that a forecast needs.
  public static let fewest = 24

  /// What is expected with the labels there are, then with each number of more.
  public let points: [Point]

  /// Forecasts for labels that come in as those so far did.
  ///
  /// - Parameters:
  ///   - embeddings: `[n, dimensions]`, as `LinearProbe` takes them.
  ///   - truth: The class of each, in `0..<classes`.
  ///   - classes: How many there are.
  ///   - more: Labels beyond those.
  ///   - options: What decides it.
  ///   - progress: Is told how many parts of the labels are judged, and of how many.
  /// - Throws: `MorphologyError.tooFew` for fewer than ``fewest`` labels.
  public init(
    _ embeddings: Tensor, truth: [Int], classes: Int, more: [Int] = [50, 100, 200],
    options: Options = Options(), progress: (Int, Int) -> Void = { _, _ in }
  ) throws {
    guard truth.count >= Self.fewest else {
      throw MorphologyError.tooFew(what: "labels", have: truth.count, need: Self.fewest)
    }
    let all = options.repeats * Part.all.reduce(0) { $0 + $1.folds }
    var judged = 0
    let parts = try Part.all.map { part in
      try JudgedParts(part, embeddings, truth: truth, classes: classes, options: options) {
        judged += 1
        progress(judged, all)
      }
    }
    let targets = ([0] + more).map { truth.count + $0 }
    let curve = PowerLaw(
      parts.map { ($0.labels, mean($0.scores(weighing: nil))) }, exponents: PowerLaw.all)
    let middle = targets.map { curve.score($0) }
    let draws = Self.draws(parts, truth: truth, targets: targets, options: options)
    points = targets.indices.map { place in
      let drawn = draws.map { $0[place] }.sorted()
      let centre = quantile(drawn, 0.5)
      let reach = [(1 - options.level) / 2, (1 + options.level) / 2].map {
        min(1, max(0, middle[place] + options.widening * (quantile(drawn, $0) - centre)))
      }
      return Point(
        labels: targets[place], score: min(1, max(0, middle[place])),
        interval: Interval(low: reach[0], high: reach[1]))
    }
  }

  /// What each of several draws of the labels, the divisions and the exponent gives for the targets.
  private static func draws(
    _ parts: [JudgedParts], truth: [Int], targets: [Int], options: Options
  ) -> [[Double]] {
    var random = RandomStream(options.seed, 1)
    let chance = mean(parts.suffix(3).map { deviation($0.scores(weighing: nil)) })
    return (0..<options.resamplings).map { _ in
      var weights = [Double](repeating: 0, count: truth.count)
      for _ in truth { weights[Int.random(in: 0..<truth.count, using: &random)] += 1 }
      let scores = parts.map { part in
        let repeats = (0..<options.repeats).map { _ in
          Int.random(in: 0..<options.repeats, using: &random)
        }
        return (part.labels, mean(part.scores(weighing: weights, of: repeats)))
      }
      let exponent = PowerLaw.drawn[Int.random(in: 0..<PowerLaw.drawn.count, using: &random)]
      let curve = PowerLaw(scores, exponents: [exponent])
      let other = chance * Double(random.normal())
      return targets.map { curve.score($0) + other }
    }
  }
}

/// How labels are divided: one of so many folds is judged, or all others are.
private struct Part {
  var folds: Int
  var learnsOne: Bool

  static let all = [
    Part(folds: 4, learnsOne: true), Part(folds: 3, learnsOne: true),
    Part(folds: 2, learnsOne: false), Part(folds: 3, learnsOne: false),
    Part(folds: 5, learnsOne: false), Part(folds: 10, learnsOne: false),
  ]
}

/// What probes that learned a part of the labels say of the others.
private struct JudgedParts {
  /// Labels that each probe learned.
  let labels: Double
  private let truth: [Int]
  private let classes: Int
  /// The class of every source, by repeat.
  private let said: [[Int]]

  init(
    _ part: Part, _ embeddings: Tensor, truth: [Int], classes: Int, options: ScoreForecast.Options,
    onFold: () -> Void
  ) throws {
    let count = Double(truth.count) / Double(part.folds)
    labels = part.learnsOne ? count : Double(truth.count) - count
    (self.truth, self.classes) = (truth, classes)
    said = try (0..<options.repeats).map { round in
      var random = RandomStream(options.seed, 2, part.folds, part.learnsOne ? 1 : 0, round)
      let folds = stratifiedFolds(
        classes: truth, groups: Array(truth.indices), folds: part.folds, seed: random.next())
      // Where one fold is learned, each source is judged by one of the others, by chance.
      let judge = folds.map { fold in
        part.learnsOne ? (fold + Int.random(in: 1..<part.folds, using: &random)) % part.folds : fold
      }
      var said = truth
      for fold in 0..<part.folds {
        defer { onFold() }
        let learned = truth.indices.filter { (folds[$0] == fold) == part.learnsOne }
        let judged = truth.indices.filter { judge[$0] == fold }
        guard !judged.isEmpty else { continue }
        let probe = try LinearProbe(
          embeddings.rows(at: learned), truth: learned.map { truth[$0] }, classes: classes,
          options: options.probe)
        let probabilities = probe.probabilities(of: embeddings.rows(at: judged))
        for (row, source) in judged.enumerated() { said[source] = argmax(probabilities.row(row)) }
      }
      return said
    }
  }

  /// Macro F1 by repeat, of sources that count so often, each once where nothing is said.
  func scores(weighing weights: [Double]?, of repeats: [Int]? = nil) -> [Double] {
    (repeats ?? Array(said.indices)).map { round in
      var counts = [Double](repeating: 0, count: 3 * classes)
      for (source, own) in truth.enumerated() {
        let weight = weights?[source] ?? 1
        counts[own] += weight
        counts[classes + said[round][source]] += weight
        if own == said[round][source] { counts[2 * classes + own] += weight }
      }
      let seen = (0..<classes).filter { counts[$0] + counts[classes + $0] > 0 }
      return mean(
        seen.map { 2 * counts[2 * classes + $0] / (counts[$0] + counts[classes + $0]) })
    }
  }
}

/// A curve `a − b·n^−c` with `b ≥ 0` and `a ≤ 1`, of least squares.
private struct PowerLaw {
  var (a, b, c) = (0.0, 0.0, 1.0)
  private var error = Double.infinity

  /// The exponents that are tried, and those that are drawn.
  static let all = [0.25, 0.5, 0.75, 1, 1.5]
  static let drawn = [0.25, 0.5, 0.75, 1]

  func score(_ labels: Int) -> Double { a - b * pow(Double(labels), -c) }

  init(_ scores: [(labels: Double, score: Double)], exponents: [Double]) {
    for exponent in exponents {
      let found = PowerLaw(scores, exponent: exponent)
      if found.error < error { self = found }
    }
  }

  private init(_ scores: [(labels: Double, score: Double)], exponent: Double) {
    let (x, y) = (scores.map { pow($0.labels, -exponent) }, scores.map(\.score))
    let (middleX, middleY) = (mean(x), mean(y))
    let spread = x.reduce(0) { $0 + ($1 - middleX) * ($1 - middleX) }
    let slope = zip(x, y).reduce(0) { $0 + ($1.0 - middleX) * ($1.1 - middleY) } / spread
    b = max(0, -slope)
    a = middleY + b * middleX
    if a > 1 {
      a = 1
      let squares = x.reduce(0) { $0 + $1 * $1 }
      b = max(0, zip(x, y).reduce(0) { $0 + $1.0 * (1 - $1.1) } / squares)
    }
    c = exponent
    let (a, b) = (a, b)
    error = zip(x, y).reduce(0) { $0 + pow(a - b * $1.0 - $1.1, 2) }
  }
}

private func mean(_ values: [Double]) -> Double {
  values.reduce(0, +) / Double(max(1, values.count))
}

private func deviation(_ values: [Double]) -> Double {
  let middle = mean(values)
  let squares = values.reduce(0) { $0 + ($1 - middle) * ($1 - middle) }
  return (squares / Double(max(1, values.count - 1))).squareRoot()
}
