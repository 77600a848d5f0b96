package import Catalogue

/// The reliability diagram: how often predictions of a probability are right, above how many there
/// are.
package struct ReliabilityFigure: Sendable {
  private let bins: [ReliabilityBin]
  private let expectedError: Double

  /// Shows bins, and states the expected calibration error.
  package init(_ bins: [ReliabilityBin], expectedError: Double) {
    self.bins = bins.filter { $0.sources > 0 }
    self.expectedError = expectedError
  }

  /// The drawing.
  package var drawing: Drawing {
    var drawing = Drawing(width: 460, height: 460, title: "Reliability diagram")
    drawing.add(curve)
    drawing.add(histogram)
    return drawing
  }

  private var curve: Plot {
    let frame = Frame(left: 62, top: 14, width: 384, height: 264)
    var x = Axis("", 0...1)
    x.ticks = x.ticks.map { Axis.Tick(value: $0.value, label: "") }
    var plot = Plot(frame: frame, x: x, y: Axis("part that is right", 0...1))
    let known = bins.compactMap { bin in
      bin.confidence.flatMap { x in bin.accuracy.map { Point(x, $0) } }
    }
    let whiskers = bins.compactMap { bin in
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
    let most = Double(bins.map(\.sources).max() ?? 1)
    var plot = Plot(
      frame: frame, x: Axis("probability of the predicted class", 0...1),
      y: Axis("sources", 0...1.16 * most))
    plot.y.ticks = plot.y.ticks.filter { $0.value == $0.value.rounded() }.enumerated()
      .filter { $0.offset % 2 == 0 }.map(\.element)
    plot.marks = [
      .bars(bins.map { (range: $0.low...$0.high, height: Double($0.sources)) }, fill: "#9bb8d3")
    ]
    plot.marks += bins.map {
      .text(
        String($0.sources), Point(($0.low + $0.high) / 2, Double($0.sources)), .middle, above: 3,
        size: $0.sources > 9999 ? 8 : 9.5)
    }
    return plot
  }
}
