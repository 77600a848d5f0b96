import Catalogue
import Foundation
import Hummingbird
import PostgreSQL

extension Section {
  static let progress = Section(
    name: "Progress", path: "progress", templates: ["progress": PackageResources.progress_mustache],
    addRoutes: Site.addProgress)
}

extension Site {
  /// How far labelling is, and how good a classifier could be by now.
  func addProgress(to router: Router<PageContext>) {
    router.get("/:survey/progress") { _, context in
      let annotation = try await annotation(context)
      let (progress, labels) = try await pool.with { database in
        (
          try LabelProgress.of(annotation.survey, scheme: annotation.scheme, in: database),
          try Consensus.all(of: annotation.survey, scheme: annotation.scheme, in: database)
        )
      }
      let forecast = try await forecast(labels, annotation)
      return try page(
        "progress", "Progress", in: .progress, of: annotation.survey, context,
        ProgressContent(progress, forecast, annotation))
    }
  }

  /// The forecast for labels, made anew where they have changed.
  private func forecast(
    _ labels: [Consensus], _ annotation: Annotation
  ) async throws -> Forecast? {
    guard let space = try await space(of: annotation.survey) else { return nil }
    let newest = labels.lazy.compactMap { $0.labels.last }.max() ?? 0
    let key = "\(space.model) \(annotation.scheme.id) \(labels.count) \(newest)"
    return await forecasts.value(key) { Forecast(labels, in: space, scheme: annotation.scheme) }
  }
}

private struct ProgressContent {
  var images: Int
  var labelled: Int
  var left: Int
  var share: String
  var width: Int
  var annotators: [String]
  var rows: [Row]
  var totals: [Int]
  var rates: [Rate]
  var forecast: Curve?
  var estimate: String?
  var label: String

  struct Row {
    var name: String
    var swatch: Int
    var counts: [Int]
    var f1: String
  }

  struct Rate {
    var annotator: String
    var decisions: Int
    var sources: Int
    var minutes: String
    var decisionsPerHour: String
    var sourcesPerHour: String
  }

  struct Curve {
    var macro: String
    var points: [Point]
    var path: String
    var sources: Int
    var isSample: Bool

    struct Point {
      var x: Double
      var y: Double
      var labels: Int
      var f1: String
    }
  }

  init(_ progress: LabelProgress, _ forecast: Forecast?, _ annotation: Annotation) {
    images = progress.images
    labelled = progress.labelled
    left = max(0, images - labelled)
    share = percent(labelled, of: images)
    width = images == 0 ? 0 : Int(100 * Double(labelled) / Double(images))
    label = "/\(percentEncoded(annotation.survey.name))/label"
    annotators = Set(progress.counts.map(\.annotator)).sorted()
    rows = Self.rows(progress, forecast, annotation.scheme, annotators)
    totals = annotators.map { person in
      progress.counts.filter { $0.annotator == person }.reduce(0) { $0 + $1.sources }
    }
    rates = progress.rates.map(Rate.init)
    let own = progress.rates.first { $0.annotator == annotation.annotator }
    if let speed = own?.sourcesPerHour, speed > 0 {
      estimate = String(format: "%.1f", Double(left) / speed)
    }
    self.forecast = forecast.map(Curve.init)
  }

  private static func rows(
    _ progress: LabelProgress, _ forecast: Forecast?, _ scheme: ClassScheme, _ people: [String]
  ) -> [Row] {
    let counts = Dictionary(
      progress.counts.map { ([$0.annotator, String($0.classID)], $0.sources) },
      uniquingKeysWith: +)
    return scheme.classes.map { item in
      Row(
        name: item.name, swatch: Int(item.id),
        counts: people.map { counts[[$0, String(item.id)]] ?? 0 },
        f1: forecast?.f1[item.id].map { String(format: "%.2f", $0) } ?? "–")
    }
  }
}

extension ProgressContent.Rate {
  fileprivate init(_ rate: LabelProgress.Rate) {
    self.init(
      annotator: rate.annotator, decisions: rate.decisions, sources: rate.sources,
      minutes: String(format: "%.1f", rate.hours * 60),
      decisionsPerHour: formatted(rate.decisionsPerHour),
      sourcesPerHour: formatted(rate.sourcesPerHour))
  }
}

extension ProgressContent.Curve {
  /// A curve in a box of 300 by 100: labels on a logarithmic axis, F1 from 0 to 1.
  fileprivate init(_ forecast: Forecast) {
    let most = log(Double(max(2, forecast.curve.last?.labels ?? 2)))
    let least = log(Double(max(1, forecast.curve.first?.labels ?? 1)))
    points = forecast.curve.map { point in
      let place = most > least ? (log(Double(point.labels)) - least) / (most - least) : 1
      return Point(
        x: (10 + 280 * place).rounded(), y: (95 - 90 * point.f1).rounded(), labels: point.labels,
        f1: String(format: "%.2f", point.f1))
    }
    path = points.enumerated().map {
      "\($0.offset == 0 ? "M" : "L")\($0.element.x) \($0.element.y)"
    }
    .joined()
    macro = String(format: "%.2f", forecast.curve.last?.f1 ?? 0)
    sources = forecast.sources
    isSample = forecast.isSample
  }
}
