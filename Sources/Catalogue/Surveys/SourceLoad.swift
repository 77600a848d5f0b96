public import Astronomy
public import PostgreSQL

/// How many rows a catalogue changed.
///
/// Stands in the metrics of an ingest run; rows that repeat an earlier ingest are `unchanged`.
public struct SourceChanges: Sendable, Codable, Equatable {
  /// Sources that were not there before.
  public var added = 0

  /// Sources that were there with other values; the old ones are kept aside.
  public var changed = 0

  /// Sources that were there just so.
  public var unchanged = 0

  /// Rows set aside in `reber.rejected`.
  public var rejected = 0

  /// Whether the first of those has the name of a row before it; not stored.
  public var firstRejectedRepeatsName = false

  /// Of those that were there with other values, those that lie more than a minute of arc from where they were; not
  /// stored.
  public var moved = 0

  /// Columns whose unit was another, where cells in that are left: a sentence each; not stored.
  public var mixed: [String] = []

  /// What became of the former release's sources, where this was a new release.
  public var release: ReleaseChanges?

  private enum CodingKeys: CodingKey { case added, changed, unchanged, rejected, release }

  /// Rows that are in the survey now.
  public var accepted: Int { added + changed + unchanged }

  /// No rows.
  public init() {}
}

/// A row of a catalogue on its way into the database.
public enum IncomingRow: Sendable {
  /// A source, and the cells of its row in the order of the catalogue's columns.
  case source(Source, cells: [Value])
  /// A row that cannot be a source, with the reason and what stood in it.
  case rejected(reason: String, row: Int, name: String?, record: JSON)
}

extension Source {
  /// Writes catalogue rows into a survey: new ones are added, changed ones replaced, equal ones
  /// left.
  ///
  /// The whole is one transaction. A row whose name was met before in the same catalogue is set
  /// aside as rejected. A survey's first catalogue is loaded plain, and gets its indexes at the end;
  /// a later one is held against what is there. Who ingests into the same survey meanwhile waits.
  ///
  /// Of a first catalogue, sources and cells go to the server by two connections at once. The table of the sources is
  /// there before the transaction ends, but not part of `reber.source`: where it does not end well,
  /// ``removeLeft(in:)`` removes the table, or the next one makes it anew.
  ///
  /// - Parameters:
  ///   - file: The name under which rejected rows are kept.
  ///   - columns: The columns of the catalogue, which become those of the survey's own table.
  ///   - survey: The survey.
  ///   - run: The run that writes.
  ///   - release: The data release that the catalogue is, where it is said: one that is new follows the
  ///     newest, whose sources are found again by place and name.
  ///   - database: The connection.
  ///   - body: Calls `write` with each row, in order.
  /// - Returns: How many rows were added, changed and set aside.
  /// - Throws: `CatalogueError.formerRelease` and others of `DataRelease.Named`, `PostgresError`, or what `body`
  ///   throws; nothing is written then.
  public static func write(
    from file: String, columns: [SurveyColumn], into survey: Survey, run: Int,
    as release: DataRelease.Named? = nil, in database: Connection,
    _ body: (_ write: (IncomingRow) throws -> Void) throws -> Void
  ) throws -> SourceChanges {
    try database.transaction { database in
      try SessionLock.sources(of: survey.id).waitForTransaction(in: database)
      func begin() throws -> SourceLoad {
        // What a run that was stopped has set aside, it sets aside again.
        try database.execute("DELETE FROM reber.rejected WHERE run_id = \(run) AND file = \(file)")
        try Ingestion.begin(run, into: survey, in: database)
        let table = try SurveyTable(of: survey, for: columns, run: run, in: database)
        return SourceLoad(file: file, table: table, run: run, database: database)
      }
      let partition = Partition(whole: "reber.source", key: survey.id)
      if try partition.isAttached(in: database) {
        var load = try begin()
        try load.table.addKey(in: database)
        let following = try release?.begin(in: survey, run: run, database)
        try load.makeTemporaryTables()
        try body { try load.add($0) }
        guard let following else { return try load.merge() }
        return try load.follow(following)
      }
      return try database.besideAnother { side in
        // Before this transaction has locked anything that others wait for.
        try side.now { try partition.renew(in: $0) }
        var load = try begin()
        try release?.beginFirst(in: survey, run: run, database)
        try load.begin(partition, by: side)
        try body { try load.add($0) }
        return try load.attach(partition, by: side)
      }
    }
  }

  /// The tables that first catalogues are loaded into, or were by ingests that were stopped: nobody sees their rows.
  static func tablesBeingLoaded(in database: Connection) throws -> [String] {
    try Partition.unattached(to: "reber.source", in: database).map {
      Partition(whole: "reber.source", key: $0).table
    }
  }

  /// Removes what was loaded by ingests that were stopped, and that nobody is at.
  public static func removeLeft(in database: Connection) throws {
    for survey in try Partition.unattached(to: "reber.source", in: database) {
      try database.transaction { database in
        guard try SessionLock.sources(of: survey).takeForTransaction(in: database) else { return }
        try Partition(whole: "reber.source", key: survey).removeUnattached(in: database)
      }
    }
  }
}

/// Rows of a catalogue on their way into two tables: one of sources, one of the catalogue's own cells.
struct SourceLoad {
  let file: String
  let table: SurveyTable
  let run: Int
  let database: Connection

  /// The table of sources that is filled, and that of cells.
  var sources = "incoming"
  var cells: String

  /// Whether keys are reserved for good; those of temporary tables are the numbers of the rows.
  private var isTemporary = false
  var changes = SourceChanges()
  private var firstRejected = Int.max

  /// What sends sources, where they go beside the cells.
  private var side: SideConnection?

  /// Rows that wait to be sent, and the number of the first.
  private var waitingSources: [KeyedSource] = []
  private var waitingCells: [KeyedCells] = []
  private var setAside: [RejectedRow] = []
  private var firstWaiting = 1
  private var taken = 0

  /// Where keys begin that follow each other as rows do: a key, and the number of its row.
  private var blocks: [(key: Int, row: Int)] = []

  /// As many rows are sent together.
  private static let chunk = 16_384

  init(file: String, table: SurveyTable, run: Int, database: Connection) {
    self.file = file
    self.table = table
    self.run = run
    self.database = database
    cells = table.table
  }

  mutating func makeTemporaryTables() throws {
    isTemporary = true
    cells = "incoming_cells"
    try database.execute(
      "CREATE TEMPORARY TABLE incoming (LIKE reber.source INCLUDING DEFAULTS) ON COMMIT DROP")
    try database.execute(
      "CREATE TEMPORARY TABLE incoming_cells (LIKE \(raw: table.table)) ON COMMIT DROP")
    try table.adapt(cells, in: database)
  }

  /// Has sources loaded into a table by another connection, in a transaction of its own.
  mutating func begin(_ partition: Partition, by side: SideConnection) throws {
    try table.adapt(table.table, in: database)
    try side.later { database in
      try database.script("BEGIN")
      try partition.empty(in: database)
    }
    sources = partition.table
    self.side = side
  }

  mutating func add(_ row: IncomingRow) throws {
    switch row {
    case .source(let source, let cells):
      waitingSources.append(KeyedSource(key: taken, source: source))
      waitingCells.append(KeyedCells(key: taken, cells: cells))
    case .rejected(let reason, let number, let name, let record):
      firstRejected = min(firstRejected, number)
      setAside.append(
        RejectedRow(
          rejected: Rejected(row: number, name: name, reason: reason), record: record))
    }
    taken += 1
    if taken == Self.chunk { try send() }
  }

  /// Sends what waits, and gives each row its key.
  mutating func send() throws {
    guard taken > 0 else { return }
    let first =
      isTemporary
      ? firstWaiting
      : try database.row("SELECT reber.reserve_sources(\(taken))", as: Int.self)
    if blocks.last.map({ first - $0.key == firstWaiting - $0.row }) != true {
      blocks.append((first, firstWaiting))
    }
    for place in waitingSources.indices {
      waitingSources[place].key += first
      waitingCells[place].key += first
    }
    try sendSources(waitingSources)
    try sendCells(waitingCells)
    try database.copy(setAside, with: ["run_id": run, "file": file])
    changes.added += waitingSources.count
    changes.rejected += setAside.count
    firstWaiting += taken
    taken = 0
    waitingSources.removeAll(keepingCapacity: true)
    waitingCells.removeAll(keepingCapacity: true)
    setAside.removeAll()
  }

  private func sendSources(_ rows: [KeyedSource]) throws {
    let (sources, survey, run) = (sources, table.survey.id, run)
    let send: @Sendable (Connection) throws -> Void = { database in
      try database.copy(
        into: sources, KeyedSource.columns, with: ["survey_id": survey, "run_id": run]
      ) { writer in
        for row in rows { try writer.write(row) }
      }
    }
    if let side { try side.later(send) } else { try send(database) }
  }

  private func sendCells(_ rows: [KeyedCells]) throws {
    let columns = Columns<KeyedCells>(writing: "source_id", \.key, table.columns, \.cells)
    try database.copy(into: cells, columns) { writer in
      for row in rows { try writer.write(row) }
    }
  }

  /// Makes the loaded table the survey's partition.
  mutating func attach(_ partition: Partition, by side: SideConnection) throws -> SourceChanges {
    try send()
    // Behind this who wants more of the sources' table than to index it waits for the other connection, which waits
    // for nobody.
    try side.later { database in
      try database.script("COMMIT")
      try database.script("BEGIN")
      try database.script("LOCK TABLE \(partition.table) IN SHARE MODE")
    }
    try table.addKey(in: database)
    try side.wait()
    try side.later { database in
      try database.execute("SELECT reber.index_names(\(Int32(partition.key)))")
      try database.script("COMMIT")
    }
    try database.execute("ANALYZE \(raw: cells)")
    do {
      try database.transaction { try partition.index(in: $0) }
    } catch let error as PostgresError where error.state == .uniqueViolation {
      try refuseRepeated()
      try partition.index(in: database)
    }
    try side.wait()
    try partition.attachIndexed(in: database)
    try database.execute("SELECT reber.count_sources(\(partition.key)::integer)")
    return changes
  }

  /// Of rows of one name the first counts; the others are set aside.
  mutating func refuseRepeated() throws {
    let (count, first) = try database.row(
      """
      WITH repeated AS (
          DELETE FROM \(raw: sources) AS later
          USING (
              SELECT name, min(source_id) AS first FROM \(raw: sources)
              GROUP BY name HAVING count(*) > 1
          ) AS earlier
          WHERE later.name = earlier.name AND later.source_id > earlier.first
          RETURNING later.source_id, later.name, earlier.first
      ), removed AS (
          DELETE FROM \(raw: cells) AS own USING repeated
          WHERE own.source_id = repeated.source_id
          RETURNING own.source_id, to_jsonb(own) AS record
      ), kept AS (
          INSERT INTO reber.rejected (run_id, file, row_number, name, reason, record)
          SELECT \(run), \(file), \(rowNumber(of: "source_id")), name,
              format('the name ''%s'' stands already in row %s', name, \(rowNumber(of: "first"))),
              reber.catalogue_record(\(Int32(table.survey.id)), record)
          FROM repeated
          JOIN removed USING (source_id)
          ORDER BY source_id
          RETURNING row_number
      )
      SELECT count(*), coalesce(min(row_number), 0) FROM kept
      """, as: Int.self, Int.self)
    changes.added -= count
    changes.rejected += count
    changes.firstRejectedRepeatsName = count > 0 && first < firstRejected
  }

  /// The number of the row whose key an expression gives.
  private func rowNumber(of key: SQL) -> SQL {
    """
    (
        SELECT block.row + \(key) - block.key
        FROM unnest(\(blocks.map(\.key)), \(blocks.map(\.row))) AS block (key, row)
        WHERE block.key <= \(key)
        ORDER BY block.key DESC
        LIMIT 1
    )
    """
  }
}

/// A source with its key.
///
/// Tables on their way do not compute designations.
private struct KeyedSource: TableRow {
  var key: Int
  var source: Source

  static let table = "reber.source"
  static let columns = Columns<Self>(
    writing: .column("source_id", \.key), .group(\.source, Source.columns),
    .column("designation", \.designation))

  private var designation: String? { source.position?.designation }
}

/// The cells of a row, with the key of its source.
private struct KeyedCells {
  var key: Int
  var cells: [Value]
}

/// A row that was set aside, with what stood in it.
private struct RejectedRow: TableRow {
  var rejected: Rejected
  var record: JSON

  static let table = Rejected.table
  static let columns = Columns<Self>(
    .group(\.rejected, Rejected.columns), .column("record", \.record), make: Self.init)
}
