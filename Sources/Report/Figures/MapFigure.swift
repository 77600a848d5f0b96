import Catalogue
import Morphology
import PNG
import PostgreSQL
import Stages
import Tensor

/// Sources on two axes of the space of embeddings.
struct EmbeddingMap: Sendable {
  /// The encoder whose space it is.
  var model: Int

  /// Where each source lies.
  var points: [Point]

  /// The place of each source's predicted class in the list of classes.
  var predicted: [Int?]

  /// The place of each judged source's true class in the list of classes.
  var truth: [Int?]
}

extension EmbeddingMap {
  /// Reads a survey's embeddings by the model that classified it; `nil` where there are none.
  init?(
    of survey: Survey, for classifier: Catalogue.Model, classification: Int,
    judged: [JudgedSource], classes: [String], in database: Connection
  ) throws {
    guard let encoder = try classifier.encoder(showing: survey, in: database) else { return nil }
    let embeddings = try encoder.embeddings(of: survey, in: database)
      .filter { $0.vector.allSatisfy(\.isFinite) }
    guard let dimensions = embeddings.first?.vector.count else { return nil }
    let plane = Tensor(
      shape: [embeddings.count, dimensions], values: embeddings.flatMap(\.vector)
    ).onUnitSphere().onPrincipalPlane()
    let places = Dictionary(classes.enumerated().map { ($1, $0) }, uniquingKeysWith: { a, _ in a })
    let said = try Prediction.classes(of: survey, run: classification, in: database)
    let known = Dictionary(judged.map { ($0.id, $0.truth) }, uniquingKeysWith: { $1 })
    model = encoder.id
    points = embeddings.indices.map {
      Point(Double(plane.values[2 * $0]), Double(plane.values[2 * $0 + 1]))
    }
    predicted = embeddings.map { said[$0.source].flatMap { places[$0] } }
    truth = embeddings.map { known[$0.source].flatMap { places[$0] } }
  }
}

/// The map of the embeddings with each source in the look of its class.
package struct MapFigure: Sendable {
  private let points: [Point]
  private let classes: [Int?]
  private let title: String

  /// More points than this are painted as one picture.
  package static let mostSymbols = 3000

  /// Shows points, each of the class at that place in the list; those of none are grey, below.
  package init(_ points: [Point], classes: [Int?], title: String) {
    self.points = points
    self.classes = classes
    self.title = title
  }

  /// The drawing.
  package func drawing() throws -> Drawing {
    var plot = Plot(
      frame: Frame(left: 62, top: 10, width: 384, height: 384),
      x: Axis("first principal component", range(of: points.map(\.x))),
      y: Axis("second principal component", range(of: points.map(\.y))))
    plot.marks = points.count > Self.mostSymbols ? [.picture(try painted(plot))] : symbols
    var drawing = Drawing(width: 460, height: 440, title: title)
    drawing.add(plot)
    return drawing
  }

  /// A path for each class.
  private var symbols: [Plot.Mark] {
    let groups = Dictionary(grouping: points.indices) { classes[$0] ?? -1 }
    let radius = points.count > 1000 ? 1.9 : 2.6
    return groups.sorted { $0.key < $1.key }.map { index, rows in
      let places = rows.map { points[$0] }
      return index < 0
        ? .points(places, .none, radius: radius * 0.7)
        : .points(places, ClassLook(index), radius: radius)
    }
  }

  /// All points as one picture of the frame, painted in the order of the sources, so that no class
  /// hides the others.
  private func painted(_ plot: Plot) throws -> String {
    let side = 2 * Int(plot.frame.width)
    var pixels = [UInt8](repeating: 255, count: 3 * side * side)
    let order =
      points.indices.filter { classes[$0] == nil } + points.indices.filter { classes[$0] != nil }
    for index in order {
      let look = classes[index].map { ClassLook($0) } ?? .none
      let column = Int(plot.x.part(points[index].x) * Double(side - 1))
      let row = Int((1 - plot.y.part(points[index].y)) * Double(side - 1))
      for y in max(0, row - 1)...min(side - 1, row + 1) {
        for x in max(0, column - 1)...min(side - 1, column + 1) {
          let place = 3 * (y * side + x)
          pixels.replaceSubrange(place..<place + 3, with: look.rgb)
        }
      }
    }
    return dataAddress(png: try PNGImage.encode(rgb: pixels, width: side, height: side))
  }
}

/// The extent of values with a margin of a twentieth on both sides.
private func range(of values: [Double]) -> ClosedRange<Double> {
  guard let low = values.min(), let high = values.max(), low < high else { return -1...1 }
  let margin = (high - low) / 20
  return low - margin...high + margin
}
