import Digest
import PostgreSQL

/// The digest of a catalogue's rows, as lines of text by COPY in order of name.
///
/// It is SHA-256 of a list that has a line for each block of rows: SHA-256 of the block, in hexadecimal. So blocks can
/// be digested at once, and a shell repeats it: `split -l 65536 --filter=sha256sum | cut -d' ' -f1 | sha256sum`.
struct RowDigest: ~Copyable {
  /// Rows of a block; `nil` digests all rows as one, without a list.
  private let blockRows: Int?
  private var block = SHA256.Hasher()
  private var blocks: [SHA256] = []

  /// Rows so far.
  private(set) var rows = 0

  /// Begins with no row.
  init(inBlocksOf blockRows: Int?) { self.blockRows = blockRows }

  /// Adds a row's line, with its end.
  mutating func add(_ line: UnsafeRawBufferPointer) {
    block.update(line)
    rows += 1
    if let blockRows, rows.isMultiple(of: blockRows) { endBlock() }
  }

  /// The digest of all that was added; nothing may be added after.
  mutating func finish() -> SHA256 {
    guard let blockRows else { return block.finish() }
    if !rows.isMultiple(of: blockRows) { endBlock() }
    return Self.ofList(blocks)
  }

  private mutating func endBlock() {
    blocks.append(block.finish())
    block = SHA256.Hasher()
  }

  /// The digest of rows whose blocks have these, in their order.
  static func ofList(_ blocks: [SHA256]) -> SHA256 {
    SHA256.hash(Array(blocks.map { $0.hex + "\n" }.joined().utf8))
  }
}

extension RowDigest {
  /// The number of a query's rows, and their digest.
  static func of(
    _ query: SQL, inBlocksOf blockRows: Int?, in database: Connection
  ) throws -> (rows: Int, sha256: SHA256) {
    var digest = RowDigest(inBlocksOf: blockRows)
    try database.copy(textOutOf: query) { digest.add($0) }
    return (digest.rows, digest.finish())
  }

  /// The number of a table's rows, and the digest of them in order of name.
  static func of(
    table: String, inBlocksOf blockRows: Int?, in database: Connection
  ) throws -> (rows: Int, sha256: SHA256) {
    if let found = try of(ascending: table, inBlocksOf: blockRows, in: database) { return found }
    return try of(
      SQL(raw: "SELECT * FROM \(table) ORDER BY name COLLATE \"C\""), inBlocksOf: blockRows,
      in: database)
  }

  /// The same of a table whose rows lie in the order of the names, as they are published: they need not be
  /// sorted again; `nil` where they do not.
  private static func of(
    ascending table: String, inBlocksOf blockRows: Int?, in database: Connection
  ) throws -> (rows: Int, sha256: SHA256)? {
    var digest = RowDigest(inBlocksOf: blockRows)
    var last: [UInt8] = []
    var ascends = true
    try database.transaction { database in
      try database.script(asTheyLie)
      try database.copy(textOutOf: "SELECT * FROM \(raw: table)") { line in
        guard ascends else { return }
        let name = line.prefix { $0 != UInt8(ascii: "\t") }
        // What COPY escapes stands elsewhere in the order.
        ascends = last.lexicographicallyPrecedes(name) && !name.contains(UInt8(ascii: "\\"))
        last.replaceSubrange(last.indices, with: name)
        digest.add(line)
      }
    }
    return ascends ? (digest.rows, digest.finish()) : nil
  }

  /// Has a transaction read rows in the order in which they lie: by itself, and from the first on, not from where
  /// another has come to.
  static let asTheyLie =
    "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL synchronize_seqscans = off"
}
