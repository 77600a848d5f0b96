import Astronomy

/// The columns that make a coordinate together: hours or degrees, minutes, and seconds, with the sign of a declination
/// apart or not, as the CDS writes them (`RAh`, `RAm`, `RAs`, `DE-`, `DEd`, `DEm`, `DEs`) and as others do
/// (`RA_hours`, `Dec_deg`).
enum PositionPieces {
  /// Finds them; nil where a coordinate is not written so.
  static func find(_ part: ColumnMapping.Part, in columns: [Column]) -> [Column]? {
    switch part {
    case .ra: find(part, right, hours, in: columns) ?? find(part, right, degrees, in: columns)
    case .dec:
      find(part, up, degrees, in: columns).map { pieces in
        (sign(before: pieces[0], in: columns).map { [$0] } ?? []) + pieces
      }
    default: nil
    }
  }

  /// Whether the first of several columns of a declination is its sign alone.
  static func areSigned(_ choice: ColumnMapping.Choice, _ first: Column) -> Bool {
    // What was found here begins with one of the two.
    choice.columns.count > 3 || isCalledSign(first)
      || choice.reason == .name && !areDegrees(first.name)
  }

  /// Whether the first of several columns counts degrees, by its name.
  static func areDegrees(_ name: String) -> Bool {
    let letters = name.lowercased().filter(\.isLetter)
    return degrees.contains(where: letters.hasSuffix)
  }

  /// Whether a column is called as the sign of a declination is: `DE-`, what is made of that where names are of letters
  /// alone (`DE_`), `DEsign`, `s_DE`, `±`.
  private static func isCalledSign(_ column: Column) -> Bool {
    let name = column.name.lowercased()
    let words = name.split { !$0.isLetter && !$0.isNumber }.map(String.init)
    let isShort = column.datatype == .string && (column.width ?? 3) <= 3
    switch words.count {
    case 0: return isShort
    case 1 where up.contains(words[0]):
      return name.hasSuffix("-") || isShort && name != words[0] && name.hasPrefix(words[0])
    case 1:
      return signs.contains { sign in
        words[0] == sign || (up + ["d"]).contains { words[0] == $0 + sign || words[0] == sign + $0 }
      }
    case 2:
      // DE_s counts seconds.
      return up.contains(words[0]) && (signs + ["sig"]).contains(words[1])
        || up.contains(words[1]) && (signs + ["sig", "s"]).contains(words[0])
    default: return false
    }
  }

  private static let signs = ["sign", "sgn"]
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
    _ part: ColumnMapping.Part, _ coordinates: [String], _ wholes: [String], in columns: [Column]
  ) -> [Column]? {
    let named = Dictionary(
      columns.map { ($0.name.lowercased().filter { $0.isLetter || $0.isNumber }, $0) },
      uniquingKeysWith: { first, _ in first })
    for coordinate in coordinates {
      let piece = { (words: [String]) in words.lazy.compactMap { named[coordinate + $0] }.first }
      guard let whole = piece(wholes), let minute = piece(minutes) else { continue }
      let pieces = [whole, minute] + (piece(seconds).map { [$0] } ?? [])
      let isSpelled = pieces.allSatisfy { $0.name.allSatisfy(\.isLetter) }
      // Without seconds ra_h and ra_m may be places of something else, and RAmin the least.
      let areLetters = pieces.allSatisfy { plainCount($0) == coordinate.count + 1 }
      guard pieces.count > 2 || (areLetters ? isSpelled : named[coordinate + "max"] == nil) else {
        continue
      }
      // Beside a whole coordinate ra_h, ra_m and ra_s are its mean and the like.
      let hasWhole = columns.contains { column in
        !pieces.contains(column) && part.names.contains(ColumnMapping.plain(column.name))
      }
      if isSpelled || !hasWhole { return pieces }
    }
    return nil
  }

  private static func plainCount(_ column: Column) -> Int {
    column.name.count { $0.isLetter || $0.isNumber }
  }

  /// The column of signs; one that is called no more than that stands right before the degrees.
  private static func sign(before degrees: Column, in columns: [Column]) -> Column? {
    columns.indices.first { place in
      let isNext = place + 1 < columns.count && columns[place + 1].name == degrees.name
      return isCalledSign(columns[place])
        && (isNext || !signs.contains(columns[place].name.lowercased()))
    }
    .map { columns[$0] }
  }
}
