import Catalogue
import Morphology
import Stages

extension EvaluationReport {
  /// F1 of each class below, overall and above the bounds of probability.
  var scoreTable: Markup {
    let names = classes + [EvaluationRow.macroAverage]
    return Markup(
      "table", ["class": "scores"],
      [
        Markup("thead", [:], [headings]),
        Markup("tbody", [:], names.map { row(of: $0) }),
      ])
  }

  private var headings: Markup {
    let bounds = bounds.map { bound in
      Markup("th", ["scope": "col"], text: "F1, \(bound.heading)")
    }
    return Markup(
      "tr", [:],
      [Markup("th", ["scope": "col"], text: "class")] + bounds
        + ["precision", "recall"].map { Markup("th", ["scope": "col"], text: $0) })
  }

  private func row(of name: String) -> Markup {
    let whole = score(name, .all)
    let last = [whole?.precision, whole?.recall].map { value in
      Markup("td", text: value.map { fixed($0, 2) } ?? "–")
    }
    return Markup(
      "tr", name == EvaluationRow.macroAverage ? ["class": "mean"] : [:],
      [Markup("th", ["scope": "row"], text: name)]
        + bounds.map { cell(score(name, $0)) } + last)
  }

  private func score(_ name: String, _ bound: ProbabilityBound) -> EvaluationRow? {
    metrics.scores.first { $0.bound == bound.text && $0.className == name }
  }

  private func cell(_ row: EvaluationRow?) -> Markup {
    guard let row, let f1 = row.f1 else {
      return Markup("td", [:], [.text("–"), Markup("small", text: "n = \(row?.support ?? 0)")])
    }
    let interval = row.interval.map {
      Markup("small", text: "\(fixed($0.lowerBound, 2))–\(fixed($0.upperBound, 2))")
    }
    return Markup(
      "td", [:],
      [Markup("b", text: fixed(f1, 2))] + (interval.map { [$0] } ?? [])
        + [Markup("small", text: "n = \(row.support)")])
  }
}
