public import PostgreSQL

/// A classification that becomes a table in schema `catalogue`.
///
/// The table is built beside the one that stands under its name, with its own transaction, and takes
/// its place in another that lasts milliseconds: that which finishes the run. A process that is killed
/// leaves the one or the other and, it may be, a table beside it that nobody asks for; the next
/// publication removes that.
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
  /// Makes the table, beside one published before under the name; `BuiltCatalogue.publish` puts it in its
  /// place.
  ///
  /// - Parameter database: The connection, which must not be in a transaction.
  /// - Returns: The table, which has yet to get its name.
  /// - Throws: `CatalogueError.badName`; `CatalogueError.badClassName` for a class that an earlier version let in;
  ///   `CatalogueError.beingPublished` where another does;
  ///   `CatalogueError.missing` where a table of the name stands there that Reber did not
  ///   publish; `CatalogueError.irreplaceable` where things depend on the table that cannot be led
  ///   over to another; `CatalogueError.incomplete` where rows are lacking.
  public func build(in database: Connection) throws -> BuiltCatalogue {
    guard name.wholeMatch(of: /[a-z][a-z0-9_]{0,58}/) != nil else {
      throw CatalogueError.badName(name)
    }
    // The view of all catalogues.
    if name == "everything" { throw CatalogueError.taken(name) }
    for item in try model.classes(in: database).classes { try ClassScheme.checkName(item.name) }
    return try alone(in: database) {
      try Self.tidy(in: database)
      let columns = try PublishedColumn.all(of: self, in: database)
      try database.withOwnRights { try checkPlace(for: columns, in: database) }
      return try database.transaction { try build(columns, in: $0) }
    }
  }

  /// Runs `body` while no other process builds a table for the name.
  private func alone<Value>(in database: Connection, _ body: () throws -> Value) throws -> Value {
    guard try lock.take(in: database) else { throw CatalogueError.beingPublished(name) }
    // Where the connection is gone, so is the lock.
    defer { try? lock.release(in: database) }
    return try body()
  }

  /// Refuses a name whose table is not ours to replace, or could not be replaced without a loss.
  private func checkPlace(
    for columns: [PublishedColumn], in database: Connection
  ) throws {
    guard try stands(in: database) else { return }
    let ours = try database.row(
      "SELECT EXISTS (SELECT FROM reber.catalogue WHERE name = \(name))", as: Bool.self)
    guard ours else {
      throw CatalogueError.missing(
        "room for catalogue.\(name)",
        hint: "a table of that name stands there that Reber did not publish; choose another --name")
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

  var lock: SessionLock { .publication(of: name) }

  /// The table as `regclass` reads it.
  var table: String { "catalogue.\(name)" }

  /// The table in the making: its name is none that a catalogue can have.
  var draft: String { "catalogue.\(Self.draftPrefix)\(run)" }

  /// What the names of tables begin with that are about to be published, before the run.
  static let draftPrefix = "_publishing_"

  /// What the names of tables begin with that were replaced, before the run that did it.
  static let asidePrefix = "_replaced_"
}
