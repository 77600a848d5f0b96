public import PostgreSQL

/// Input that was set aside, with its reason.
public struct Rejected: Sendable, Codable {
  /// The row in the file, from 1, where there is one.
  public var row: Int?

  /// The source's name, where it is known.
  public var name: String?

  /// Why it was set aside.
  public var reason: String

  /// Describes what was set aside.
  public init(row: Int? = nil, name: String? = nil, reason: String) {
    self.row = row
    self.name = name
    self.reason = reason
  }

  /// Writes what a run set aside of a file.
  public static func write(
    _ rejected: [Rejected], file: String, run: Int, in database: Connection
  ) throws {
    try database.copy(
      into: "reber.rejected", columns: ["run_id", "file", "row_number", "name", "reason"]
    ) { rows in
      for item in rejected { try rows.row(run, file, item.row, item.name, item.reason) }
    }
  }
}
