import Digest
public import PostgreSQL

extension Publication {
  /// The indexes that every catalogue has beside its key: what their names end with, and their columns.
  ///
  /// The one that takes longest comes first.
  private static let indexes = [
    ("class_probability_idx", "class, probability DESC"), ("probability_idx", "probability DESC"),
    ("total_flux_idx", "total_flux"), ("unlikeness_idx", "unlikeness DESC"),
    ("dec_ra_idx", "dec, ra"), ("floor_ra_idx", "floor(dec), ra"), q3cIndex,
  ]

  private static let q3cIndex = ("q3c_ang2ipix_idx", "q3c_ang2ipix(ra, dec)")

  /// What is done of a filled table besides digesting it.
  ///
  /// Each is one transaction, which does nothing where it was done before. The key of the piece that does it is its
  /// place here, counted from the end: -1 is the last.
  private var statements: [String] {
    Self.indexes.map { name, columns in
      "CREATE INDEX IF NOT EXISTS \"\(Self.draftPrefix)\(run)_\(name)\" ON \(draft) (\(columns))"
    } + [analysis]
  }

  /// Tells the planner of the rows.
  ///
  /// Of fluxes the few brightest are asked for most: of these alone, for it takes its time, as many rows are looked at.
  private var analysis: String {
    let fluxes = "ALTER TABLE \(draft) ALTER total_flux SET STATISTICS"
    return "\(fluxes) -1; ANALYZE \(draft); \(fluxes) 1000; ANALYZE \(draft) (total_flux)"
  }

  /// Divides what is to be done of a filled table: first its indexes, then the blocks of its digest, amid which the
  /// planner is told of it, for that waits until indexes are made.
  func divide(rows: Int, in database: Connection) throws {
    let hasQ3C = try database.row(
      "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'q3c')", as: Bool.self)
    let made = zip(Self.indexes, (-statements.count)...).filter { hasQ3C || $0.0 != Self.q3cIndex }
    var pieces = made.map { (keys: $0.1...$0.1, rows: 0) }
    let blocks = try blocks(of: rows, in: database)
    pieces += blocks
    pieces.insert((-1 ... -1, 0), at: made.count + blocks.count / 2)
    try Piece.divide(run, into: pieces.map(\.keys), items: pieces.map(\.rows), in: database)
  }

  /// The blocks of a table whose rows lie in order of name, each by the keys of its places; none where they do not.
  private func blocks(
    of rows: Int, in database: Connection
  ) throws -> [(keys: ClosedRange<Int>, rows: Int)] {
    try database.script(RowDigest.asTheyLie)
    let places = try database.rows(
      """
      SELECT (place[0]::bigint << 16) + place[1]::bigint, falls
      FROM (
          SELECT ctid::text::point AS place, number, falls
          FROM (
              SELECT ctid, row_number() OVER () AS number,
                  coalesce(lag(name) OVER () >= name COLLATE "C", false) AS falls
              FROM \(raw: draft)
          ) AS numbered
          WHERE (number - 1) % \(blockRows) = 0 OR number = \(rows) OR falls
      ) AS bounds
      ORDER BY number
      """, as: Int.self, Bool.self)
    guard let last = places.last?.0, !places.contains(where: \.1) else { return [] }
    let starts = Array(stride(from: 0, to: rows, by: blockRows))
    let ends = places.prefix(starts.count).dropFirst().map { $0.0 - 1 } + [last]
    return starts.enumerated().map { block, start in
      (places[block].0...ends[block], min(blockRows, rows - start))
    }
  }

  /// Prepares a connection on which nothing else than `perform` is done.
  public func prepare(_ database: Connection) throws {
    try database.script(
      """
      SET application_name = 'reber publish \(run)'; SET synchronous_commit = off; SET extra_float_digits = 1;
      SET max_parallel_workers_per_gather = 0; SET enable_seqscan = off; SET synchronize_seqscans = off
      """)
  }

  /// Does a piece, and ends it.
  ///
  /// What locks the table is the server's alone: each statement ends by itself, also where this process is frozen.
  ///
  /// - Returns: False where its lease had ended before.
  /// - Throws: `CatalogueError.incomplete` where a block has not the rows that it had.
  public func perform(_ piece: Piece, in database: Connection) throws -> Bool {
    let first = piece.keys.lowerBound
    return try piece.unlessLost(in: database) {
      if first < 0 {
        // Sent as one, so that who is frozen holds no half of it.
        try database.script(
          """
          SELECT pg_advisory_xact_lock(hashtext('\(draft)'), \(first));
          \(statements[statements.count + first])
          """)
        return try piece.end(result: [], in: database)
      }
      let block = try digest(ofRowsAt: piece.keys, in: database)
      guard block.rows == piece.items else {
        throw CatalogueError.incomplete(catalogue: name, rows: block.rows, of: piece.items)
      }
      return try piece.end(result: Array(block.sha256.hex.utf8), in: database)
    } ?? false
  }

  /// The digest of a block, and the number of its rows.
  ///
  /// They are copied into a table of the session: to send them takes as long as this process takes to read them.
  private func digest(
    ofRowsAt keys: ClosedRange<Int>, in database: Connection
  ) throws -> (rows: Int, sha256: SHA256) {
    let (block, first, last) = ("pg_temp.block", place(keys.lowerBound), place(keys.upperBound))
    try database.script(
      """
      DROP TABLE IF EXISTS \(block);
      CREATE TEMPORARY TABLE block AS SELECT * FROM \(draft) WHERE ctid BETWEEN \(first) AND \(last)
      """)
    return try RowDigest.of(table: block, inBlocksOf: nil, in: database)
  }

  private func place(_ key: Int) -> String { "'(\(key >> 16),\(key & 0xFFFF))'" }

  /// The digest of the table whose pieces are all done, and the number of rows.
  func digest(in database: Connection) throws -> (rows: Int, sha256: SHA256) {
    let blocks = try Piece.results(of: run, in: database).compactMap {
      SHA256(hex: String(decoding: $0, as: UTF8.self))
    }
    let progress = try Piece.progress(of: run, in: database)
    guard progress.open == 0, blocks.count == (progress.total + blockRows - 1) / blockRows else {
      throw CatalogueError.incomplete(
        catalogue: name, rows: min(progress.done, blocks.count * blockRows), of: progress.total)
    }
    if blocks.isEmpty {
      return try RowDigest.of(table: draft, inBlocksOf: blockRows, in: database)
    }
    return (progress.total, RowDigest.ofList(blocks))
  }

  /// Makes the indexes that people made on the catalogue before.
  func addIndexes(in database: Connection) throws {
    guard try stands(in: database) else { return }
    let missing = try database.rows(
      "SELECT reber.missing_indexes(\(draft)::text::regclass, \(table)::text::regclass)",
      as: String.self)
    if missing.isEmpty { return }
    try database.withOwnRights { for statement in missing { try database.script(statement) } }
    try database.script(analysis)
  }
}
