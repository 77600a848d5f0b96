import Catalogue
import Foundation
import Hummingbird
import Markup
import Morphology
import PostgreSQL

extension Section {
  /// How far labelling is, and how good a classifier could be by now.
  static let progress = Section(
    name: "Progress", path: "progress", templates: ["progress": PackageResources.progress_mustache],
    routes: [.get("progress") { try await $0.progressPage() }])
}

extension Visit {
  fileprivate func progressPage() async throws -> Response {
    let (progress, labels) = try await pool.with { database in
      let progress = try LabelProgress.of(survey, scheme: scheme, in: database)
      let labels = try Consensus.some(
        Forecast.limit, of: survey, scheme: scheme, labelled: progress.labelled, in: database)
      return (progress, labels)
    }
    let forecast = try await forecast(labels, isSample: progress.labelled > labels.count)
    return try page("progress", "Progress", content(progress, forecast))
  }

  /// The forecast for labels, made anew where they have changed.
  private func forecast(_ labels: [Consensus], isSample: Bool) async throws -> Forecast? {
    guard !scheme.isTags, let space = try await space() else { return nil }
    let newest = labels.lazy.compactMap { $0.labels.last }.max() ?? 0
    let key = "\(space.key) \(scheme.id) \(labels.count) \(newest)"
    return await site.forecasts.value(key) {
      Forecast(labels, isSample: isSample, in: space, scheme: scheme)
    }
  }

  private func content(_ progress: LabelProgress, _ forecast: Forecast?) -> Content {
    let (images, labelled) = (progress.images, progress.labelled)
    let left = max(0, images - labelled)
    let people = Set(progress.counts.map(\.annotator)).sorted()
    let own = progress.rates.first { $0.annotator == annotation.annotator }
    return [
      "images": images, "labelled": labelled, "left": left,
      "share": percent(labelled, of: images),
      "width": images == 0 ? 0 : Int(100 * Double(labelled) / Double(images)),
      "label": base + (scheme.isTags ? "/single" : "/label"), "isTags": scheme.isTags,
      "annotators": people,
      "rows": rows(progress, forecast, people),
      "totals": people.map { person in
        progress.counts.filter { $0.annotator == person }.reduce(0) { $0 + $1.sources }
      },
      "rates": progress.rates.map(\.content),
      "estimate": own?.sourcesPerHour.flatMap { speed in
        speed > 0 ? String(format: "%.1f", Double(left) / speed) : nil
      },
      "forecast": forecast?.content,
    ]
  }

  /// The classes, each with how many sources every annotator has given it.
  private func rows(
    _ progress: LabelProgress, _ forecast: Forecast?, _ people: [String]
  ) -> [Content] {
    let counts = Dictionary(grouping: progress.counts, by: \.classID)
    return scheme.classes.map { item in
      let own = counts[item.id] ?? []
      return [
        "name": item.name, "swatch": item.id,
        "counts": people.map { person in own.first { $0.annotator == person }?.sources ?? 0 },
        "f1": forecast?.f1[item.id].map { String(format: "%.2f", $0) } ?? "–",
      ]
    }
  }
}

extension LabelProgress.Rate {
  fileprivate var content: Content {
    [
      "annotator": annotator, "decisions": decisions, "sources": sources,
      "minutes": String(format: "%.1f", hours * 60),
      "decisionsPerHour": formatted(decisionsPerHour), "sourcesPerHour": formatted(sourcesPerHour),
    ]
  }
}

/// A box of 300 by 100 for curves: labels on a logarithmic axis, F1 from 0 to 1.
private struct CurveBox {
  private let least: Double
  private let most: Double

  init(from least: Int, to most: Int) {
    self.least = log(Double(max(1, least)))
    self.most = log(Double(max(2, most)))
  }

  func place(_ labels: Int, _ f1: Double) -> (x: Double, y: Double) {
    let place = most > least ? (log(Double(max(1, labels))) - least) / (most - least) : 1
    return ((10 + 280 * place).rounded(), (95 - 90 * f1).rounded())
  }

  /// A line through points of labels and F1.
  func path(_ points: [(labels: Int, f1: Double)]) -> String {
    let places = points.map { place($0.labels, $0.f1) }
    return "M" + places.map { "\($0.x) \($0.y)" }.joined(separator: "L")
  }

  func content(_ labels: Int, _ f1: Double) -> Content {
    let place = place(labels, f1)
    return ["x": place.x, "y": place.y, "labels": labels, "f1": String(format: "%.2f", f1)]
  }
}

extension Forecast {
  fileprivate var content: Content {
    let box = CurveBox(from: curve.first?.labels ?? 1, to: curve.last?.labels ?? 2)
    return [
      "macro": String(format: "%.2f", curve.last?.f1 ?? 0), "sources": sources,
      "isSample": isSample, "future": futureContent,
      "path": box.path(curve), "points": curve.map { box.content($0.labels, $0.f1) },
    ]
  }

  /// What more labels would bring, as a curve with its interval and as rows; `nil` where that is not known.
  private var futureContent: Content? {
    guard let first = future.first, let last = future.last else { return nil }
    let box = CurveBox(from: first.labels, to: last.labels)
    let low = future.map { (labels: $0.labels, f1: $0.interval.low) }
    let high = future.map { (labels: $0.labels, f1: $0.interval.high) }
    return [
      "band": box.path(low + high.reversed()) + "Z",
      "path": box.path(future.map { (labels: $0.labels, f1: $0.score) }),
      "points": future.map { box.content($0.labels, $0.score) },
      "rows": future.map { point -> Content in
        [
          "labels": point.labels, "score": String(format: "%.2f", point.score),
          "low": String(format: "%.2f", point.interval.low),
          "high": String(format: "%.2f", point.interval.high),
        ]
      },
    ]
  }
}
