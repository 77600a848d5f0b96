import Astronomy
internal import CFITSIO
import Files
import Foundation

/// The one way in which keywords and comments get into a header.
extension FITSFile {
  /// Writes the keywords that have a value FITS can hold, then the comments and the
  /// history, one card a line.
  ///
  /// Reals keep all their digits; those that are not finite become text. What is not printable
  /// ASCII becomes `?`.
  func write(_ keywords: [Keyword], comments: [String], history: [String] = []) throws {
    for keyword in keywords { try write(keyword) }
    for comment in comments { try check { ffpcom(pointer, comment.inASCII, &$0) } }
    for line in history { try check { ffphis(pointer, line.inASCII, &$0) } }
  }

  /// Writes a keyword; one without a value or with a vector is left out.
  func write(_ keyword: Keyword) throws {
    guard keyword.hasFITSName else {
      throw FileError(
        path, "keyword '\(keyword.name)' does not fit FITS",
        advice: "Use up to 8 capitals, digits, - or _")
    }
    let (name, comment) = (keyword.name, keyword.comment)
    switch keyword.value {
    case .null, .reals: break
    case .boolean(let flag): try check { ffpkyl(pointer, name, flag ? 1 : 0, comment, &$0) }
    case .integer(let number): try check { ffpkyj(pointer, name, number, comment, &$0) }
    case .real(let number) where number.isFinite:
      try check { ffpkyd(pointer, name, number, -number.digits, comment, &$0) }
    case .real(let number): try write("\(number)", name, comment)
    case .text(let text): try write(text.inASCII, name, comment)
    }
  }

  /// Writes a text, over several cards where one does not hold it; LONGSTRN says that such are
  /// about.
  ///
  /// It is divided here: CFITSIO writes cards without end where a part of it is all quotes.
  private func write(_ text: String, _ name: String, _ comment: String?) throws(FITSStatus) {
    let parts = text.cardParts
    guard parts.count > 1 else { return try check { ffpkys(pointer, name, text, comment, &$0) } }
    if self.text("LONGSTRN") == nil {
      try check { ffpkys(pointer, "LONGSTRN", "OGIP 1.0", "texts may go over several cards", &$0) }
    }
    try check { ffpkys(pointer, name, parts[0] + "&", nil, &$0) }
    for (index, part) in parts.enumerated().dropFirst() {
      let quoted = part.replacing("'", with: "''")
      let end = index < parts.count - 1 ? "&'" : "'" + (comment.map { " / " + $0 } ?? "")
      try check { ffprec(pointer, String("CONTINUE  '\(quoted)\(end)".prefix(80)), &$0) }
    }
  }
}

extension Keyword {
  /// Whether the name fits a card; CFITSIO would make a HIERARCH card of a longer one.
  fileprivate var hasFITSName: Bool { name.wholeMatch(of: /[A-Z0-9_\-]{1,8}/) != nil }

  /// The unit in brackets and the description.
  fileprivate var comment: String? {
    let words = [unit.map { "[\($0)]" }, description].compactMap(\.self).joined(separator: " ")
    return words.isEmpty ? nil : words.inASCII
  }
}

extension Double {
  /// The significant digits, 15 to 17, from which the number comes back.
  fileprivate var digits: Int32 {
    (15...16).first { Double(String(format: "%.\($0)g", self)) == self } ?? 17
  }
}

extension String {
  /// The text in parts that a card can hold with the `&` of a part that goes on; a quote counts twice.
  fileprivate var cardParts: [String] {
    var parts = [""]
    var length = 0
    for letter in self {
      let width = letter == "'" ? 2 : 1
      if length + width > 67 {
        parts.append("")
        length = 0
      }
      parts[parts.count - 1].append(letter)
      length += width
    }
    return parts
  }
}
