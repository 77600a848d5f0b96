public import Failures

/// Why a table could not be read or written, where in the file, and what to do about it.
public struct TableError: Failure, Hashable, Sendable {
  public var path: String
  /// The line of a text file, counted from 1.
  public var line: Int?
  /// The row of the table, counted from 1.
  public var row: Int?
  public var column: String?
  public var problem: String
  public var advice: String

  public init(
    _ path: String, line: Int? = nil, row: Int? = nil, column: String? = nil,
    _ problem: String, advice: String
  ) {
    self.path = path
    self.line = line
    self.row = row
    self.column = column
    self.problem = problem
    self.advice = advice
  }

  public var exitStatus: ExitStatus { .badInput }

  public var description: String {
    let place = [
      path, line.map { "line \($0)" }, row.map { "row \($0)" }, column.map { "column '\($0)'" },
    ]
    return place.compactMap(\.self).joined(separator: ", ") + ": \(problem). \(advice)."
  }
}
