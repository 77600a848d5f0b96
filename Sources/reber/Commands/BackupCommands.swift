import ArgumentParser
import Catalogue
import Foundation
import PostgreSQL
import Stages

struct DumpCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Write all that Reber keeps of the database into a folder.",
    discussion: """
      The folder has what 'pg_dump' writes, and digests of every table and file. The database is seen
      as it is in one moment, and goes on meanwhile. Rights that you gave to others are not in it.

      Example:
        reber db dump first-2026-11
        reber db restore first-2026-11 --database postgresql://me@server/surveys
      """)

  @Argument(help: "The folder, which must not be there yet.") var folder: String
  @OptionGroup var options: ResultOptions

  func run() async throws {
    let (folder, progress) = (folder, options.session.progress)
    let (address, version) = (options.session.resolvedAddress, Version.current.codeVersion)
    let contents = try await options.database().with { database in
      try Dump(folder: folder).write(of: address, in: database, codeVersion: version) {
        progress.update("digesting tables", done: $0, of: $1)
      }
    }
    try options.show(contents) {
      "\(folder): \($0.tables.count) tables, \($0.rows) rows, \($0.bytes >> 20) MB in "
        + "\($0.files.count) files"
    }
  }
}

struct RestoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Restore a dump into a database that has no surveys yet, and check every table.",
    discussion: """
      Without --database, DATABASE_URL or PG* it is the private server in .reber or REBER_HOME. The
      dump may be of another version of PostgreSQL, or of an earlier version of Reber. One that was
      stopped is begun anew.

      Example:
        reber db restore first-2026-11
      """)

  @Argument(help: "The folder that 'reber db dump' wrote.") var folder: String
  @OptionGroup var options: ResultOptions

  func run() async throws {
    let address = try options.session.startedAddress()
    let (folder, progress) = (folder, options.session.progress)
    let contents = try await Database(address).with { database in
      let restoration = Restoration(of: Dump(folder: folder), into: address)
      let contents = try restoration.perform(
        in: database, migrations: Schema.folder(), notes: progress.note
      ) { progress.update("checking tables", done: $0, of: $1) }
      try finish(database, progress)
      return contents
    }
    try options.show(contents) {
      "restored \($0.tables.count) tables, \($0.rows) rows, as they were at \($0.seenAt); all digests agree"
    }
  }

  /// Brings what was restored to this version, and gives the roles of this server their rights.
  private func finish(_ database: Connection, _ progress: any ProgressDisplay) throws {
    let applied = try migrate(database)
    if !applied.isEmpty { progress.note("applied \(applied.joined(separator: ", "))") }
    do {
      try Role.grant(in: database)
    } catch let error as PostgresError where error.state == .insufficientPrivilege {
      progress.note(
        "the roles of Reber have no rights yet: ask an administrator for SELECT reber.grant_roles()"
      )
    }
  }
}

struct UpgradeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upgrade",
    abstract: "Move the private server to the newest PostgreSQL on the machine.",
    discussion: """
      The database is dumped by the version that it is of, restored by the new one, checked, and only
      then takes its place; what was there before is kept beside it. Both versions must be installed,
      and there must be room for the database three times. REBER_POSTGRES names the folder of the new
      version's programs, where they are not found.

      Example:
        reber db upgrade
      """)

  @Flag(name: .shortAndLong, help: "Say nothing but the result.") var quiet = false

  func run() async throws {
    let server = PrivateServer.local
    guard let upgrade = try ServerUpgrade(of: server) else {
      print("nothing to do: the private server is of the newest PostgreSQL that is installed")
      return
    }
    let progress: any ProgressDisplay = quiet ? Silence() : TerminalProgress()
    let kept = try upgrade.perform(
      migrations: Schema.folder(), codeVersion: Version.current.codeVersion, notes: progress.note
    ) { progress.update("\($0) tables", done: $1, of: $2) }
    try server.start()
    let database = try await Database(server.connectionString)
    try await database.with {
      _ = try migrate($0)
      try Role.grant(in: $0)
    }
    print(
      "moved from PostgreSQL \(upgrade.from) to \(upgrade.to); the old data are kept in \(kept)")
  }
}
