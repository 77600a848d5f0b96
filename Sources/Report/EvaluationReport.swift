import Catalogue
import Morphology
import Stages

/// Everything that a report of an evaluation shows.
struct EvaluationReport: Sendable {
  /// What was judged, by whom and when.
  var subject: Subject

  /// The scores.
  var metrics: EvaluateStage.Metrics

  /// The bounds of probability, in their order.
  var bounds: [ProbabilityBound]

  /// The classes that the classifier knows, in its order.
  var classes: [String]

  /// The reliability curve.
  var reliability: [ReliabilityBin]

  /// Scores by what is kept.
  var coverage: [CoveragePoint]

  /// The sources that were judged.
  var judged: [JudgedSource]

  /// The surest and the most doubtful of them, class by class.
  var montages: [ClassMontage]

  /// Pictures of these, as the content of PNG files, by source.
  var pictures: [Int: [UInt8]]

  /// The survey's embeddings; `nil` where there are none.
  var map: EmbeddingMap?

  /// What was judged, by whom and when.
  struct Subject: Sendable {
    /// The survey.
    var survey: Survey

    /// The class scheme.
    var scheme: String

    /// The classifier.
    var model: Catalogue.Model

    /// Sources that taught it.
    var labels: Int

    /// What said which classes are true.
    var truth: Work.Input

    /// Sources within this many arcsec of one that was learned were not judged.
    var radius: Double

    /// The run that judged.
    var run: Run

    /// The version of the program that writes the report.
    var writer: String
  }
}

extension BoundOptions {
  /// The bounds in the order of the published table.
  var all: [ProbabilityBound] { [.atMost(low), .all, .atLeast(high)] }
}

extension ProbabilityBound {
  /// As a table heads it, with spaces at which no line breaks.
  var heading: String {
    switch self {
    case .atMost(let bound): "p\u{A0}≤\u{A0}\(percent(bound))"
    case .all: "all"
    case .atLeast(let bound): "p\u{A0}≥\u{A0}\(percent(bound))"
    }
  }
}
