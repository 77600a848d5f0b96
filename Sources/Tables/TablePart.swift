public import Astronomy
import Files

/// One of several tables in a file.
public struct TablePart: Hashable, Sendable {
  /// How it is asked for by number: the HDU, counted from the primary's 0, or the table of a
  /// VOTable, counted from 1.
  public var number: Int

  /// How it is asked for by name: EXTNAME, or the TABLE's name.
  public var name: String?

  /// Its columns.
  public var columns: [Column]

  /// Whether it is known to have no rows.
  var isEmpty = false

  /// Whether it is asked for by this number or name.
  func isCalled(_ text: String) -> Bool {
    Int(text) == number || name?.lowercased() == text.lowercased()
  }

  /// As an error names it: `#2 'sources'`.
  var words: String { "#\(number)" + (name.map { " '\($0)'" } ?? "") }
}

extension [TablePart] {
  /// The number of the part that is meant.
  ///
  /// - Parameters:
  ///   - text: A number or a name, as it stands behind `#`; nil where none does.
  ///   - path: The file.
  ///   - suits: Whether a table of such columns could be meant, where nobody says which.
  /// - Returns: The part's number.
  /// - Throws: `FileError` where no part, or more than one, can be meant; it lists them.
  func chosen(
    _ text: String?, of path: String, suits: ([Column]) -> Bool
  ) throws -> Int {
    let found =
      if let text {
        filter { $0.isCalled(text) }
      } else {
        count == 1 ? self : filter { !$0.isEmpty && suits($0.columns) }
      }
    if found.count == 1 { return found[0].number }
    let list = map(\.words).joined(separator: ", ")
    let problem =
      if let text {
        found.isEmpty ? "there is no table '\(text)' in it" : "several tables are called '\(text)'"
      } else {
        "the file has \(count) tables"
      }
    throw FileError(
      path, "\(problem); it has \(list)", advice: "Say which is meant: \(path)#\(self[0].number)")
  }
}
