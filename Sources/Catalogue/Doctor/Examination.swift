public import PostgreSQL

/// What a doctor looks at in a database; nothing is changed by it.
public struct Examination: Sendable {
  /// The folder of this version's migrations.
  public let migrations: String

  /// Whether every digest is computed anew, which reads all pixels.
  public let isDeep: Bool

  /// Describes an examination.
  public init(migrations: String, isDeep: Bool = false) {
    self.migrations = migrations
    self.isDeep = isDeep
  }
}

extension Examination {
  /// Looks at everything, in turn; where the schema is not of this version, at the server alone.
  ///
  /// - Parameters:
  ///   - database: A connection; what its user may not see is left out.
  ///   - progress: Called with what is looked at next.
  /// - Returns: What was found, in the order in which it was looked at.
  /// - Throws: `PostgresError`; `MigrationError` where the folder of migrations cannot be read.
  public func findings(
    in database: Connection, progress: (String) -> Void = { _ in }
  ) throws -> [Finding] {
    var findings: [Finding] = []
    for (what, look) in Self.ofServer {
      progress(what)
      findings += try look(database)
    }
    let schema = try schema(in: database)
    findings += schema
    guard schema.allSatisfy({ $0.level == .fine }) else { return findings }
    for (what, look) in Self.ofTables + (isDeep ? Self.ofDigests : []) {
      progress(what)
      findings += try look(database)
    }
    return findings
  }

  private typealias Look = (what: String, look: (Connection) throws -> [Finding])

  private static var ofServer: [Look] {
    [("server", server), ("connections", connections), ("extensions", extensions)]
  }

  private static var ofTables: [Look] {
    [
      ("roles", roles), ("runs", runs), ("left-overs", leftOvers), ("points", points),
      ("indexes", indexes), ("tables", tables),
    ]
  }

  private static var ofDigests: [Look] {
    [("catalogues", catalogues), ("models", models), ("images", images)]
  }

  private func schema(in database: Connection) throws -> [Finding] {
    if try Restoration.isUnfinished(in: database) {
      return [
        Finding(
          "schema", .problem, "a dump was being restored here and is not whole",
          advice: "call 'reber db restore' again")
      ]
    }
    do {
      let pending = try Migration.pending(in: database, folder: migrations).map(\.name)
      guard !pending.isEmpty else { return [Finding("schema", .fine, "of this version")] }
      return [
        Finding(
          "schema", .problem, "of an earlier version; a migration would apply \(list(pending))",
          advice: "make a dump with 'reber db dump' and call 'reber db migrate'")
      ]
    } catch let error as MigrationError {
      return [Finding("schema", .problem, error.description)]
    }
  }
}

/// The first few of a list, and how many more there are.
func list(_ items: [String]) -> String { items.listed(first: 6) }

extension [String] {
  /// The first few, and how many more there are.
  public func listed(first count: Int) -> String {
    prefix(count).joined(separator: ", ")
      + (self.count > count ? " and \(self.count - count) more" : "")
  }
}

/// Bytes for a person to read: `12 MB`.
func megabytes(_ bytes: Int) -> String { "\(bytes >> 20) MB" }
