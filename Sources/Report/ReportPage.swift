import Catalogue
import Foundation
import Markup
import Morphology
import Mustache
import Stages

extension EvaluationReport {
  /// The page: one file that needs no other, no network and no script.
  func page() throws -> String {
    var library = MustacheLibrary()
    try library.add([
      "report": PackageResources.report_mustache, "style": PackageResources.report_css,
    ])
    return library.render(try Page(self), withTemplate: "report") ?? ""
  }
}

/// What the template of the page shows.
private struct Page {
  var title: String
  var subject: EvaluationReport.Subject
  var metrics: EvaluateStage.Metrics
  var accuracy: String
  var macroF1: String
  var calibrationError: String
  var survey: String
  var truth: String
  var radius: String
  var bounds: [String]
  var scores: [ScoreRow]
  var confusion: String
  var curves: [Section]
  var montages: [Montage]
  var map: MapSection?
  var files: String

  struct Section {
    var heading: String
    var drawing: String
    var caption: String
  }

  init(_ report: EvaluationReport) throws {
    subject = report.subject
    metrics = report.metrics
    title = "Evaluation of survey \(subject.survey.name) in scheme \(subject.scheme)"
    accuracy = fixed(metrics.accuracy, 3)
    macroF1 = fixed(metrics.macroF1, 3)
    calibrationError = fixed(metrics.calibrationError, 3)
    let name = subject.survey.name
    survey = subject.survey.observation.title.map { "\($0) (\(name))" } ?? name
    truth =
      subject.truth.role == "truth"
      ? URL(fileURLWithPath: subject.truth.name).lastPathComponent
      : "the annotators' consensus in the database"
    radius = subject.radius.coordinate
    bounds = report.bounds.map(\.heading)
    scores = (report.classes + [EvaluationRow.macroAverage]).map { ScoreRow($0, of: report) }
    confusion = ConfusionFigure(metrics.confusion, classes: report.classes).drawing.svg
    curves = report.curves.map {
      Section(heading: $0.heading, drawing: $0.drawing.svg, caption: $0.caption)
    }
    montages = report.montages.map { Montage($0, pictures: report.pictures) }
    map = try report.map.map { try MapSection($0, classes: report.classes) }
    let names = report.tables.map { $0.name }
    files = names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
  }
}

/// F1 of a class below, overall and above the bounds of probability.
private struct ScoreRow {
  var name: String
  var isMean: Bool
  var cells: [Cell]
  var precision: String
  var recall: String

  struct Cell {
    var f1: String?
    var interval: String?
    var support: Int
  }

  init(_ name: String, of report: EvaluationReport) {
    let rows = report.bounds.map { bound in
      report.metrics.scores.first { $0.bound == bound.text && $0.className == name }
    }
    let whole = zip(report.bounds, rows).first { $0.0 == .all }?.1
    self.name = name
    isMean = name == EvaluationRow.macroAverage
    cells = rows.map { row in
      let interval = row?.interval.map {
        "\(fixed($0.lowerBound, 2))–\(fixed($0.upperBound, 2))"
      }
      let f1 = row?.f1.map { fixed($0, 2) }
      return Cell(f1: f1, interval: f1 == nil ? nil : interval, support: row?.support ?? 0)
    }
    precision = whole?.precision.map { fixed($0, 2) } ?? "–"
    recall = whole?.recall.map { fixed($0, 2) } ?? "–"
  }
}

extension ProbabilityBound {
  /// As a table heads it, with spaces at which no line breaks.
  fileprivate var heading: String {
    switch self {
    case .atMost(let bound): "p\u{A0}≤\u{A0}\(percent(bound))"
    case .all: "all"
    case .atLeast(let bound): "p\u{A0}≥\u{A0}\(percent(bound))"
    }
  }
}

/// The surest and the most doubtful sources that were said to be of a class.
private struct Montage {
  var className: String
  var sources: Int
  var strips: [Strip]

  struct Strip {
    var title: String
    var items: [Item]
  }

  struct Item {
    var name: String
    var picture: String?
    var predicted: String
    var probability: String
    var truth: String
    var isRight: Bool
  }

  init(_ montage: ClassMontage, pictures: [Int: String]) {
    className = montage.className
    sources = montage.sources
    strips = [("most certain", montage.surest), ("least certain", montage.doubtful)]
      .filter { !$0.1.isEmpty }
      .map { title, sources in
        Strip(title: title, items: sources.map { Item($0, picture: pictures[$0.id]) })
      }
  }
}

extension Montage.Item {
  init(_ source: JudgedSource, picture: String?) {
    let probability = fixed(source.probability, 3)
    self.init(
      name: source.name, picture: picture, predicted: source.predicted,
      // With as many decimals as it takes not to look certain.
      probability: probability == "1.000" && source.probability < 1 ? "> 0.999" : probability,
      truth: source.truth, isRight: source.isRight)
  }
}

/// The map of the embeddings by predicted and by true class.
private struct MapSection {
  var model: Int
  var sources: Int
  var judged: Int
  var predicted: String
  var truth: String
  var legend: [Entry]

  struct Entry {
    var name: String
    var path: String
    var colour: String
  }

  init(_ map: EmbeddingMap, classes: [String]) throws {
    let figure = { (classes: [Int?], title: String) in
      try MapFigure(map.points, classes: classes, title: title).drawing().svg
    }
    model = map.model
    sources = map.points.count
    judged = map.truth.count { $0 != nil }
    predicted = try figure(map.predicted, "Embeddings by predicted class")
    truth = try figure(map.truth, "Embeddings by true class")
    legend = classes.enumerated().map { index, name in
      let look = ClassLook(index)
      return Entry(
        name: name, path: look.symbol.path(at: Point(7, 7), radius: 5), colour: look.colour)
    }
  }
}
