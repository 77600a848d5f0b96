import Catalogue
import Foundation
import Markup
import Mustache
import PNG
import Report
import Testing

@Suite("Plots of a report") struct PlotTests {
  @Test func textNeverBecomesMarkup() throws {
    // A mark that combines with a quote or a bracket must not hide it.
    let hostile = "</p><script a=\"&'\">\u{8}<\u{301}b \"\u{301}c"
    var library = MustacheLibrary()
    try library.add([
      "page": Array(#"<p title="{{.}}">{{.}}<br />{{>part}}</p>"#.utf8),
      "part": Array("{{.}}".utf8),
    ])
    let document = try Document(try #require(library.render(hostile, withTemplate: "page")))
    #expect(document.elements.map(\.name) == ["p", "br"])
    let kept = hostile.replacing("\u{8}", with: "\u{FFFD}")
    #expect(document.elements[0].attributes["title"] == kept)
    #expect(document.text == kept + kept)
  }

  @Test func valuesLieWhereTheAxesSay() {
    let plot = Plot(
      frame: Frame(left: 10, top: 20, width: 100, height: 50), x: Axis("x", 0...2),
      y: Axis("y", -1...1))
    #expect(plot.place(Point(0, -1)) == Point(10, 70))
    #expect(plot.place(Point(2, 1)) == Point(110, 20))
    #expect(plot.place(Point(1, 0)) == Point(60, 45))
  }

  @Test(arguments: [
    (0.0...1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    (0.0...116.0, ["0", "50", "100"]), (-0.31...0.27, ["-0.2", "0.0", "0.2"]),
    (0.6...1.0, ["0.6", "0.7", "0.8", "0.9", "1.0"]),
    (3.0...3.0, ["3.0", "3.2", "3.4", "3.6", "3.8", "4.0"]),
  ])
  func ticksAreRound(range: ClosedRange<Double>, labels: [String]) {
    #expect(Axis("", range).ticks.map(\.label) == labels)
  }

  @Test func everyClassHasALookOfItsOwn() {
    let looks = (0..<24).map { ClassLook($0) }
    for (index, look) in looks.enumerated() { #expect(!looks[..<index].contains(look)) }
  }

  @Test func aMatrixOfTwelveClassesShowsItsCounts() throws {
    let classes = (0..<12).map { "class <&\"\($0)" }
    let cells = (0..<12).map {
      ConfusionCell(truth: classes[$0], predicted: classes[($0 + 1) % 12], sources: 100 + $0)
    }
    let drawing = ConfusionFigure(cells, classes: classes).drawing
    let document = try Document(drawing.svg)
    let texts = document.elements.filter { $0.name == "text" }.map(\.text)
    for index in 0..<12 {
      // In its cell, in the sum of its row and in that of its column.
      #expect(texts.count { $0 == String(100 + index) } == 3)
      #expect(texts.count { $0 == classes[index] } == 2)
    }
    #expect(texts.count { $0 == "·" } == 132)
    try expectInside(document)
  }

  @Test func aReliabilityDiagramHasAnErrorBarForEachFilledBin() throws {
    let bins = (0..<10).map { (bin: Int) -> ReliabilityBin in
      let low = Double(bin) / 10
      guard bin >= 4 else {
        return ReliabilityBin(
          low: low, high: low + 0.1, sources: 0, correct: 0, confidence: nil, accuracy: nil,
          interval: nil)
      }
      return ReliabilityBin(
        low: low, high: low + 0.1, sources: 10 * bin, correct: 5 * bin, confidence: low + 0.05,
        accuracy: 0.5, interval: 0.3...0.7)
    }
    let document = try Document(
      ReliabilityFigure(bins, expectedError: 0.0456).drawing.svg)
    // The axis of counts may say one of them too.
    let texts = document.elements.filter {
      $0.name == "text" && $0.attributes["font-size"] == "9.5"
    }
    #expect(texts.map(\.text) == ["40", "50", "60", "70", "80", "90"])
    #expect(document.elements.count { $0.name == "rect" } == 6)
    #expect(document.text.contains("ECE = 0.046"))
    let bars = document.elements.filter { $0.attributes["stroke-width"] == "1.2" }
    #expect(bars.count == 18)
    try expectInside(document)
  }

  @Test func aCurveEndsWhereAllAreKept() throws {
    let points = (1...50).map {
      CoveragePoint(
        threshold: 1 - Float($0) / 100, sources: 4 * $0, accuracy: 1 - Double($0) / 200,
        macroF1: 0.9 - Double($0) / 200)
    }
    let document = try Document(CoverageFigure(points).drawing.svg)
    let texts = document.elements.filter { $0.name == "text" }.map(\.text)
    // Half is kept at 0.75, and 0.5 keeps all.
    for label in ["0.6", "0.7", "0.8", "0.9", "macro F1", "accuracy"] {
      #expect(texts.contains(label), "\(label)")
    }
    // Less than ten sources are kept by the first two thresholds.
    let curves = document.elements.filter { $0.name == "polyline" }
      .compactMap { $0.attributes["points"]?.split(separator: " ") }.filter { $0.count == 48 }
    #expect(curves.count == 2)
    // The plot's right edge.
    for curve in curves { #expect(curve.last?.hasPrefix("446,") == true) }
  }

  @Test func fewSourcesAreSymbolsAndManyAreAPicture() throws {
    let points = (0..<MapFigure.mostSymbols + 1).map {
      Point(Double($0 % 61), Double($0 / 61))
    }
    let classes: [Int?] = points.indices.map { $0 % 4 == 3 ? nil : $0 % 4 }
    let few = try Document(
      MapFigure(Array(points.dropLast()), classes: Array(classes.dropLast()), title: "few")
        .drawing().svg)
    #expect(few.elements.count { $0.name == "path" } == 4)
    let subpaths = few.elements.compactMap { $0.attributes["d"] }.joined().count { $0 == "M" }
    #expect(subpaths == MapFigure.mostSymbols)
    let many = try Document(
      MapFigure(points, classes: classes, title: "many").drawing().svg)
    #expect(!many.elements.contains { $0.name == "path" })
    let address = try #require(
      many.elements.first { $0.name == "image" }?.attributes["href"])
    let picture = try PNGImage(png(in: address), named: "map")
    #expect(picture.width == 768 && picture.height == 768)
    let inked = picture.values.count { $0 != 255 }
    #expect(inked > 3000 * 5 && inked < 3001 * 10)
  }

  /// Whether all texts lie in the drawing, as far as their places tell.
  private func expectInside(_ document: Document) throws {
    let size = try #require(document.elements.first?.attributes["viewBox"])
      .split(separator: " ").compactMap { Double($0) }
    for element in document.elements where element.name == "text" {
      let x = try #require(element.attributes["x"].flatMap(Double.init))
      let y = try #require(element.attributes["y"].flatMap(Double.init))
      #expect(x >= 0 && x <= size[2] && y >= 8 && y <= size[3], "\(element.text)")
    }
  }
}

/// The PNG file in an address that holds it.
func png(in address: String) throws -> Data {
  let prefix = "data:image/png;base64,"
  #expect(address.hasPrefix(prefix))
  return try #require(Data(base64Encoded: String(address.dropFirst(prefix.count))))
}
