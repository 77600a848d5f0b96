package import Catalogue
import Foundation
import PostgreSQL
import Stages
import Tables

/// A curve of an evaluation: a section of the page, and a CSV file beside it.
protocol Curve: Sendable {
  /// Reads the curve that an evaluation run stored.
  init(run: Int, metrics: EvaluateStage.Metrics, in database: Connection) throws

  /// What the section is called.
  var heading: String { get }

  /// How to read the drawing.
  var caption: String { get }

  /// The drawing.
  var drawing: Drawing { get }

  /// The points as a file.
  var table: FigureTable { get }
}

/// The curves, in the order of the page.
let curveTypes: [any Curve.Type] = [ReliabilityFigure.self, CoverageFigure.self]

/// The reliability diagram: how often predictions of a probability are right, above how many there
/// are.
package struct ReliabilityFigure: Curve {
  private let bins: [ReliabilityBin]
  private let expectedError: Double

  /// Shows bins, and states the expected calibration error.
  package init(_ bins: [ReliabilityBin], expectedError: Double) {
    self.bins = bins
    self.expectedError = expectedError
  }

  init(run: Int, metrics: EvaluateStage.Metrics, in database: Connection) throws {
    self.init(
      try ReliabilityBin.all(run: run, in: database), expectedError: metrics.calibrationError)
  }

  let heading = "Reliability"

  let caption = """
    Above: the share of the predictions that is right against their mean probability, in 15 bins \
    of equal width, with 95% score intervals (Wilson 1927); on the dashed line probabilities are \
    what they say. Below: the sources in each bin. ECE is the expected calibration error, the gap \
    between the two weighted by the sources of the bins (Guo et al. 2017).
    """

  var table: FigureTable {
    FigureTable(
      "reliability.csv", bins,
      [
        CellColumn("low", \.low), CellColumn("high", \.high), CellColumn("sources", \.sources),
        CellColumn("correct", \.correct), CellColumn("confidence", \.confidence),
        CellColumn("accuracy", \.accuracy),
        CellColumn("accuracy_lower", \.interval?.lowerBound),
        CellColumn("accuracy_upper", \.interval?.upperBound),
      ])
  }

  package var drawing: Drawing {
    var drawing = Drawing(width: 460, height: 460, title: "Reliability diagram")
    drawing.add(curve)
    drawing.add(histogram)
    return drawing
  }

  private var filled: [ReliabilityBin] { bins.filter { $0.sources > 0 } }

  private var curve: Plot {
    let frame = Frame(left: 62, top: 14, width: 384, height: 264)
    var x = Axis("", 0...1)
    x.ticks = x.ticks.map { Axis.Tick(value: $0.value, label: "") }
    var plot = Plot(frame: frame, x: x, y: Axis("part that is right", 0...1))
    let known = filled.compactMap { bin in
      bin.confidence.flatMap { x in bin.accuracy.map { Point(x, $0) } }
    }
    let whiskers = filled.compactMap { bin in
      bin.confidence.flatMap { x in bin.interval.map { (x: x, range: $0) } }
    }
    plot.marks = [
      .line([Point(0, 0), Point(1, 1)], .guide),
      .whiskers(whiskers, Stroke(colour: Ink.main, width: 1.2)),
      .points(known, ClassLook(0), radius: 3.5),
      .text("ECE = \(fixed(expectedError, 3))", Point(0.03, 0.92), .start, above: 0, size: 13),
    ]
    return plot
  }

  private var histogram: Plot {
    let frame = Frame(left: 62, top: 304, width: 384, height: 106)
    let most = Double(filled.map(\.sources).max() ?? 1)
    var plot = Plot(
      frame: frame, x: Axis("probability of the predicted class", 0...1),
      y: Axis("sources", 0...1.16 * most))
    plot.y.ticks = plot.y.ticks.filter { $0.value == $0.value.rounded() }.enumerated()
      .filter { $0.offset % 2 == 0 }.map(\.element)
    plot.marks = [
      .bars(filled.map { (range: $0.low...$0.high, height: Double($0.sources)) }, fill: "#9bb8d3")
    ]
    plot.marks += filled.map {
      .text(
        String($0.sources), Point(($0.low + $0.high) / 2, Double($0.sources)), .middle, above: 3,
        size: $0.sources > 9999 ? 8 : 9.5)
    }
    return plot
  }
}

/// Scores of the sources above a threshold of probability, against the part of them that is kept.
package struct CoverageFigure: Curve {
  private let all: [CoveragePoint]

  /// Fewer sources than this give no curve worth looking at.
  static let fewest = 10

  /// Shows a curve whose last point keeps all sources.
  package init(_ points: [CoveragePoint]) {
    all = points
  }

  init(run: Int, metrics: EvaluateStage.Metrics, in database: Connection) throws {
    self.init(try CoveragePoint.all(run: run, in: database))
  }

  let heading = "Coverage"

  let caption = """
    Accuracy and macro F1 of the sources whose predicted class has at least the probability on the \
    upper axis, against the share of the judged sources that is kept. The curves begin where \
    \(fewest) sources are kept; towards the left few sources and few classes are left, and chance \
    rules.
    """

  var table: FigureTable {
    FigureTable(
      "coverage.csv", all,
      [
        CellColumn("threshold", \.threshold), CellColumn("sources", \.sources),
        CellColumn("part", part), CellColumn("accuracy", \.accuracy),
        CellColumn("macro_f1", \.macroF1),
      ])
  }

  private var total: Double { Double(max(1, all.last?.sources ?? 1)) }

  /// What is drawn.
  private var points: [CoveragePoint] {
    all.filter { $0.sources >= Self.fewest || $0 == all.last }
  }

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
