import Astronomy

/// What a person should know of values in the rows of a catalogue, which is counted as they are read.
final class RowDoubts {
  /// A kind of doubt; those of a column are told apart by it.
  enum Kind: Hashable {
    /// A number that programs write where there is no value: -99, 1e20.
    case noValue(column: String, number: Double)
    /// A size or a noise that no source has: below 0.
    case impossible(column: String)
    /// A flux or a size greater than any source of a survey has.
    case vast(column: String)
    /// Minutes and seconds in a column of right ascension whose unit is degrees.
    case degrees(column: String, takenForHours: Bool)
    /// A name that says another place than the position.
    case elsewhere
    /// A position of zeros.
    case origin
  }

  private struct Seen {
    var count = 0
    var row: Int
    var example: String
  }

  private var seen: [Kind: Seen] = [:]
  private var order: [Kind] = []
  private var numbers: [String: Int] = [:]
  /// The sources whose names say a place.
  var places = 0

  /// As many numbers for none are told apart in a column.
  private static let most = 20

  /// Counts a doubt; of each kind the first row is told with an example.
  func add(_ kind: Kind, row: Int, _ example: @autoclosure () -> String = "") {
    if seen[kind] == nil {
      if case .noValue(let column, _) = kind {
        guard numbers[column, default: 0] < Self.most else { return }
        numbers[column, default: 0] += 1
      }
      order.append(kind)
    }
    seen[kind, default: Seen(row: row, example: example())].count += 1
  }

  /// A sentence for each kind.
  var sentences: [String] {
    order.compactMap { kind in seen[kind].flatMap { sentence(kind, $0) } }
  }

  private func sentence(_ kind: Kind, _ seen: Seen) -> String? {
    let first = "the first in row \(seen.row)"
    switch kind {
    case .noValue(let column, let number):
      return
        "\(seen.count) cells of '\(column)' are \(number) (\(first)), which is taken for no value"
    case .impossible(let column):
      return """
        \(seen.count) cells of '\(column)' are below what can be (\(first): \(seen.example)), and are taken \
        for no value
        """
    case .vast(let column):
      return """
        \(seen.count) cells of '\(column)' are greater than those of any source (\(first): \(seen.example)): \
        say the unit with --unit \(column)=… if it is another
        """
    case .degrees(let column, let isOfHours):
      return """
        '\(column)' has minutes and seconds, and its unit is deg: they are taken for those of \
        \(isOfHours ? "hours" : "degrees"); say --unit \(column)=\(isOfHours ? "deg" : "h") where they are of \
        \(isOfHours ? "degrees" : "hours")
        """
    case .elsewhere:
      return """
        the names of \(seen.count) of \(places) sources that say a place say another than their positions \
        (\(first): \(seen.example)): look at the columns, the unit and the frame of the positions
        """
    case .origin:
      return seen.count < 2
        ? nil : "\(seen.count) sources lie at (0, 0) (\(first)): is there no value in their file?"
    }
  }
}

extension Double {
  /// Whether programs write the number where there is no value: nines below zero (-99, -999.9), and
  /// what is greater than any measurement (1e20).
  var standsForNoValue: Bool {
    if abs(self) >= 1e19 { return true }
    guard self <= -99 else { return false }
    var digits = Float(self).description.dropFirst()
    if digits.hasSuffix(".0") { digits = digits.dropLast(2) }
    return digits.allSatisfy { $0 == "9" || $0 == "." }
  }
}
