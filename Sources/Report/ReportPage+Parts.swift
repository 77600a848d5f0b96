import Catalogue
import Markup
import Morphology
import Stages
import Tables

extension EvaluationReport {
  /// Reliability by brightness and by size; `nil` where neither is known.
  var partsContent: Content? {
    guard let parts = metrics.parts, !parts.isEmpty else { return nil }
    return [
      "rows": parts.map { row -> Content in
        [
          "name": "\(row.by) \(fixed(row.low, 1))–\(fixed(row.high, 1))"
            + (row.by == "size" ? " arcsec" : ""),
          "sources": row.sources, "confidence": fixed(row.confidence, 2),
          "accuracy": fixed(row.accuracy, 2), "interval": range(row.interval),
          "macroF1": fixed(row.macroF1, 2), "error": fixed(row.calibrationError, 3),
        ]
      }
    ]
  }

  /// What sets of classes hold; `nil` where the classifier has none.
  var setsContent: Content? {
    guard let sets = metrics.sets else { return nil }
    let usual = sets.filter { $0.coverage == PredictionSets.usualCoverage }
    let coverages = sets.map(\.coverage).reduce(into: [Double]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    return [
      "coverages": coverages.map { percent(Float($0)) },
      "usual": percent(Float(PredictionSets.usualCoverage)),
      "rows": usual.map { row -> Content in
        [
          "name": row.className, "isMean": row.className == EvaluationRow.allClasses,
          "sources": row.sources,
          "covered": sets.filter { $0.className == row.className }.map { part -> Content in
            ["part": fixed(part.covered, 3), "interval": range(part.interval)]
          },
          "decided": fixed(row.decided, 2),
          "accuracy": row.accuracy.map { fixed($0, 2) } ?? "–", "classes": fixed(row.classes, 2),
        ]
      },
    ]
  }

  private func range(_ interval: ClosedRange<Double>?) -> String? {
    interval.map { "\(fixed($0.lowerBound, 2))–\(fixed($0.upperBound, 2))" }
  }

  /// The same as files.
  var partTables: [FigureTable] {
    let parts = metrics.parts.map { rows in
      FigureTable(
        "parts.csv", rows,
        [
          CellColumn("by", \.by), CellColumn("low", \.low), CellColumn("high", \.high),
          CellColumn("sources", \.sources), CellColumn("confidence", \.confidence),
          CellColumn("accuracy", \.accuracy),
          CellColumn("accuracy_lower", \.interval?.lowerBound),
          CellColumn("accuracy_upper", \.interval?.upperBound),
          CellColumn("macro_f1", \.macroF1), CellColumn("calibration_error", \.calibrationError),
        ])
    }
    let sets = metrics.sets.map { rows in
      FigureTable(
        "sets.csv", rows,
        [
          CellColumn("coverage", \.coverage), CellColumn("class", \.className),
          CellColumn("threshold", \.threshold), CellColumn("sources", \.sources),
          CellColumn("covered", \.covered),
          CellColumn("covered_lower", \.interval?.lowerBound),
          CellColumn("covered_upper", \.interval?.upperBound),
          CellColumn("decided", \.decided), CellColumn("accuracy", \.accuracy),
          CellColumn("classes", \.classes),
        ])
    }
    return [parts, sets].compactMap(\.self)
  }
}
