public import PostgreSQL

/// A classification that becomes a table in schema `catalogue`.
///
/// The table is filled beside the one that stands under its name, in one transaction; any number of processes make its
/// indexes and digest its rows, piece by piece; and it takes the other's place in a transaction that lasts
/// milliseconds: that which finishes the run. A process that is killed leaves the one table or the other and, it may
/// be, a third beside them that nobody asks for; the next publication removes that.
public struct Publication: Sendable {
  /// The table's name.
  public var name: String

  /// The survey that was classified.
  public var survey: Survey

  /// The run that classified it.
  public var classification: Int

  /// The classifier.
  public var model: Model

  /// The run that publishes.
  public var run: Int

  /// The survey's own columns that are published too, by their names in its catalogue.
  public var columns: [String]

  /// What the columns of sets are made by; they are null where it is `nil`.
  public var sets: PublishedSets?

  /// Rows of a block of the table's digest.
  public var blockRows = 65_536

  /// Describes a publication.
  public init(
    as name: String, of survey: Survey, classification: Int, model: Model, run: Int,
    columns: [String] = [], sets: PublishedSets? = nil
  ) {
    self.name = name
    self.survey = survey
    self.classification = classification
    self.model = model
    self.run = run
    self.columns = columns
    self.sets = sets
  }
}

extension Publication {
  /// Fills the table, beside one published before under the name, and divides what is to be done of it yet: `perform`
  /// does a piece, `finish` ends it when all are done, and `BuiltCatalogue.publish` puts it in its place.
  ///
  /// Nobody else publishes under the name until every process that works on it has called `leave`: who ends the run
  /// does so when the table has its name.
  ///
  /// - Parameter database: The connection, which must not be in a transaction.
  /// - Throws: `CatalogueError.badName`; `CatalogueError.beingPublished` where another does;
  ///   `CatalogueError.missing` where a table or a type of the name stands there that Reber did not
  ///   publish; `CatalogueError.irreplaceable` where things depend on the table that cannot be led
  ///   over to another; `CatalogueError.incomplete` where it has fewer or more rows than the classification.
  public func begin(in database: Connection) throws {
    guard name.wholeMatch(of: /[a-z][a-z0-9_]{0,58}/) != nil else {
      throw CatalogueError.badName(name)
    }
    // The view of all catalogues.
    if name == "everything" { throw CatalogueError.taken(name) }
    guard try lock.take(in: database) else { throw CatalogueError.beingPublished(name) }
    do {
      try Self.tidy(in: database)
      let columns = try PublishedColumn.all(of: self, in: database)
      try database.withOwnRights { try checkPlace(for: columns, in: database) }
      try database.transaction { database in
        try database.endIfLeft()
        try divide(rows: fill(columns, in: database), in: database)
      }
      try lock.letShare(in: database)
    } catch {
      // Where the connection is gone, so is the lock.
      try? lock.release(in: database)
      throw error
    }
  }

  /// Works on the table beside those who fill or have filled it.
  ///
  /// - Throws: `CatalogueError.beingPublished` where another run publishes under the name.
  public func join(in database: Connection) throws {
    guard try lock.share(in: database) else { throw CatalogueError.beingPublished(name) }
  }

  /// Works on the table no more.
  public func leave(in database: Connection) throws { try lock.release(in: database) }

  /// Refuses a name whose table is not ours to replace, or could not be replaced without a loss.
  private func checkPlace(
    for columns: [PublishedColumn], in database: Connection
  ) throws {
    // A table is a type too.
    let (isTaken, isOurs) = try database.row(
      """
      SELECT to_regclass(\(table)) IS NOT NULL OR to_regtype(\(table)) IS NOT NULL,
          to_regclass(\(table)) IS NOT NULL
              AND EXISTS (SELECT FROM reber.catalogue WHERE name = \(name))
      """, as: Bool.self, Bool.self)
    guard isTaken else { return }
    guard isOurs else {
      throw CatalogueError.missing(
        "room for catalogue.\(name)",
        hint: """
          a table or a type of that name stands there that Reber did not publish; choose another --name
          """)
    }
    let obstacles = try database.rows(
      "SELECT reber.obstacles(\(table)::text::regclass, \(columns.map(\.name)))", as: String.self)
    guard obstacles.isEmpty else {
      throw CatalogueError.irreplaceable(catalogue: name, because: obstacles)
    }
  }

  /// Whether a table of the name stands there.
  func stands(in database: Connection) throws -> Bool {
    try database.row("SELECT to_regclass(\(table)) IS NOT NULL", as: Bool.self)
  }

  private var lock: SessionLock { .publication(of: name) }

  /// The table as `regclass` reads it.
  var table: String { "catalogue.\(name)" }

  /// The table in the making: its name is none that a catalogue can have.
  var draft: String { "catalogue.\(Self.draftPrefix)\(run)" }

  /// What the names of tables begin with that are about to be published, before the run.
  static let draftPrefix = "_publishing_"

  /// What the names of tables begin with that were replaced, before the run that did it.
  static let asidePrefix = "_replaced_"
}
