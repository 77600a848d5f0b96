/// What in an extension's header CFITSIO must not be let at.
///
/// It writes texts without end beyond its memory, divides by the lengths of tiles, never ends where a block of Rice's code has no pixels, and
/// allocates whatever sizes a header names.
struct HeaderCheck {
  private let cards: [(name: String, value: String)]
  /// The first keyword of a table's layout whose text does not end on its card.
  private let openText: String?

  /// - Parameter cards: The cards, in ASCII.
  init(_ cards: [String]) {
    openText = cards.first { card in
      (card.hasPrefix("T") || card.hasPrefix("Z"))
        && (hasOpenText(card.utf8CString.dropLast())
          || card.dropFirst(8).hasPrefix("=") && value(String(card.dropFirst(9))).utf8.count > 68)
    }
    .map { String($0.prefix { $0 != " " && $0 != "=" }) }
    self.cards = cards.compactMap { card in
      let text = Array(card.utf8)
      guard text.count >= 10, text[8] == UInt8(ascii: "=") else { return nil }
      return (
        String(decoding: text[..<8], as: UTF8.self).trimmingBlanks,
        value(String(decoding: text[9...], as: UTF8.self))
      )
    }
  }

  /// What is wrong; nil where nothing is.
  func fault(fileSize: Int) -> String? {
    if let openText { return "the text of \(openText) has no end on its card" }
    if let missing {
      return
        "its header does not begin with the keywords that it must: \(missing) is not in its place"
    }
    let isCompressed = cards.contains { $0.name == "ZIMAGE" && $0.value == "T" }
    for (name, value) in cards where isCompressed || !name.hasPrefix("Z") {
      guard let range = Self.range(of: name) else { continue }
      guard let number = Int(value), range.contains(number) else {
        return "its header has \(name) = \(value), which cannot be"
      }
    }
    guard let size = product("NAXIS") else { return "the sizes in its header are beyond reason" }
    if first("NAXIS1") == 0, size == 0, let rows = first("NAXIS2"), rows > 0,
      first("TFIELDS") != nil
    {
      return "it says that it has \(rows) rows of no bytes"
    }
    return isCompressed ? tileFault(fileSize) : nil
  }

  /// The first keyword that is not where the standard has it in an extension (4.0, section 3.4.1): CFITSIO allocates
  /// what stands in the place of one.
  private var missing: String? {
    guard cards.first?.name == "XTENSION" else { return nil }
    let isTable = ["BINTABLE", "TABLE", "A3DTABLE"].contains(cards[0].value)
    let axes = (0..<min(999, max(0, first("NAXIS") ?? 0))).map { "NAXIS\($0 + 1)" }
    let names = ["XTENSION", "BITPIX", "NAXIS"] + axes + ["PCOUNT", "GCOUNT"]
    let found = cards.map(\.name)
    return (isTable ? names + ["TFIELDS"] : names).enumerated()
      .first { found.dropFirst($0.offset).first != $0.element }?.element
  }

  /// What is wrong with the tiles of a compressed image.
  private func tileFault(_ fileSize: Int) -> String? {
    for (name, value) in cards where name.hasPrefix("ZNAME") {
      guard let number = first("ZVAL" + name.dropFirst(5)) else { continue }
      let isRight =
        switch value {
        case "BLOCKSIZE": (1...4096).contains(number)
        case "BYTEPIX": [1, 2, 4, 8].contains(number)
        default: true
        }
      if !isRight { return "its header has \(value) = \(number), which cannot be" }
    }
    // Of Rice's code CFITSIO takes these by their place, whatever they are called.
    if cards.contains(where: { $0.name == "ZCMPTYPE" && $0.value.hasPrefix("RICE") }),
      let card = cards.first(where: {
        ["ZVAL1", "ZVAL2"].contains($0.name) && !(1...4096).contains(Int($0.value) ?? 0)
      })
    {
      return "its header has \(card.name) = \(card.value), which cannot be"
    }
    guard let axes = first("ZNAXIS"), let pixels = product("ZNAXIS") else {
      return "its header does not say how large the image is"
    }
    // Neither product is more than the pixels.
    var (tiles, inTile) = (1, 1)
    for axis in 1...axes {
      let length = first("ZNAXIS\(axis)") ?? 1
      let tile = min(first("ZTILE\(axis)") ?? (axis == 1 ? length : 1), length)
      tiles *= (length - 1) / tile + 1
      inTile *= tile
    }
    if inTile > 1 << 26 { return "its header has tiles of \(inTile) pixels" }
    if let rows = first("NAXIS2"), rows != tiles {
      return "its header has \(tiles) tiles, but \(rows) rows of them"
    }
    // No compression of an image that shows something comes near this.
    return pixels / 16_384 > fileSize
      ? "its header has \(pixels) pixels, more than \(fileSize) bytes can hold" : nil
  }

  private func first(_ name: String) -> Int? {
    cards.first { $0.name == name }.flatMap { Int($0.value) }
  }

  /// The product of the lengths of all axes, or nil where it is none.
  private func product(_ name: String) -> Int? {
    let axes = first(name) ?? 0
    var (product, isOverflown) = (abs(first("BITPIX") ?? 8), false)
    for axis in 0..<axes {
      let length = first("\(name)\(axis + 1)") ?? 1
      (product, isOverflown) = product.multipliedReportingOverflow(by: length)
      if isOverflown { return nil }
    }
    return product / 8
  }

  /// The numbers that a keyword may have, where these matter.
  private static func range(of name: String) -> ClosedRange<Int>? {
    switch name {
    case "NAXIS", "TFIELDS": return 0...999
    case "ZNAXIS": return 1...6
    case "BITPIX", "ZBITPIX": return -64...64
    case "PCOUNT", "GCOUNT", "ZPCOUNT", "ZGCOUNT": return 0...1 << 50
    default: break
    }
    let stem = name.prefix { $0.isLetter }
    guard Int(name.dropFirst(stem.count)) != nil else { return nil }
    switch stem {
    case "NAXIS": return 0...1 << 50
    case "ZNAXIS", "ZTILE": return 1...1 << 31
    default: return nil
    }
  }
}

/// The value in a card, behind its `=`: without quotes, blanks and comment.
private func value(_ text: String) -> String {
  let text = text.trimmingBlanks
  if text.hasPrefix("'") { return String(text.dropFirst().prefix { $0 != "'" }).trimmingBlanks }
  return String(text.prefix { $0 != "/" }).trimmingBlanks
}

extension String {
  fileprivate var trimmingBlanks: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
