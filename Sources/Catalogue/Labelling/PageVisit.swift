public import Digest
public import PostgreSQL

/// Somebody's visit on the pages, a row of `reber.visit`, by which it outlives the server of the pages.
public struct PageVisit: Sendable {
  /// The digest of what only the visitor has.
  public var key: SHA256

  /// The name that labels are written under.
  public var annotator: String

  /// Describes a visit.
  public init(key: SHA256, annotator: String) {
    self.key = key
    self.annotator = annotator
  }
}

extension PageVisit {
  /// Begins the visit, or lets it last for so many seconds from now; visits that have ended go.
  public func extend(by seconds: Int, in database: Connection) throws {
    try database.execute("DELETE FROM reber.visit WHERE ends < clock_timestamp()")
    try database.execute(
      """
      INSERT INTO reber.visit (sha256, annotator, ends)
      VALUES (\(key.bytes), \(annotator), clock_timestamp() + \(seconds) * interval '1 second')
      ON CONFLICT (sha256) DO UPDATE SET ends = excluded.ends
      """)
  }

  /// The visit of that key; `nil` where there is none, or it has ended.
  public static func find(_ key: SHA256, in database: Connection) throws -> PageVisit? {
    try database.first(
      """
      SELECT annotator FROM reber.visit
      WHERE sha256 = \(key.bytes) AND ends > clock_timestamp()
      """, as: String.self
    ).map { PageVisit(key: key, annotator: $0) }
  }

  /// Ends a visit.
  public static func end(_ key: SHA256, in database: Connection) throws {
    try database.execute("DELETE FROM reber.visit WHERE sha256 = \(key.bytes)")
  }
}
