import Astronomy

/// The columns that make a coordinate together: hours or degrees, minutes, and seconds, with the sign of a declination
/// apart or not, as the CDS writes them (`RAh`, `RAm`, `RAs`, `DE-`, `DEd`, `DEm`, `DEs`) and as others do
/// (`RA_hours`, `Dec_deg`).
enum PositionPieces {
  /// Finds them; nil where a coordinate is not written so.
  static func find(_ part: ColumnMapping.Part, in columns: [Column]) -> [Column]? {
    switch part {
    case .ra: find(right, hours, in: columns) ?? find(right, degrees, in: columns)
    case .dec:
      find(up, degrees, in: columns).map { pieces in
        (sign(before: pieces[0], in: columns).map { [$0] } ?? []) + pieces
      }
    default: nil
    }
  }

  /// Whether the first of several columns of a declination is its sign alone.
  static func areSigned(_ choice: ColumnMapping.Choice, _ first: Column) -> Bool {
    let letters = first.name.lowercased().filter(\.isLetter)
    let isDegrees = up.contains {
      letters.hasPrefix($0) && degrees.contains(String(letters.dropFirst($0.count)))
    }
    // What was found here begins with one of the two.
    return choice.columns.count > 3 || isCalledSign(first) || choice.reason == .name && !isDegrees
  }

  /// Whether a column is called as the sign of a declination is: `DE-`, what is made of that where names are of letters
  /// alone (`DE_`), `DEsign`.
  private static func isCalledSign(_ column: Column) -> Bool {
    let name = column.name.lowercased()
    let letters = name.filter(\.isLetter)
    if ["sign", "sgn"].contains(where: { letters == $0 || isSign(letters, $0) }) { return true }
    return up.contains(letters) && letters != name && !name.contains(where: \.isNumber)
      && name.hasPrefix(letters)
  }

  private static func isSign(_ letters: String, _ word: String) -> Bool {
    (up + ["d"]).contains { letters == $0 + word || letters == word + $0 }
  }

  private static let right = ["ra", "raj"]
  private static let up = ["de", "dec", "decl", "dej", "decj"]
  private static let hours = ["h", "hr", "hrs", "hour", "hours", "hh"]
  private static let degrees = ["d", "deg", "degs", "degree", "degrees", "dd"]
  private static let minutes = [
    "m", "min", "mins", "minute", "minutes", "mm", "arcmin", "arcmins", "arcminutes",
  ]
  private static let seconds = [
    "s", "sec", "secs", "second", "seconds", "ss", "arcsec", "arcsecs", "arcseconds",
  ]

  private static func find(
    _ coordinates: [String], _ wholes: [String], in columns: [Column]
  ) -> [Column]? {
    let named = Dictionary(
      columns.map { ($0.name.lowercased().filter(\.isLetter), $0) },
      uniquingKeysWith: { first, _ in first })
    for coordinate in coordinates {
      let piece = { (words: [String]) in words.lazy.compactMap { named[coordinate + $0] }.first }
      guard let whole = piece(wholes), let minute = piece(minutes) else { continue }
      let second = piece(seconds)
      // Without seconds ra_h and ra_m may be places of something else, and RAmin the least.
      let isSpelled = [whole, minute].allSatisfy { $0.name.count == coordinate.count + 1 }
      guard isSpelled || second != nil else { continue }
      return [whole, minute, second].compactMap(\.self)
    }
    return nil
  }

  /// The column of signs: that which is called so, or a single letter right before the degrees.
  private static func sign(before degrees: Column, in columns: [Column]) -> Column? {
    if let called = columns.first(where: isCalledSign) { return called }
    guard let place = columns.firstIndex(where: { $0.name == degrees.name }), place > 0 else {
      return nil
    }
    let before = columns[place - 1]
    // n_RAs is a remark, as the CDS calls them.
    let isRemark = before.name.lowercased().hasSuffix("_ra") || before.name.contains("_RA")
    return before.datatype == .string && before.width == 1 && !isRemark ? before : nil
  }
}
