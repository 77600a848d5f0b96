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
    let key = "\(space.model) \(scheme.id) \(labels.count) \(newest)"
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

extension Forecast {
  /// A curve in a box of 300 by 100: labels on a logarithmic axis, F1 from 0 to 1.
  fileprivate var content: Content {
    let most = log(Double(max(2, curve.last?.labels ?? 2)))
    let least = log(Double(max(1, curve.first?.labels ?? 1)))
    let places = curve.map { point in
      let place = most > least ? (log(Double(point.labels)) - least) / (most - least) : 1
      return (x: (10 + 280 * place).rounded(), y: (95 - 90 * point.f1).rounded())
    }
    return [
      "macro": String(format: "%.2f", curve.last?.f1 ?? 0), "sources": sources,
      "isSample": isSample, "hasFuture": !future.isEmpty,
      "future": future.map { point -> Content in
        [
          "labels": point.labels, "score": String(format: "%.2f", point.score),
          "low": String(format: "%.2f", point.interval.low),
          "high": String(format: "%.2f", point.interval.high),
        ]
      },
      "path": "M" + places.map { "\($0.x) \($0.y)" }.joined(separator: "L"),
      "points": zip(curve, places).map { point, place -> Content in
        [
          "x": place.x, "y": place.y, "labels": point.labels,
          "f1": String(format: "%.2f", point.f1),
        ]
      },
    ]
  }
}
