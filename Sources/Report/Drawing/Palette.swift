/// The colours of lines and letters, on white paper.
enum Ink {
  static let text = "#222222"
  static let soft = "#767676"
  static let axis = "#555555"
  static let grid = "#e4e4e4"
  /// What is right, and what is meant to be looked at first.
  static let main = "#0072b2"
  /// What is wrong: apart from `main` for colour-blind readers too, and never without a word.
  static let wrong = "#c44601"
}

/// How the sources of a class look among others.
///
/// The colours are those of Okabe and Ito (2008) and, from the ninth on, of Paul Tol (2021). Twelve
/// colours are too many for any reader to tell apart, so neighbours in the list also differ in form.
package struct ClassLook: Sendable, Equatable {
  /// Red, green and blue.
  let rgb: [UInt8]

  /// The form of its points.
  let symbol: Symbol

  /// The look of the class at a place in the list of classes.
  package init(_ index: Int) {
    let place = index % Self.colours.count
    let code = Self.colours[place]
    rgb = [UInt8(code >> 16), UInt8(code >> 8 & 255), UInt8(code & 255)]
    symbol = Symbol.allCases[(index + index / Self.colours.count) % Symbol.allCases.count]
  }

  private init(rgb: [UInt8], symbol: Symbol) {
    self.rgb = rgb
    self.symbol = symbol
  }

  /// The look of sources without a class.
  static let none = ClassLook(rgb: [0xB4, 0xB4, 0xB4], symbol: .circle)

  /// As SVG names it.
  var colour: String { "#" + rgb.map { String(0x100 + Int($0), radix: 16).suffix(2) }.joined() }

  private static let colours = [
    0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, 0x56B4E9, 0x000000, 0x999933, 0x882255,
    0x44AA99, 0x332288, 0x7F3B08,
  ]
}

/// The form of a point.
package enum Symbol: Sendable, CaseIterable {
  case circle
  case square
  case triangle
  case diamond

  /// The outline about a place, `radius` from its centre, as a part of an SVG path.
  func path(at point: Point, radius r: Double) -> String {
    let (x, y) = (point.x, point.y)
    switch self {
    case .circle:
      let arc = "a\(r.coordinate) \(r.coordinate) 0 1 0 "
      return "M\((x - r).coordinate) \(y.coordinate)"
        + arc + "\((2 * r).coordinate) 0" + arc + "\((-2 * r).coordinate) 0"
    case .square:
      let side = 1.8 * r
      return "M\((x - side / 2).coordinate) \((y - side / 2).coordinate)"
        + "h\(side.coordinate)v\(side.coordinate)h\((-side).coordinate)z"
    case .triangle:
      return "M\(x.coordinate) \((y - 1.2 * r).coordinate)"
        + "l\((1.1 * r).coordinate) \((2 * r).coordinate)h\((-2.2 * r).coordinate)z"
    case .diamond:
      let d = (1.3 * r).coordinate
      return "M\(x.coordinate) \((y - 1.3 * r).coordinate)l\(d) \(d)l-\(d) \(d)l-\(d) -\(d)z"
    }
  }
}
