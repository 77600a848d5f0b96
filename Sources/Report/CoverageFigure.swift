package import Catalogue
import Foundation

/// Scores of the sources above a threshold of probability, against the part of them that is kept.
package struct CoverageFigure: Sendable {
  private let points: [CoveragePoint]
  private let total: Double

  /// Fewer sources than this give no curve worth looking at.
  static let fewest = 10

  /// Shows a curve whose last point keeps all sources.
  package init(_ points: [CoveragePoint]) {
    self.points = points.filter { $0.sources >= Self.fewest || $0 == points.last }
    total = Double(max(1, points.last?.sources ?? 1))
  }

  /// The drawing.
  package var drawing: Drawing {
    var drawing = Drawing(width: 460, height: 460, title: "Scores against coverage")
    drawing.add(plot)
    let lines = [("macro F1", Self.macro), ("accuracy", Self.accuracy)]
    for (index, (name, stroke)) in lines.enumerated() {
      let left = 64 + 120 * Double(index)
      drawing.line([Point(left, 14), Point(left + 26, 14)], stroke)
      drawing.text(name, at: Point(left + 32, 18))
    }
    return drawing
  }

  private static let macro = Stroke(colour: Ink.main, width: 2)
  private static let accuracy = Stroke(colour: Ink.wrong, width: 1.6, dashes: "6 3")

  private var plot: Plot {
    let frame = Frame(left: 62, top: 76, width: 384, height: 334)
    let least = points.map { min($0.accuracy, $0.macroF1) }.min() ?? 0
    var plot = Plot(
      frame: frame, x: Axis("part of the sources that is kept", 0...1),
      y: Axis("score", min(0.9, (10 * least).rounded(.down) / 10)...1))
    plot.marks = [
      .line(points.map { Point(part($0), $0.accuracy) }, Self.accuracy),
      .line(points.map { Point(part($0), $0.macroF1) }, Self.macro),
    ]
    plot.top = Axis("threshold of probability", plot.x.range, ticks: thresholds(along: frame.width))
    return plot
  }

  private func part(_ point: CoveragePoint) -> Double { Double(point.sources) / total }

  /// Round thresholds at the parts that they keep, the roundest first; those are left out that
  /// would stand too near to another.
  private func thresholds(along width: Double) -> [Axis.Tick] {
    let tenths = (1...9).map { Float($0) / 10 }
    let others = [0.99, 0.95] + (1...9).map { Float($0) / 10 - 0.05 }
    return (tenths + others).reduce(into: []) { ticks, threshold in
      guard let last = points.last(where: { $0.threshold >= threshold }),
        last.sources < Int(total),
        ticks.allSatisfy({ abs($0.value - part(last)) * width > 32 })
      else { return }
      ticks.append(Axis.Tick(value: part(last), label: String(format: "%.3g", threshold)))
    }
  }
}
