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
    return library.render(try content(), withTemplate: "report") ?? ""
  }

  private func content() throws -> Content {
    let (survey, truth) = (subject.survey, subject.truth)
    let names = tables.map(\.name)
    return [
      "title": "Evaluation of survey \(survey.name) in scheme \(subject.scheme)",
      "subject": subject, "metrics": metrics, "accuracy": fixed(metrics.accuracy, 3),
      "macroF1": fixed(metrics.macroF1, 3),
      "calibrationError": fixed(metrics.calibrationError, 3),
      "largestShare": metrics.largestShare.map { fixed($0, 3) },
      "survey": survey.observation.title.map { "\($0) (\(survey.name))" } ?? survey.name,
      "truth": truth.role == "truth"
        ? URL(fileURLWithPath: truth.name).lastPathComponent
        : "the annotators' consensus in the database",
      "radius": subject.radius.coordinate, "bounds": bounds.map(\.heading),
      "scores": (classes + [EvaluationRow.macroAverage]).map(scores),
      "confusion": ConfusionFigure(metrics.confusion, classes: classes).drawing.svg,
      "curves": curves.map { curve -> Content in
        ["heading": curve.heading, "drawing": curve.drawing.svg, "caption": curve.caption]
      },
      "parts": partsContent, "sets": setsContent,
      "montages": montages.map(montage), "map": try map?.content(classes: classes),
      "files": names.dropLast().joined(separator: ", ") + " and " + (names.last ?? ""),
    ]
  }

  /// The scores of a class, or of the mean, within every bound.
  private func scores(of name: String) -> Content {
    let rows = bounds.map { bound in
      metrics.scores.first { $0.bound == bound.text && $0.className == name }
    }
    let whole = zip(bounds, rows).first { $0.0 == .all }?.1
    let cells = rows.map { row -> Content in
      let interval = row?.interval.map { "\(fixed($0.lowerBound, 2))–\(fixed($0.upperBound, 2))" }
      let f1 = row?.f1.map { fixed($0, 2) }
      return ["f1": f1, "interval": f1 == nil ? nil : interval, "support": row?.support ?? 0]
    }
    return [
      "name": name, "isMean": name == EvaluationRow.macroAverage, "cells": cells,
      "precision": whole?.precision.map { fixed($0, 2) } ?? "–",
      "recall": whole?.recall.map { fixed($0, 2) } ?? "–",
    ]
  }

  /// The surest and the most doubtful sources that were said to be of a class.
  private func montage(_ montage: ClassMontage) -> Content {
    let strips = [("most certain", montage.surest), ("least certain", montage.doubtful)]
      .filter { !$0.1.isEmpty }
    return [
      "className": montage.className, "sources": montage.sources,
      "strips": strips.map { title, sources -> Content in
        ["title": title, "items": sources.map(item)]
      },
    ]
  }

  private func item(_ source: JudgedSource) -> Content {
    let probability = fixed(source.probability, 3)
    return [
      "name": source.name, "picture": pictures[source.id], "predicted": source.predicted,
      // With as many decimals as it takes not to look certain.
      "probability": probability == "1.000" && source.probability < 1 ? "> 0.999" : probability,
      "truth": source.truth, "isRight": source.isRight,
    ]
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

extension EmbeddingMap {
  /// The map of the embeddings by predicted and by true class.
  fileprivate func content(classes: [String]) throws -> Content {
    let figure = { (classes: [Int?], title: String) in
      try MapFigure(points, classes: classes, title: title).drawing().svg
    }
    return [
      "model": model, "sources": points.count, "judged": truth.count { $0 != nil },
      "predicted": try figure(predicted, "Embeddings by predicted class"),
      "truth": try figure(truth, "Embeddings by true class"),
      "legend": classes.enumerated().map { index, name -> Content in
        let look = ClassLook(index)
        return [
          "name": name, "path": look.symbol.path(at: Point(7, 7), radius: 5),
          "colour": look.colour,
        ]
      },
    ]
  }
}
