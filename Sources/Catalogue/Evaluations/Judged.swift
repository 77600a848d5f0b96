public import PostgreSQL

/// The true classes by which an evaluation judged a classification.
public struct JudgedTruth: Sendable {
  /// The run that predicted.
  public var classification: Int

  /// The scheme of the classes.
  public var scheme: ClassScheme

  /// The judged sources, each with what it truly is.
  public var classes: [(source: Int, classID: Int16)]

  /// Describes what sources truly are.
  public init(
    classification: Int, scheme: ClassScheme, classes: [(source: Int, classID: Int16)]
  ) {
    self.classification = classification
    self.scheme = scheme
    self.classes = classes
  }
}

extension Survey {
  func write(_ truth: JudgedTruth, run: Int, in database: Connection) throws {
    try database.copy(
      into: "reber.judged",
      columns: [
        "run_id", "classification_run_id", "survey_id", "source_id", "class_scheme_id", "class_id",
      ]
    ) { copy in
      for (source, classID) in truth.classes {
        try copy.row(run, truth.classification, id, source, truth.scheme.id, classID)
      }
    }
  }

  /// The sources that an evaluation run judged, in their order.
  public func judged(run: Int, in database: Connection) throws -> [JudgedSource] {
    try database.rows(
      """
      SELECT source_id, cutout_id, name, ra, dec, truth, predicted, probability
      FROM reber.judgement
      WHERE run_id = \(run) AND survey_id = \(id)
      ORDER BY source_id
      """, as: Int.self, Int.self, String.self, Double?.self, Double?.self, String.self,
      String.self, Float.self
    ).map { source, cutout, name, ra, dec, truth, predicted, probability in
      var position: Source.Position?
      if let ra, let dec { position = Source.Position(ra: ra, dec: dec) }
      return JudgedSource(
        id: source, cutout: cutout, name: name, position: position, truth: truth,
        predicted: predicted, probability: probability)
    }
  }
}

/// A source that an evaluation judged: what it was said to be, and what it is.
public struct JudgedSource: Sendable, Equatable {
  /// The key within the survey.
  public var id: Int

  /// The image that it was classified from.
  public var cutout: Int

  /// Identifier within the survey.
  public var name: String

  /// ICRS, degrees.
  public var position: Source.Position?

  /// What it is.
  public var truth: String

  /// What it was said to be.
  public var predicted: String

  /// The probability of the predicted class.
  public var probability: Float

  /// Whether it was called right.
  public var isRight: Bool { truth == predicted }

  /// Describes a judged source.
  public init(
    id: Int, cutout: Int, name: String, position: Source.Position?, truth: String,
    predicted: String, probability: Float
  ) {
    self.id = id
    self.cutout = cutout
    self.name = name
    self.position = position
    self.truth = truth
    self.predicted = predicted
    self.probability = probability
  }
}
