import Astronomy
internal import CFITSIO
import Files
import Foundation

/// The one way in which keywords and comments get into a header.
extension FITSFile {
  /// Writes the keywords that have a value FITS can hold, then the comments, one card a line.
  ///
  /// Reals keep all their digits; those that are not finite become text. What is not printable
  /// ASCII becomes `?`.
  func write(_ keywords: [Keyword], comments: [String]) throws {
    for keyword in keywords { try write(keyword) }
    for comment in comments { try check { ffpcom(pointer, comment.asciiCard, &$0) } }
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
    case .text(let text): try write(text.asciiCard, name, comment)
    }
  }

  /// Writes a text, over several cards where one does not hold it; LONGSTRN says that such are
  /// about.
  private func write(_ text: String, _ name: String, _ comment: String?) throws(FITSStatus) {
    let length = text.utf8.reduce(0) { $0 + ($1 == UInt8(ascii: "'") ? 2 : 1) }
    if length > 68, self.text("LONGSTRN") == nil {
      try check { ffpkys(pointer, "LONGSTRN", "OGIP 1.0", "texts may go over several cards", &$0) }
    }
    try check { ffpkls(pointer, name, text, comment, &$0) }
  }
}

extension Keyword {
  /// Whether the name fits a card; CFITSIO would make a HIERARCH card of a longer one.
  fileprivate var hasFITSName: Bool { name.wholeMatch(of: /[A-Z0-9_\-]{1,8}/) != nil }

  /// The unit in brackets and the description.
  fileprivate var comment: String? {
    let words = [unit.map { "[\($0)]" }, description].compactMap(\.self).joined(separator: " ")
    return words.isEmpty ? nil : words.asciiCard
  }
}

extension Double {
  /// The significant digits, 15 to 17, from which the number comes back.
  fileprivate var digits: Int32 {
    (15...16).first { Double(String(format: "%.\($0)g", self)) == self } ?? 17
  }
}

extension String {
  /// The text as a card may hold it: printable ASCII.
  var asciiCard: String {
    String(String.UnicodeScalarView(unicodeScalars.map { (" "..."~").contains($0) ? $0 : "?" }))
  }
}
