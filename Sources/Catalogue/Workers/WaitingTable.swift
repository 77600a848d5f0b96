import PostgreSQL

/// A table of the session, where rows wait until one statement takes them into the table that it is like.
struct WaitingTable: Sendable {
  /// The table that the rows are for, with its schema.
  private let whole: String

  /// Its name, with its schema.
  var name: String {
    "pg_temp.waiting_" + String(whole.map { $0.isLetter || $0.isNumber ? $0 : "_" })
  }

  /// The table of the session for rows of a table.
  init(like whole: String) { self.whole = whole }

  /// Makes it, or empties it.
  func empty(in database: Connection) throws {
    let isThere = try database.row("SELECT to_regclass(\(name)) IS NOT NULL", as: Bool.self)
    try database.script(
      isThere
        ? "TRUNCATE \(name)"
        : """
        CREATE TEMPORARY TABLE \(name) (
            LIKE \(whole) INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE
        )
        """)
  }
}
