import ArgumentParser
import Catalogue
import Foundation
import PostgreSQL
import Stages

struct DatabaseCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "db",
    abstract: "The database: a private server, or any that DATABASE_URL or PG* names.",
    discussion: """
      Without DATABASE_URL or PG* every command starts a private PostgreSQL in .reber (or
      REBER_HOME), reached by a Unix socket alone.

      Example:
        reber db start
        reber db psql -- -c 'TABLE reber.survey'
      """,
    subcommands: [
      Initialise.self, Start.self, Stop.self, Status.self, Migrate.self, Address.self, Psql.self,
      DumpCommand.self, RestoreCommand.self, UpgradeCommand.self,
    ])

  struct Initialise: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "init", abstract: "Make the private server, without starting it.",
      discussion: "Example:\n  reber db init")

    func run() throws {
      try PrivateServer.local.initialise()
      print("made the private server in \(PrivateServer.local.folder)")
    }
  }

  struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Start the private server, made and migrated as needed.",
      discussion: "Example:\n  reber db start")

    func run() async throws {
      let server = PrivateServer.local
      try server.start()
      let database = try await Database(server.connectionString)
      try await database.with { _ = try migrate($0) }
      print(server.connectionString)
    }
  }

  struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Stop the private server; what is in it stays.",
      discussion: "Example:\n  reber db stop")

    func run() throws {
      try PrivateServer.local.stop()
      print("stopped")
    }
  }

  struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say whether the private server runs; exits with 3 where it does not.",
      discussion: "Example:\n  reber db status")

    func run() throws {
      let status = try PrivateServer.local.status()
      print(status)
      if status != .running { throw ExitCode(3) }
    }
  }

  struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Bring the schema up to date.",
      discussion: """
        Embeddings that an older version made get their points, by which neighbours are found; 'reber embed' does that too.

        Example:
          reber db migrate
        """)

    @Option(name: .customLong("database"), help: "The database, as postgresql://….")
    var address: String?

    @Flag(name: .shortAndLong, help: "Say nothing on the way.") var quiet = false

    func run() async throws {
      let server = PrivateServer.local
      let given = address ?? ConnectionString.inEnvironment
      if given == nil { try server.start() }
      let database = try await Database(given ?? server.connectionString)
      let applied = try await database.with { try migrate($0) }
      print(
        applied.isEmpty ? "the schema is up to date" : "applied " + applied.joined(separator: ", "))
      let progress: any ProgressDisplay = quiet ? Silence() : TerminalProgress()
      try await database.with { try Model.makeMissingPoints(telling: progress, in: $0) }
    }
  }

  struct Address: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "url", abstract: "Print what psql and other clients connect with.",
      discussion: """
        A password is printed only where DATABASE_URL holds it; clients find what stands in PGPASSWORD
        or ~/.pgpass by themselves.

        Example:
          psql "$(reber db url)"
          python3 -c "import pandas; print(pandas.read_sql('TABLE reber.survey', '$(reber db url --sqlalchemy)'))"
        """)

    @Flag(help: "As SQLAlchemy and pandas take it, for psycopg 3.") var sqlalchemy = false

    func run() throws {
      let address = ConnectionString.inEnvironment ?? PrivateServer.local.connectionString
      print(sqlalchemy ? try ConnectionString.forSQLAlchemy(address) : address)
    }
  }

  struct Psql: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Open psql in the database.",
      discussion: "Example:\n  reber db psql -- -c 'SELECT * FROM reber.labelled_source LIMIT 5'")

    @Argument(parsing: .postTerminator, help: "The arguments that psql gets.")
    var arguments: [String] = []

    func run() throws {
      let address: String
      if let given = ConnectionString.inEnvironment {
        address = given
      } else {
        try PrivateServer.local.start()
        address = PrivateServer.local.connectionString
      }
      var words = (["psql", "-d", address] + arguments).map { strdup($0) } + [nil]
      execvp("psql", &words)
      throw ValidationError("psql was not found: install postgresql-client")
    }
  }
}
