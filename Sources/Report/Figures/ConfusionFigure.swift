package import Catalogue

/// The confusion matrix: counts, shaded by the part of each true class.
package struct ConfusionFigure: Sendable {
  private let classes: [String]
  private let counts: [[Int]]
  private let cell: Double
  private let labels: [String]
  private let labelWidth: Double

  /// Lays out counts of true against predicted classes, both in the order of `classes`.
  package init(_ cells: [ConfusionCell], classes: [String]) {
    self.classes = classes
    let places = Dictionary(classes.enumerated().map { ($1, $0) }, uniquingKeysWith: { a, _ in a })
    var counts = classes.map { _ in [Int](repeating: 0, count: classes.count) }
    for cell in cells {
      guard let row = places[cell.truth], let column = places[cell.predicted] else { continue }
      counts[row][column] += cell.sources
    }
    self.counts = counts
    cell = classes.count > 6 ? 42 : 58
    labels = classes.map { shortened($0, to: 24) }
    labelWidth = labels.map { textWidth($0) }.max() ?? 0
  }

  /// Whether labels of columns fit side by side.
  private var labelsFit: Bool { labelWidth < cell - 4 }

  private var matrix: Frame {
    Frame(
      left: 34 + labelWidth, top: 34 + (labelsFit ? 14 : 0.71 * labelWidth + 10),
      width: cell * Double(classes.count), height: cell * Double(classes.count))
  }

  /// The drawing.
  package var drawing: Drawing {
    let right = max(56, labelsFit ? 0 : 0.71 * labelWidth - cell / 2 + 16)
    let width = matrix.right + right
    var drawing = Drawing(
      width: width, height: matrix.bottom + 68, title: "Confusion matrix",
      leastWidth: classes.count > 6 ? 0.8 * width : nil)
    for row in classes.indices {
      for column in classes.indices { draw(row, column, in: &drawing) }
      drawLabels(row, in: &drawing)
    }
    drawTitles(in: &drawing)
    drawScale(in: &drawing)
    return drawing
  }

  private func frame(_ row: Int, _ column: Int) -> Frame {
    Frame(
      left: matrix.left + Double(column) * cell, top: matrix.top + Double(row) * cell,
      width: cell, height: cell)
  }

  private func draw(_ row: Int, _ column: Int, in drawing: inout Drawing) {
    let (count, all) = (counts[row][column], counts[row].reduce(0, +))
    let part = all > 0 ? Double(count) / Double(all) : 0
    let frame = frame(row, column)
    drawing.rectangle(
      frame, fill: shade(part),
      note: """
        \(count) of \(all) sources that are \(classes[row]) were said to be \(classes[column]) \
        (\(fixed(100 * part, 1))%)
        """)
    drawing.outline(frame, Stroke(colour: Ink.grid, width: 1))
    if row == column {
      let inner = Frame(
        left: frame.left + 1.5, top: frame.top + 1.5, width: cell - 3, height: cell - 3)
      drawing.outline(inner, Stroke(colour: Ink.axis, width: 1))
    }
    drawing.text(
      count == 0 ? "·" : String(count), at: Point(frame.middle.x, frame.middle.y + 4), .middle,
      colour: part > 0.68 ? "#ffffff" : count == 0 ? Ink.soft : Ink.text)
  }

  private func drawLabels(_ index: Int, in drawing: inout Drawing) {
    let row = frame(index, classes.count - 1)
    drawing.text(labels[index], at: Point(matrix.left - 8, row.middle.y + 4), .end)
    drawing.text(
      String(counts[index].reduce(0, +)), at: Point(matrix.right + 8, row.middle.y + 4),
      colour: Ink.soft)
    let column = frame(0, index)
    let place = Point(column.middle.x + (labelsFit ? 0 : 3), matrix.top - 8)
    drawing.text(
      labels[index], at: place, labelsFit ? .middle : .start, turn: labelsFit ? 0 : -45)
    drawing.text(
      String(counts.reduce(0) { $0 + $1[index] }),
      at: Point(column.middle.x, matrix.bottom + 16), .middle, colour: Ink.soft)
  }

  private func drawTitles(in drawing: inout Drawing) {
    drawing.text("predicted class", at: Point(matrix.middle.x, 14), .middle)
    drawing.text("true class", at: Point(14, matrix.middle.y), .middle, turn: -90)
    drawing.text("all", at: Point(matrix.right + 8, matrix.bottom + 16), colour: Ink.soft)
  }

  /// What the shades mean.
  private func drawScale(in drawing: inout Drawing) {
    let (top, width) = (matrix.bottom + 30, min(matrix.width, 150) / 20)
    for step in 0..<20 {
      // A little wider, so that no seam shows between two of them.
      let overlap = step < 19 ? 0.5 : 0
      drawing.rectangle(
        Frame(
          left: matrix.left + Double(step) * width, top: top, width: width + overlap, height: 10),
        fill: shade((Double(step) + 0.5) / 20))
    }
    let end = matrix.left + 20 * width
    drawing.outline(
      Frame(left: matrix.left, top: top, width: 20 * width, height: 10),
      Stroke(colour: Ink.soft, width: 1))
    drawing.text("0", at: Point(matrix.left, top + 24), .middle, size: 11)
    drawing.text("100%", at: Point(end, top + 24), .middle, size: 11)
  }
}

/// White for none of a class, dark blue for all of it.
private func shade(_ part: Double) -> String {
  let dark = [11.0, 74, 138]
  let levels = dark.map { Int((255 + ($0 - 255) * min(1, max(0, part))).rounded()) }
  return "#" + levels.map { String(0x100 + $0, radix: 16).suffix(2) }.joined()
}
