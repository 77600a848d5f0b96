import Catalogue
import Stages

extension EvaluationReport {
  /// The page: one file that needs no other, no network and no script.
  func page() throws -> String {
    "<!DOCTYPE html>\n" + (try document()).text
  }

  private func document() throws -> Markup {
    Markup(
      "html", ["xmlns": "http://www.w3.org/1999/xhtml", "lang": "en"],
      [
        Markup(
          "head", [:],
          [
            Markup("meta", ["charset": "utf-8"]),
            Markup(
              "meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
            Markup("title", text: title),
            Markup("style", text: reportStyle),
          ]), Markup("body", [:], [header] + (try sections()) + [footer]),
      ])
  }

  private var title: String {
    "Evaluation of survey \(subject.survey.name) in scheme \(subject.scheme)"
  }

  private var header: Markup {
    Markup(
      "header", [:],
      [
        Markup("h1", text: title),
        Markup(
          "p", ["class": "result"],
          text: """
            Accuracy \(fixed(metrics.accuracy, 3)), macro F1 \(fixed(metrics.macroF1, 3)), \
            expected calibration error \(fixed(metrics.calibrationError, 3)), on \
            \(metrics.sources) sources.
            """), summary,
      ])
  }

  private func sections() throws -> [Markup] {
    [
      section("Scores by class and probability", [scroll(scoreTable)], Self.aboutScores),
      section(
        "Confusion matrix",
        [scroll(ConfusionFigure(metrics.confusion, classes: classes).drawing.markup)],
        Self.aboutConfusion),
      Markup(
        "div", ["class": "pair"],
        [
          section(
            "Reliability",
            [
              ReliabilityFigure(reliability, expectedError: metrics.calibrationError)
                .drawing.markup
            ], Self.aboutReliability),
          section(
            "Coverage", [CoverageFigure(coverage).drawing.markup], Self.aboutCoverage),
        ]),
      section("The most and the least certain sources", montageSection, Self.aboutMontages),
      section("Map of the embeddings", try mapSection(), nil),
    ]
  }

  private func section(_ heading: String, _ body: [Markup], _ caption: String?) -> Markup {
    let caption = caption.map { [Markup("p", ["class": "caption"], text: $0)] } ?? []
    return Markup("section", [:], [Markup("h2", text: heading)] + body + caption)
  }

  /// Something that may be wider than a narrow page.
  private func scroll(_ body: Markup) -> Markup { Markup("div", ["class": "scroll"], [body]) }

  private var footer: Markup {
    Markup(
      "footer", [:],
      [
        Markup(
          "p",
          text: """
            The same figures stand beside this page in scores.csv, confusion.csv, \
            reliability.csv, coverage.csv and sources.csv, and in the database in the rows of run \
            \(subject.run.id) of reber.evaluation, reber.confusion, reber.reliability, \
            reber.coverage and reber.judgement. Page by Reber \(subject.writer).
            """)
      ])
  }
}

extension EvaluationReport {
  fileprivate static let aboutScores = """
    p is the probability of the predicted class; a column counts only the sources within its \
    bound. n is the number of sources that truly are of the class. Ranges are 95% bootstrap \
    intervals (percentiles of resampled sources). Precision and recall are of all sources. The \
    macro average is the mean over the classes that occur, in truth or among the predictions.
    """

  fileprivate static let aboutConfusion = """
    Numbers are sources; the shade is their part of the true class (of the row). Sources called \
    right lie in the framed cells of the diagonal. Grey numbers are sums of rows and columns.
    """

  fileprivate static let aboutReliability = """
    Above: the part of the predictions that is right against their mean probability, in 15 bins \
    of equal width, with 95% score intervals (Wilson 1927); on the dashed line probabilities are \
    what they say. Below: the sources in each bin. ECE is the expected calibration error, the gap \
    between the two weighted by the sources of the bins (Guo et al. 2017).
    """

  fileprivate static let aboutCoverage = """
    Accuracy and macro F1 of the sources whose predicted class has at least the probability on the \
    upper axis, against the part of the judged sources that is kept. The curves begin where \
    \(CoverageFigure.fewest) sources are kept; towards the left few sources and few classes are \
    left, and chance rules.
    """

  fileprivate static let aboutMontages = """
    Judged sources by predicted class, as the network sees them: prepared and stretched by the \
    model's own pre-processing, dark on white, in the orientation of the image. × and a dashed \
    frame mark those that are something else.
    """
}
