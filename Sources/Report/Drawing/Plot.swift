/// Marks in the coordinates of two axes, in a frame of a drawing.
package struct Plot: Sendable {
  /// Where its axes stand.
  var frame: Frame

  /// From left to right.
  var x: Axis

  /// From below up.
  var y: Axis

  /// A second scale along the upper side, in the values of `x`.
  var top: Axis?

  /// What it shows, the first below all others.
  var marks: [Mark] = []

  /// Something shown in a plot; places are in the units of the axes.
  package enum Mark: Sendable {
    /// A line through points.
    case line([Point], Stroke)
    /// Points of one look.
    case points([Point], ClassLook, radius: Double)
    /// Bars from the lower side, each between two values of x.
    case bars([(range: ClosedRange<Double>, height: Double)], fill: String)
    /// Upright error bars.
    case whiskers([(x: Double, range: ClosedRange<Double>)], Stroke)
    /// A text so many units of the drawing above a place.
    case text(String, Point, Anchor, above: Double, size: Double)
    /// A picture over the whole frame, as the address that holds it.
    case picture(String)
  }

  package init(frame: Frame, x: Axis, y: Axis) {
    self.frame = frame
    self.x = x
    self.y = y
  }

  /// Where values lie in the drawing.
  package func place(_ point: Point) -> Point {
    Point(
      frame.left + x.part(point.x) * frame.width, frame.bottom - y.part(point.y) * frame.height)
  }
}

extension Drawing {
  /// Draws a plot with its axes.
  package mutating func add(_ plot: Plot) {
    drawGrid(of: plot)
    for mark in plot.marks { draw(mark, in: plot) }
    drawAxes(of: plot)
    drawTop(of: plot)
  }

  private mutating func drawGrid(of plot: Plot) {
    let stroke = Stroke(colour: Ink.grid, width: 1)
    let ends = (plot.x.range.lowerBound, plot.x.range.upperBound)
    for tick in plot.y.ticks {
      line(
        [plot.place(Point(ends.0, tick.value)), plot.place(Point(ends.1, tick.value))], stroke)
    }
  }

  private mutating func drawAxes(of plot: Plot) {
    let frame = plot.frame
    line(
      [
        Point(frame.left, frame.top), Point(frame.left, frame.bottom),
        Point(frame.right, frame.bottom),
      ], .frame)
    for tick in plot.x.ticks {
      let place = plot.place(Point(tick.value, plot.y.range.lowerBound))
      line([place, Point(place.x, place.y + 4)], .frame)
      text(tick.label, at: Point(place.x, place.y + 17), .middle)
    }
    for tick in plot.y.ticks {
      let place = plot.place(Point(plot.x.range.lowerBound, tick.value))
      line([place, Point(place.x - 4, place.y)], .frame)
      text(tick.label, at: Point(place.x - 7, place.y + 4), .end)
    }
    text(plot.x.title, at: Point(frame.middle.x, frame.bottom + 36), .middle)
    text(plot.y.title, at: Point(frame.left - 42, frame.middle.y), .middle, turn: -90)
  }

  private mutating func drawTop(of plot: Plot) {
    guard let top = plot.top else { return }
    let frame = plot.frame
    line([Point(frame.left, frame.top), Point(frame.right, frame.top)], .frame)
    for tick in top.ticks {
      let x = plot.place(Point(tick.value, 0)).x
      line([Point(x, frame.top), Point(x, frame.top - 4)], .frame)
      text(tick.label, at: Point(x, frame.top - 8), .middle)
    }
    text(top.title, at: Point(frame.middle.x, frame.top - 27), .middle)
  }

  private mutating func draw(_ mark: Plot.Mark, in plot: Plot) {
    switch mark {
    case .line(let points, let stroke): line(points.map(plot.place), stroke)
    case .points(let points, let look, let radius):
      let path = points.map { look.symbol.path(at: plot.place($0), radius: radius) }.joined()
      fill(path, look.colour)
    case .bars(let bars, let fill):
      for bar in bars { draw(bar, fill: fill, in: plot) }
    case .whiskers(let whiskers, let stroke):
      for whisker in whiskers { draw(whisker, stroke, in: plot) }
    case .text(let words, let point, let anchor, let above, let size):
      let place = plot.place(point)
      text(words, at: Point(place.x, place.y - above), anchor, size: size)
    case .picture(let address): picture(address, over: plot.frame)
    }
  }

  private mutating func draw(
    _ bar: (range: ClosedRange<Double>, height: Double), fill: String, in plot: Plot
  ) {
    let upper = plot.place(Point(bar.range.lowerBound, bar.height))
    let lower = plot.place(Point(bar.range.upperBound, plot.y.range.lowerBound))
    rectangle(
      Frame(
        left: upper.x + 0.5, top: upper.y, width: max(0, lower.x - upper.x - 1),
        height: max(0, lower.y - upper.y)), fill: fill)
  }

  private mutating func draw(
    _ whisker: (x: Double, range: ClosedRange<Double>), _ stroke: Stroke, in plot: Plot
  ) {
    let low = plot.place(Point(whisker.x, whisker.range.lowerBound))
    let high = plot.place(Point(whisker.x, whisker.range.upperBound))
    line([low, high], stroke)
    for end in [low, high] { line([Point(end.x - 3, end.y), Point(end.x + 3, end.y)], stroke) }
  }
}
