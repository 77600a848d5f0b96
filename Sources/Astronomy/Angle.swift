import Foundation

/// What the numbers of an angle count.
public enum AngleUnit: String, Codable, Hashable, Sendable {
  /// Degrees of 60 minutes.
  case degrees
  /// Hours of 15 degrees.
  case hours

  /// Degrees in one.
  public var degrees: Double { self == .hours ? 15 : 1 }
}

/// An angle that was written as text.
public struct Angle: Hashable, Sendable {
  /// The angle, degrees.
  public var degrees: Double

  /// Whether it had minutes.
  public var isSexagesimal: Bool

  /// What its own letters say it counts: hours in `10h41m`, degrees in `10d41m`; nil in `10:41`.
  public var unit: AngleUnit?

  /// Reads an angle in the forms that catalogues and astropy write.
  ///
  /// Those are `187.5`, `1.875D+02`, `12:34:56.7`, `12 34 56.7`, `12 34.5`, `12h34m56.7s`, `12h34.5m`,
  /// `10d41m04s`, `10°41′04″` and `-00 20 30`, with blanks around the sign and any dash for it. Letters
  /// say for themselves whether hours or degrees are meant. Sixty minutes or seconds are one of the
  /// next, as astropy takes them; more are no angle.
  ///
  /// - Parameters:
  ///   - text: The angle.
  ///   - number: What a single number counts.
  ///   - sexagesimal: What the first of several numbers counts, where no letter says so.
  public init?(
    _ text: String, number: AngleUnit = .degrees, sexagesimal: AngleUnit = .degrees
  ) {
    var scanner = AngleScanner(text)
    guard let parts = scanner.parts() else { return nil }
    let sizes = parts.map(\.size)
    guard sizes.dropFirst().allSatisfy({ $0 <= 60 }),
      sizes.dropLast().allSatisfy({ $0 == $0.rounded() })
    else { return nil }
    unit = scanner.unit
    isSexagesimal = parts.count > 1
    let size = zip(sizes, [1, 60, 3600]).reduce(0) { $0 + $1.0 / $1.1 }
    let counts = unit ?? (isSexagesimal ? sexagesimal : number)
    degrees = (scanner.isNegative ? -size : size) * counts.degrees
  }
}

/// Walks through the parts of an angle: numbers, and what stands after each.
private struct AngleScanner {
  private var rest: Substring.UnicodeScalarView
  private(set) var isNegative = false
  private(set) var unit: AngleUnit?

  init(_ text: String) {
    rest = text[...].unicodeScalars
    skipBlanks()
    while let last = rest.last, last.properties.isWhitespace { rest.removeLast() }
    if let sign = rest.first, "+-".unicodeScalars.contains(sign) || sign.isDash {
      isNegative = sign != "+"
      rest.removeFirst()
      skipBlanks()
    }
  }

  /// Up to three numbers; nil where anything else stands in the text.
  mutating func parts() -> [(size: Double, mark: Mark)]? {
    var parts: [(size: Double, mark: Mark)] = []
    while !rest.isEmpty {
      guard parts.count < 3, let size = number(), let mark = mark(),
        mark.canFollow(place: parts.count),
        parts.isEmpty || mark == .none || mark.isLetter == parts[0].mark.isLetter
      else { return nil }
      if parts.isEmpty { unit = mark.unit }
      parts.append((size, mark))
    }
    return parts.isEmpty || parts.last?.mark == .colon ? nil : parts
  }

  /// What may stand after a number.
  enum Mark {
    case hours
    case degrees
    case minutes
    case seconds
    case colon
    case none

    var unit: AngleUnit? {
      switch self {
      case .hours: .hours
      case .degrees: .degrees
      default: nil
      }
    }

    var isLetter: Bool { self != .colon && self != .none }

    func canFollow(place: Int) -> Bool {
      switch self {
      case .hours, .degrees: place == 0
      case .minutes: place == 1
      case .seconds: place == 2
      case .colon, .none: true
      }
    }
  }

  private mutating func skipBlanks() {
    while let next = rest.first, next.properties.isWhitespace { rest.removeFirst() }
  }

  private mutating func take(while condition: (Unicode.Scalar) -> Bool) -> String {
    let taken = rest.prefix(while: condition)
    rest.removeFirst(taken.count)
    return String(String.UnicodeScalarView(taken))
  }

  private mutating func number() -> Double? {
    var text = take { ("0"..."9").contains($0) }
    if rest.first == "." { text += take { $0 == "." || ("0"..."9").contains($0) } }
    if let exponent = exponent() { text += exponent }
    return text.first.map { $0 != "." || text.count > 1 } == true ? Double(padded(text)) : nil
  }

  /// `e2`, `D+02`: the `d` of `10d41m` has no sign and no end behind its digits.
  private mutating func exponent() -> String? {
    guard let letter = rest.first, "eEdD".unicodeScalars.contains(letter) else { return nil }
    var after = rest.dropFirst()
    var sign = ""
    if let next = after.first, next == "+" || next == "-" {
      sign = String(Character(next))
      after = after.dropFirst()
    }
    let isD = letter == "d" || letter == "D"
    let digits = after.prefix { ("0"..."9").contains($0) }
    guard !digits.isEmpty, digits.count == after.count, !isD || !sign.isEmpty else { return nil }
    rest = after.dropFirst(digits.count)
    return "e" + sign + String(String.UnicodeScalarView(digits))
  }

  private func padded(_ text: String) -> String { text.hasPrefix(".") ? "0" + text : text }

  private mutating func mark() -> Mark? {
    let hadBlank = rest.first?.properties.isWhitespace == true
    skipBlanks()
    defer { skipBlanks() }
    guard let next = rest.first else { return Mark.none }
    if next == ":" || next == "\u{2236}" {
      rest.removeFirst()
      return .colon
    }
    if hadBlank, ("0"..."9").contains(next) { return Mark.none }
    let word = take { !("0"..."9").contains($0) && !$0.properties.isWhitespace }
    return Self.marks[word.lowercased().filter { $0 != "^" }]
  }

  private static let marks: [String: Mark] = [
    "h": .hours, "ʰ": .hours, "hr": .hours, "hrs": .hours, "hour": .hours, "hours": .hours,
    "d": .degrees, "ᵈ": .degrees, "deg": .degrees, "degrees": .degrees, "°": .degrees,
    "º": .degrees,
    "˚": .degrees, "m": .minutes, "ᵐ": .minutes, "min": .minutes, "arcmin": .minutes, "'": .minutes,
    "′": .minutes, "’": .minutes, "s": .seconds, "ˢ": .seconds, "sec": .seconds, "arcsec": .seconds,
    "\"": .seconds, "″": .seconds, "”": .seconds, "''": .seconds, "′′": .seconds, "’’": .seconds,
  ]
}
