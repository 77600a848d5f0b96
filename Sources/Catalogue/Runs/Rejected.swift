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

  /// What a run has set aside, in the order in which it did; at most `count` of it.
  public static func all(
    of run: Int, atMost count: Int = .max, in database: Connection
  ) throws -> [(file: String, rejected: Rejected)] {
    try database.rows(
      """
      SELECT file, row_number, name, reason FROM reber.rejected
      WHERE run_id = \(run)
      ORDER BY rejected_id
      LIMIT \(count)
      """, as: String.self, Int?.self, String?.self, String.self
    ).map { file, row, name, reason in
      (file, Rejected(row: row, name: name, reason: reason))
    }
  }
}
