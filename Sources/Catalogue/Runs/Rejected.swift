public import PostgreSQL

/// Input that was set aside, with its reason.
///
/// A row of `reber.rejected`. The row counts from 1; it is `nil` for what is no row, such as an image.
public struct Rejected: Sendable, Codable {
  /// The row in the file, from 1, where there is one.
  public var row: Int?

  /// The source's name, where it is known.
  public var name: String?

  /// Why it was set aside.
  public var reason: String

  /// Describes what was set aside.
  ///
  /// The reason is a sentence for whoever mends the file.
  public init(row: Int? = nil, name: String? = nil, reason: String) {
    self.row = row
    self.name = name
    self.reason = reason
  }

  /// Writes what a run set aside of a file.
  ///
  /// It does not look whether that was written before.
  public static func write(
    _ rejected: [Rejected], file: String, run: Int, in database: Connection
  ) throws {
    try database.copy(rejected, with: ["run_id": run, "file": file])
  }

  /// What a run has set aside, in the order in which it did; at most `count` of it.
  ///
  /// Each comes with the file that it stood in.
  public static func all(
    of run: Int, atMost count: Int = .max, in database: Connection
  ) throws -> [(file: String, rejected: Rejected)] {
    try database.rows(
      """
      SELECT file, \(Rejected.columns) FROM reber.rejected
      WHERE run_id = \(run)
      ORDER BY rejected_id
      LIMIT \(count)
      """, as: String.self, Rejected.self
    ).map { (file: $0, rejected: $1) }
  }
}

extension Rejected: TableRow {
  public static let table = "reber.rejected"
  public static let columns = Columns<Self>(
    .column("row_number", \.row), .column("name", \.name), .column("reason", \.reason),
    make: Rejected.init)
}
