internal import Tensor

/// How probabilities compare with how often they are right among sources with much of something, and with
/// little.
public struct PartedCalibration: Sendable, Hashable {
  /// Parts of about as many sources each, from the least of it to the most; sources with as much are in the
  /// same part, and those of which it is not known in none.
  public let parts: [Part]

  /// A part of the sources.
  public struct Part: Sendable, Hashable {
    /// The least and the most that its sources have.
    public let range: ClosedRange<Double>

    /// How probabilities compare with truth among them.
    public let calibration: Calibration

    /// Who they are told to be, and who they are.
    public let confusion: Confusion

    /// The mean probability of their predicted classes.
    public let confidence: Double

    /// The 95% interval of the part of them that was called right.
    public let interval: Interval?
  }

  /// Divides judged sources by how much of something they have.
  ///
  /// - Parameters:
  ///   - evaluation: The judged sources.
  ///   - measure: How much each has, in its order; `nil` where it is not known.
  ///   - count: The parts, at most.
  /// - Throws: `MorphologyError.badOptions` where the numbers do not fit.
  public init(_ evaluation: Evaluation, by measure: [Double?], parts count: Int = 4) throws {
    let known = measure.indices.filter { measure[$0]?.isFinite == true }
    let sorted = known.compactMap { measure[$0] }.sorted()
    let bounds = (1..<count).map { quantile(sorted, Double($0) / Double(count)) }
    let places = Dictionary(grouping: known) { row in
      bounds.count { $0 < measure[row] ?? 0 }
    }
    parts = try places.keys.sorted().compactMap { places[$0] }.map {
      try Part(evaluation, rows: $0, measure: $0.compactMap { measure[$0] })
    }
  }
}

extension PartedCalibration.Part {
  fileprivate init(_ evaluation: Evaluation, rows: [Int], measure: [Double]) throws {
    let own = try Evaluation(
      truth: rows.map { evaluation.truth[$0] },
      probabilities: evaluation.probabilities.rows(at: rows))
    range = (measure.min() ?? 0)...(measure.max() ?? 0)
    calibration = Calibration(own)
    confusion = own.confusion()
    confidence = own.confidence.reduce(0) { $0 + Double($1) } / Double(max(1, rows.count))
    interval = Interval(
      part: zip(own.truth, own.predicted).count { $0 == $1 }, of: rows.count)
  }
}
