import Catalogue

/// Lines of equal brightness, by marching squares (Lorensen & Cline 1987, in two dimensions).
struct Contours {
  /// An SVG path in pixels from the image's upper left corner, for each level.
  let paths: [String]

  /// The levels in the image's unit.
  let levels: [Float]

  /// Lines at the sky's level plus 3, 6, 12, … times the noise, as long as the image reaches them.
  init(_ image: StoredCutout) {
    let sky = SkyLevel(image.values)
    let peak = image.values.filter(\.isFinite).max() ?? 0
    var levels: [Float] = []
    var factor: Float = 3
    while sky.deviation > 0, sky.median + factor * sky.deviation < peak, levels.count < 9 {
      levels.append(sky.median + factor * sky.deviation)
      factor *= 2
    }
    self.levels = levels
    paths = levels.map { Self.path(image, level: $0) }
  }

  private static func path(_ image: StoredCutout, level: Float) -> String {
    var path = ""
    for row in 0..<max(0, image.height - 1) {
      for column in 0..<max(0, image.width - 1) {
        for (from, to) in crossings(image, row, column, level) {
          path += "M\(point(from, image))L\(point(to, image))"
        }
      }
    }
    return path
  }

  private typealias Point = (x: Float, y: Float)

  /// Pixel centres lie half a pixel inside; SVG's y grows downwards.
  private static func point(_ point: Point, _ image: StoredCutout) -> String {
    let x = ((point.x + 0.5) * 10).rounded() / 10
    let y = ((Float(image.height) - 0.5 - point.y) * 10).rounded() / 10
    return "\(x) \(y)"
  }

  /// The segments within the square of four pixels whose lower left one is given; where opposite
  /// corners are above the level, each is cut off by itself.
  private static func crossings(
    _ image: StoredCutout, _ row: Int, _ column: Int, _ level: Float
  ) -> [(Point, Point)] {
    let start = row * image.width + column
    let a = image.values[start] - level
    let b = image.values[start + 1] - level
    let c = image.values[start + image.width + 1] - level
    let d = image.values[start + image.width] - level
    guard (a + b + c + d).isFinite else { return [] }
    let (x, y) = (Float(column), Float(row))
    let edges: [Point?] = [
      crosses(a, b).map { (x + $0, y) }, crosses(b, c).map { (x + 1, y + $0) },
      crosses(d, c).map { (x + $0, y + 1) }, crosses(a, d).map { (x, y + $0) },
    ]
    let found = edges.compactMap(\.self)
    switch found.count {
    case 2: return [(found[0], found[1])]
    case 4:
      return a > 0
        ? [(found[0], found[3]), (found[1], found[2])]
        : [(found[0], found[1]), (found[2], found[3])]
    default: return []
    }
  }

  private static func crosses(_ from: Float, _ to: Float) -> Float? {
    (from > 0) == (to > 0) ? nil : from / (from - to)
  }
}
