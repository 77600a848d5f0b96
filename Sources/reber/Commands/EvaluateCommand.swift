import ArgumentParser
import Catalogue
import Morphology
import Report
import Stages

struct EvaluateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Judge a classification by labels that the classifier never saw.",
    discussion: """
      Sources that were learned, and all within --radius of one, do not count. Intervals are 95%
      bootstrap intervals.

      Parts by S/N (peak over noise) and by size (arcsec) have a quarter of the sources
      each: p is the mean probability there, right how many are called right. A set
      holds the classes that a source may be of; in set is the part of the sources of a
      class whose set holds it, for which it was chosen by held-out labels, and decided
      the part whose set is the most probable class alone.

      Example:
        reber evaluate --survey first
        reber evaluate --survey first --truth catalogue.csv --class-column label --map 100=FRI
        reber evaluate --survey first --report first-report
      """)

  @OptionGroup var table: LabelTableOptions
  @Option(help: "A table of true classes; without it the labels in the database serve.")
  var truth: String?
  @Option(help: "The classification run; the newest where none is named.") var classification: Int?
  @Option(
    help: ArgumentHelp(
      "Sources within this distance of a learned one are not judged.", valueName: "arcsec"))
  var radius = 10.0
  @Option(help: "Also score the predictions of at most this probability.") var low: Float = 0.85
  @Option(help: "Also score the predictions of at least this probability.") var high: Float = 0.99
  @Option(help: "How often the bootstrap resamples.") var resamplings = 500
  @Option(
    help: ArgumentHelp(
      "Also write report.html there, a page with tables and figures, and CSV files of them.",
      valueName: "folder"))
  var report: String?
  @OptionGroup(title: "Output") var options: StageOptions

  func run() async throws {
    let folder = try report.map { try ReportFolder($0) }
    let workplace = try await options.workplace()
    let evaluation = try await workplace.perform(stage)
    if let folder {
      try await workplace.write(reportOf: evaluation, of: stage, to: folder)
      workplace.progress.note("report: \(folder.page)")
    }
    try options.show(evaluation) { metrics in
      [
        scores(metrics), metrics.confusion.isEmpty ? nil : confusion(metrics),
        metrics.parts.flatMap(parts), metrics.sets.flatMap(sets), summary(metrics),
      ].compactMap(\.self).joined(separator: "\n\n")
    }
  }

  /// The options as the stage takes them.
  private var stage: EvaluateStage {
    var stage = EvaluateStage(survey: table.survey)
    stage.truthFile = truth
    stage.truth = table.labels
    stage.classification = classification
    stage.radius = radius
    stage.bounds.low = low
    stage.bounds.high = high
    stage.bounds.resamplings = resamplings
    return stage
  }

  /// F1 of each class below, overall and above the bounds, with its interval and count.
  private func scores(_ metrics: EvaluateStage.Metrics) -> String {
    let bounds = metrics.scores.map(\.bound).reduce(into: [String]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    let names = metrics.scores.filter { $0.bound == bounds.first }.map(\.className)
    let rows = names.map { name in
      let own = metrics.scores.filter { $0.className == name }
      let scores = bounds.map { bound in own.first { $0.bound == bound } }
      let whole = own.first { $0.bound == "all" }
      return [name] + scores.flatMap { $0.map(cells) ?? ["-", "-", "0"] }
        + [whole?.precision, whole?.recall].map { $0.map { decimal($0, 2) } ?? "-" }
    }
    return TextTable(
      ["class"] + bounds.flatMap { ["F1, \($0)#", "interval", "n#"] } + ["precision#", "recall#"],
      rows: rows
    ).text
  }

  private func cells(_ row: EvaluationRow) -> [String] {
    [
      row.f1.map { decimal($0, 2) } ?? "-",
      range(row.interval.map { Double($0.lowerBound)...Double($0.upperBound) }),
      String(row.support),
    ]
  }

  private func confusion(_ metrics: EvaluateStage.Metrics) -> String {
    let names = metrics.scores.filter { $0.bound == "all" }.map(\.className)
      .filter { $0 != EvaluationRow.macroAverage }
    let rows = names.map { truth in
      let own = metrics.confusion.filter { $0.truth == truth }
      return [truth]
        + names.map { said in
          own.first { $0.predicted == said }.map { String($0.sources) } ?? "·"
        }
    }
    return TextTable(["true \\ said"] + names.map { $0 + "#" }, rows: rows).text
  }

  /// Reliability by brightness and by size; `nil` where neither is known.
  private func parts(_ rows: [EvaluateStage.PartRow]) -> String? {
    guard !rows.isEmpty else { return nil }
    return TextTable(
      ["by", "from#", "to#", "n#", "p#", "right#", "interval", "macro F1#", "calibration error#"],
      rows: rows.map { row in
        [
          row.by, decimal(row.low, 1), decimal(row.high, 1), String(row.sources),
          decimal(row.confidence, 2), decimal(row.accuracy, 2), range(row.interval),
          decimal(row.macroF1, 2), decimal(row.calibrationError, 3),
        ]
      }
    ).text
  }

  /// What sets of the usual coverage hold, a line a class; JSON has the others.
  private func sets(_ rows: [EvaluateStage.SetRow]) -> String? {
    let wanted = PredictionSets.usualCoverage
    let shown = rows.filter { $0.coverage == wanted }
    guard !shown.isEmpty else { return nil }
    return TextTable(
      [
        "sets for \(decimal(100 * wanted, 0))%", "n#", "in set#", "interval", "classes#",
        "decided#", "of them right#",
      ],
      rows: shown.map { row in
        [
          row.className, String(row.sources), decimal(row.covered, 3), range(row.interval),
          decimal(row.classes, 2), decimal(row.decided, 2),
          row.accuracy.map { decimal($0, 2) } ?? "-",
        ]
      }
    ).text
  }

  private func range(_ interval: ClosedRange<Double>?) -> String {
    interval.map { "\(decimal($0.lowerBound, 2))–\(decimal($0.upperBound, 2))" } ?? "-"
  }

  /// What is known of judged sources at the place of a learned one.
  private func leakCheck(_ metrics: EvaluateStage.Metrics) -> String {
    switch metrics.notCheckable {
    case nil: "of this older run: not known"
    case 0?: "of those that are judged: none"
    case let count?: "of \(count) of those that are judged: not checkable, positions are missing"
    }
  }

  private func summary(_ metrics: EvaluateStage.Metrics) -> String {
    """
    \(metrics.sources) sources judged: accuracy \(decimal(metrics.accuracy, 3)), \
    macro F1 \(decimal(metrics.macroF1, 3)), \
    share of the most frequent class \(metrics.largestShare.map { decimal($0, 3) } ?? "not known"), \
    calibration error \(decimal(metrics.calibrationError, 3))
    not judged: \(metrics.learned) learned or beside a learned one, \(metrics.leftOut) without a \
    prediction or of a class that was not taught
    beside a learned one, \(leakCheck(metrics))
    \(metrics.seenUnlabelled) of the judged images were in the pre-training, without their classes
    """
  }
}
