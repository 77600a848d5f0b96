import Catalogue
import Foundation
import Hummingbird

/// Links to the pages before and after.
struct Pager: Sendable {
  var earlier: String?
  var later: String?
  var first: Int
  var last: Int
  var all: Int

  /// - Parameters:
  ///   - page: From 0.
  ///   - size: Items a page.
  ///   - all: Items in all.
  ///   - request: Whose address is kept but for the page.
  init(_ page: Int, size: Int, of all: Int, _ request: Request) {
    let link = { (page: Int) in
      request.uri.path + "?" + request.fields.setting("page", String(page)).encoded
    }
    first = all == 0 ? 0 : page * size + 1
    last = min(all, (page + 1) * size)
    self.all = all
    earlier = page > 0 ? link(page - 1) : nil
    later = last < all ? link(page + 1) : nil
  }
}

/// The choice of how pictures are shown.
struct LookForm: Sendable {
  var action: String
  var stretches: [Choice]
  var colours: [Choice]
  var zooms: [Choice]

  init(_ look: Look, action: String) {
    self.action = action
    stretches = Choice.all(Look.stretches.map(\.name), chosen: look.stretch)
    colours = Choice.all(ColourMap.allCases.map(\.rawValue), chosen: look.colours.rawValue)
    zooms = (1...4).map {
      Choice(value: String($0), name: "\($0)×", isChosen: look.zoom == $0)
    }
  }
}

/// One of several values.
struct Choice: Sendable {
  var value: String
  var name: String
  var isChosen: Bool

  static func all(_ values: [String], chosen: String?) -> [Choice] {
    values.map { Choice(value: $0, name: $0, isChosen: $0 == chosen) }
  }
}

/// The probability of a class, as a bar of a hundred parts.
struct Bar {
  var name: String
  var swatch: Int
  var value: String
  var width: Int

  /// What the classifier says of a source.
  static func all(_ source: SourceDetail) -> [Bar] {
    source.probabilities.map {
      Bar(
        name: $0.className, swatch: Int($0.classID), value: String(format: "%.3f", $0.probability),
        width: Int(($0.probability * 100).rounded()))
    }
  }
}

/// A number with three significant digits.
func formatted(_ value: Double?) -> String {
  guard let value else { return "" }
  let magnitude = abs(value)
  if magnitude >= 1000 { return String(format: "%.0f", value) }
  return magnitude == 0 || magnitude >= 0.001
    ? String(format: "%.3g", value) : String(format: "%.2e", value)
}

/// A share as per cent.
func percent(_ part: Int, of whole: Int) -> String {
  whole == 0 ? "0%" : String(format: "%.0f%%", 100 * Double(part) / Double(whole))
}
