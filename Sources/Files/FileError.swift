public import Failures

/// Why a file could not be read or written, where in it, and what to do about it.
public struct FileError: Failure, Hashable, Sendable {
  /// The file, or what stands for it in memory.
  public var path: String
  /// The header-data unit of a FITS file, the first being 1.
  public var hdu: Int?
  /// The line of a text file, counted from 1.
  public var line: Int?
  /// The row of a table, counted from 1.
  public var row: Int?
  /// The column of a table.
  public var column: String?
  /// What is wrong.
  public var problem: String
  /// What to do.
  public var advice: String
  /// ``ExitStatus/cannotCreate`` where the file could not be written.
  public var exitStatus: ExitStatus

  /// Describes an error.
  public init(
    _ path: String, hdu: Int? = nil, line: Int? = nil, row: Int? = nil, column: String? = nil,
    _ problem: String, advice: String, exitStatus: ExitStatus = .badInput
  ) {
    self.path = path
    self.hdu = hdu
    self.line = line
    self.row = row
    self.column = column
    self.problem = problem
    self.advice = advice
    self.exitStatus = exitStatus
  }

  public var description: String {
    let place = [
      path, hdu.map { "HDU \($0)" }, line.map { "line \($0)" }, row.map { "row \($0)" },
      column.map { "column '\($0)'" },
    ]
    return (place.compactMap(\.self).joined(separator: ", ") + ": \(problem). \(advice).").inOneLine
  }
}
