import Markup

/// A place: in a drawing in its units from the upper left corner, in a plot in those of its axes.
package struct Point: Sendable, Equatable {
  var x: Double
  var y: Double

  package init(_ x: Double, _ y: Double) {
    self.x = x
    self.y = y
  }
}

/// A rectangle of a drawing, from its upper left corner.
package struct Frame: Sendable, Equatable {
  var left: Double
  var top: Double
  var width: Double
  var height: Double

  package init(left: Double, top: Double, width: Double, height: Double) {
    self.left = left
    self.top = top
    self.width = width
    self.height = height
  }

  var right: Double { left + width }
  var bottom: Double { top + height }
  var middle: Point { Point(left + width / 2, top + height / 2) }
}

/// How a line is drawn.
package struct Stroke: Sendable, Equatable {
  var colour: String
  var width = 1.5
  /// Lengths of dashes and gaps; empty for a whole line.
  var dashes = ""

  static let frame = Stroke(colour: Ink.axis, width: 1)
  static let guide = Stroke(colour: Ink.soft, width: 1, dashes: "4 3")
}

/// On which side of a text its place is.
package enum Anchor: String, Sendable {
  case start
  case middle
  case end
}

/// A drawing as SVG that stands by itself: it names its colours and fonts, and needs no style sheet.
package struct Drawing: Sendable {
  private let width: Double
  private let height: Double
  private let title: String
  private let leastWidth: Double?
  private var parts = ""

  /// Begins a drawing of so many units; `title` is for those who cannot see it.
  ///
  /// Narrow pages show it smaller, but not below `leastWidth`.
  package init(width: Double, height: Double, title: String, leastWidth: Double? = nil) {
    self.width = width
    self.height = height
    self.title = title
    self.leastWidth = leastWidth
  }

  /// The SVG element, as wide as the page lets it be and at most its natural size.
  package var svg: String {
    let (width, height) = (width.coordinate, height.coordinate)
    return """
      <svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 \(width) \(height)" \
      width="\(width)" height="\(height)" font-size="12" fill="\(Ink.text)" \
      font-family="Helvetica, Arial, 'Liberation Sans', sans-serif" \
      style="max-width: 100%; height: auto; min-width: \((leastWidth ?? 0).coordinate)px">\
      <title>\(escaped(title))</title>
      \(parts)</svg>
      """
  }

  /// Draws a line through points.
  package mutating func line(_ points: [Point], _ stroke: Stroke) {
    let places = points.map { "\($0.x.coordinate),\($0.y.coordinate)" }.joined(separator: " ")
    parts += """
      <polyline points="\(places)" fill="none" stroke="\(stroke.colour)" \
      stroke-width="\(stroke.width.coordinate)" stroke-linejoin="round" \
      stroke-dasharray="\(stroke.dashes.isEmpty ? "none" : stroke.dashes)" />\n
      """
  }

  /// Fills the outline that SVG writes as `path`.
  mutating func fill(_ path: String, _ colour: String) {
    parts += "<path d=\"\(path)\" fill=\"\(colour)\" />\n"
  }

  /// Fills a rectangle; what `note` says is shown where the pointer rests on it.
  package mutating func rectangle(_ frame: Frame, fill: String, note: String? = nil) {
    let title = note.map { "<title>\(escaped($0))</title>" } ?? ""
    parts += "<rect \(frame.attributes) fill=\"\(fill)\">\(title)</rect>\n"
  }

  /// Stretches the picture at an address over a rectangle.
  mutating func picture(_ address: String, over frame: Frame) {
    parts += "<image \(frame.attributes) preserveAspectRatio=\"none\" href=\"\(address)\" />\n"
  }

  /// Draws the outline of a rectangle.
  package mutating func outline(_ frame: Frame, _ stroke: Stroke) {
    line(
      [
        Point(frame.left, frame.top), Point(frame.right, frame.top),
        Point(frame.right, frame.bottom), Point(frame.left, frame.bottom),
        Point(frame.left, frame.top),
      ], stroke)
  }

  /// Writes a text whose base line begins, ends or is centred at a point.
  ///
  /// - Parameters:
  ///   - text: What to write.
  ///   - point: Where.
  ///   - anchor: What of it stands there.
  ///   - size: The height of the font.
  ///   - colour: Its colour.
  ///   - turn: In degrees, clockwise about the point.
  package mutating func text(
    _ text: String, at point: Point, _ anchor: Anchor = .start, size: Double = 12,
    colour: String = Ink.text, turn: Double = 0
  ) {
    let (x, y) = (point.x.coordinate, point.y.coordinate)
    parts += """
      <text x="\(x)" y="\(y)" text-anchor="\(anchor.rawValue)" font-size="\(size.coordinate)" \
      fill="\(colour)" transform="rotate(\(turn.coordinate) \(x) \(y))">\(escaped(text))</text>\n
      """
  }
}

extension Frame {
  fileprivate var attributes: String {
    """
    x="\(left.coordinate)" y="\(top.coordinate)" width="\(width.coordinate)" \
    height="\(height.coordinate)"
    """
  }
}

/// About how wide a text is in the drawing's font, so that margins can be made for it.
func textWidth(_ text: String, size: Double = 12) -> Double { 0.56 * size * Double(text.count) }

/// A text of at most so many characters.
func shortened(_ text: String, to count: Int) -> String {
  text.count <= count ? text : text.prefix(count - 1) + "…"
}
