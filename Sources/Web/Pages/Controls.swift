import Catalogue
import Foundation
import Hummingbird
import Markup

extension Visit {
  /// Links to the pages before and after this one of a list.
  ///
  /// - Parameters:
  ///   - size: Items a page.
  ///   - all: Items in all.
  ///   - keepsOut: Whether the links carry on what is taken out, which the script adds to them.
  /// - Returns: What template `pager` shows.
  func pager(size: Int, of all: Int, keepsOut: Bool = false) -> Content {
    let kept = keepsOut ? fields.setting("out", nil) : fields
    let link = { (page: Int) in
      request.uri.path + "?" + kept.setting("page", String(page)).encoded
    }
    let (page, last) = (pageNumber, min(all, (pageNumber + 1) * size))
    return [
      "first": all == 0 ? 0 : page * size + 1, "last": last, "all": all, "keepsOut": keepsOut,
      "earlier": page > 0 ? link(page - 1) : nil, "later": last < all ? link(page + 1) : nil,
    ]
  }

  /// Links to the pages before and after this one of a list that goes on by the source beside it.
  ///
  /// - Parameters:
  ///   - shown: The keys of the sources on the page.
  ///   - size: Sources a page.
  ///   - all: Sources in all.
  /// - Returns: What template `pager` shows.
  func pager(beside shown: [Int], size: Int, of all: BoundedCount) -> Content {
    let link = { (page: Int, name: String, source: Int?) in
      let bare = fields.setting("after", nil).setting("before", nil)
      return request.uri.path + "?"
        + bare.setting("page", String(page)).setting(name, source.map { String($0) }).encoded
    }
    let first = shown.isEmpty ? 0 : pageNumber * size + 1
    let hasLater = shown.count == size && (all.isExceeded || pageNumber * size + size < all.count)
    return [
      "first": first, "last": pageNumber * size + shown.count,
      "all": all.isExceeded ? "more than \(all.count)" : "\(all.count)",
      "earlier": pageNumber > 0 ? link(pageNumber - 1, "before", shown.first) : nil,
      "later": hasLater ? link(pageNumber + 1, "after", shown.last) : nil,
    ]
  }

  /// The choice of how pictures are shown, for a page at an address.
  func looks(action: String) -> Content {
    [
      "action": action,
      "stretches": choices(Look.stretches.map(\.name), chosen: look.stretch),
      "colours": choices(ColourMap.allCases.map(\.rawValue), chosen: look.colours.rawValue),
      "tiles": choices(TileSize.allCases.map(\.rawValue), chosen: look.tiles.rawValue),
      "zooms": Zoom.all.map { .choice($0.name, $0.words, isChosen: look.zoom == $0) } as [Content],
    ]
  }

  /// Values to choose from.
  func choices(_ values: [String], chosen: String?) -> [Content] {
    values.map { .choice($0, $0, isChosen: $0 == chosen) }
  }
}

extension Content {
  /// A value to choose, and what it is called.
  static func choice(_ value: String, _ name: String, isChosen: Bool) -> Content {
    ["value": value, "name": name, "isChosen": isChosen]
  }
}

extension SourceDetail {
  /// What the classifier says of a source, as bars of a hundred parts.
  var bars: [Content] {
    probabilities.map {
      [
        "name": $0.className, "swatch": $0.classID,
        "value": String(format: "%.3f", $0.probability),
        "width": Int(($0.probability * 100).rounded()),
      ]
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
