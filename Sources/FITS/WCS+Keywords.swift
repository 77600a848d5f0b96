public import Astronomy
import Files
import Foundation

extension WCS {
  /// The world coordinates that keywords of ``keywords(from:_:)`` tell, of an image of so many pixels.
  ///
  /// - Returns: nil where they tell of no sky.
  public init?(keywords: [String: Value], width: Int, height: Int) {
    let cards = keywords.sorted { $0.key < $1.key }.compactMap(Self.card)
    var bytes = (cards.joined() + "END".padded).utf8.map { CChar(bitPattern: $0) } + [0]
    guard
      let projection = try? CelestialProjection(cards: &bytes, lengths: [width, height])
    else { return nil }
    self.init(projection, width: width, height: height)
  }

  private static func card(_ name: String, _ value: Value) -> String? {
    let text: String
    switch value {
    case .text(let words): text = "'" + words.inASCII.replacing("'", with: "''") + "'"
    case .integer(let number): text = String(number)
    case .real(let number): text = String(format: "%.17G", number)
    case .boolean(let flag): text = flag ? "T" : "F"
    case .null, .reals: return nil
    }
    return (name.padding(toLength: 8, withPad: " ", startingAt: 0) + "= " + text).padded
  }
}

extension String {
  /// The text as a card of 80 characters.
  fileprivate var padded: String { padding(toLength: 80, withPad: " ", startingAt: 0) }
}
