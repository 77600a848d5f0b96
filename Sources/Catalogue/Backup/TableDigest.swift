import Digest
public import PostgreSQL

/// What a table holds, in short: equal tables have equal digests, on every server.
public struct TableDigest: Sendable, Codable, Equatable {
  /// The table, with its schema, as SQL writes it.
  public var table: String

  /// Its rows.
  public var rows: Int

  /// SHA-256 of what a binary `COPY` writes of its rows in the order of the primary key, texts by their
  /// bytes.
  public var sha256: String
}

extension TableDigest {
  /// The schemas that are Reber's.
  static let schemas = ["reber", "reber_partition", "survey", "catalogue"]

  /// Tables of a publication that is at work or was killed, as SQL's `LIKE` describes them.
  static let drafts = [Publication.draftPrefix, Publication.asidePrefix]

  /// The digests of all tables of Reber, partitions one by one, but for those of first catalogues that are being
  /// loaded: who loads has them locked.
  ///
  /// - Parameters:
  ///   - database: The connection.
  ///   - progress: Called behind each table with the number of those that are done, and of all.
  /// - Returns: The digests, in the order of the tables' names.
  /// - Throws: `PostgresError`.
  public static func all(
    in database: Connection, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws -> [TableDigest] {
    let tables = try tables(in: database)
    return try tables.enumerated().map { index, table in
      defer { progress(index + 1, tables.count) }
      return try digest(of: table, in: database)
    }
  }

  private static func tables(in database: Connection) throws -> [String] {
    let loading = try Source.tablesBeingLoaded(in: database)
    return try database.rows(
      """
      SELECT format('%I.%I', nspname, relname)
      FROM pg_class
      JOIN pg_namespace ON pg_namespace.oid = relnamespace
      WHERE relkind = 'r' AND nspname = ANY (\(schemas))
          AND NOT (nspname = 'catalogue' AND left(relname, 1) = '_' AND EXISTS (
              SELECT FROM unnest(\(drafts)) AS draft WHERE starts_with(relname, draft)
          ))
      ORDER BY format('%I.%I', nspname, relname) COLLATE "C"
      """, as: String.self
    ).filter { !loading.contains($0) }
  }

  private static func digest(of table: String, in database: Connection) throws -> TableDigest {
    var hasher = SHA256.Hasher()
    let order = try order(of: table, in: database)
    let rows = try database.copy(
      bytesOutOf: SQL(raw: "SELECT * FROM \(table) AS t ORDER BY \(order)")
    ) {
      hasher.update($0)
    }
    return TableDigest(table: table, rows: rows, sha256: hasher.finish().hex)
  }

  /// The primary key, texts by their bytes; of a table without one, the rows as text.
  private static func order(of table: String, in database: Connection) throws -> String {
    try database.row(
      """
      SELECT coalesce(
          string_agg(
              format('%I', attname) || CASE WHEN attcollation <> 0 THEN ' COLLATE "C"' ELSE '' END, ', '
              ORDER BY array_position(indkey::smallint[], attnum)),
          't::text COLLATE "C"')
      FROM pg_index
      JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
      WHERE indrelid = to_regclass(\(table)) AND indisprimary
      """, as: String.self)
  }
}
