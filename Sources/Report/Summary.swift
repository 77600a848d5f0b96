import Catalogue
import Foundation
import Stages

extension EvaluationReport {
  /// What was judged, in rows of a name and what there is to say.
  var summary: Markup {
    let rows = facts.map { name, text in
      Markup(
        "div", [:],
        [Markup("dt", text: name), Markup("dd", text: text)])
    }
    return Markup("dl", [:], rows)
  }

  private var facts: [(String, String)] {
    [
      ("Survey", survey), ("Class scheme", subject.scheme), ("Model", model),
      (
        "Runs",
        """
        classification \(metrics.classification), evaluation \(subject.run.id), \
        begun \(subject.run.startedAt)
        """
      ),
      ("True classes", truth), ("Sources judged", sources), ("Not judged", notJudged),
      ("Program", "Reber \(subject.run.codeVersion)"),
    ]
  }

  private var survey: String {
    let named = subject.survey.observation.title.map { "\($0) (\(subject.survey.name))" }
    let simulated = subject.survey.simulated ? "; simulated: nothing in it is real" : ""
    return (named ?? subject.survey.name) + simulated
  }

  private var model: String {
    """
    classifier \(subject.model.id), taught by \(subject.labels) labels; SHA-256 of its weights \
    \(subject.model.sha256)
    """
  }

  private var truth: String {
    let digest = "SHA-256 \(subject.truth.sha256)"
    guard subject.truth.role == "truth" else {
      return "the annotators' consensus in the database, \(digest)"
    }
    return "\(URL(fileURLWithPath: subject.truth.name).lastPathComponent), \(digest)"
  }

  private var sources: String {
    """
    \(metrics.sources). None of them was learned from, and none lies within \
    \(subject.radius.coordinate) arcsec of a source that was. The pre-training saw \
    \(metrics.seenUnlabelled) of their images, without their classes.
    """
  }

  private var notJudged: String {
    """
    \(metrics.learned) that were learned from or lie so near to one that was; \
    \(metrics.leftOut) without a prediction or of a class that was not taught
    """
  }
}
