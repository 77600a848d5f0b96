public import Failures
import Foundation

/// PostgreSQL's programs in one version: `initdb` and `pg_ctl`, `pg_dump` and `pg_restore`.
struct ServerPrograms: Sendable {
  /// The folder that they lie in.
  let folder: String

  /// The major version: 15.
  let version: Int

  /// Whether a server's programs are among them.
  private let hasServer: Bool

  /// The oldest version that Reber works with.
  static let oldest = 15

  /// Where Debian puts them, a folder for each version.
  private static let debian = "/usr/lib/postgresql"

  /// Those of the machine: those in the folder that `REBER_POSTGRES` names, then Debian's, the newest
  /// first; without a server among them, also those in `PATH`.
  static var installed: [ServerPrograms] {
    let environment = ProcessInfo.processInfo.environment
    let chosen = environment["REBER_POSTGRES"].flatMap { ServerPrograms(at: $0) }
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: debian)) ?? []
    let known = versions.compactMap(Int.init).sorted(by: >)
      .compactMap { ServerPrograms(at: "\(debian)/\($0)/bin", ofVersion: $0) }
    let found = [chosen].compactMap(\.self) + known
    if found.contains(where: \.hasServer) { return found }
    let others = (environment["PATH"] ?? "").split(separator: ":")
      .compactMap { ServerPrograms(at: String($0)) }
    return found + others.sorted { $0.version > $1.version }
  }

  /// The programs in a folder, which are asked for their version where it is not known; `nil` where they are
  /// none, or too old.
  private init?(at folder: String, ofVersion known: Int? = nil) {
    let files = FileManager.default
    hasServer = files.isExecutableFile(atPath: folder + "/initdb")
    let program = folder + (hasServer ? "/initdb" : "/pg_dump")
    guard files.isExecutableFile(atPath: program),
      let version = known ?? Self.version(of: program), version >= Self.oldest
    else { return nil }
    self.folder = folder
    self.version = version
  }

  /// The major version that a program says it is of.
  private static func version(of program: String) -> Int? {
    Child.output(of: [program, "--version"])?.firstMatch(of: /\(PostgreSQL\) (\d+)/)
      .flatMap { Int($0.1) }
  }

  /// The first of the installed ones, or those of a version: a server's data can be used by its own version
  /// alone.
  ///
  /// - Throws: ``PrivateServerError/notInstalled`` without PostgreSQL ≥ 15;
  ///   ``PrivateServerError/otherVersion`` without that version;
  ///   ``PrivateServerError/noAccount`` as root without an account to run it as.
  init(version: Int? = nil) throws {
    if NSUserName() == "root", ServerAccount.current.name == nil {
      throw PrivateServerError.noAccount
    }
    let installed = Self.installed.filter(\.hasServer)
    guard let first = installed.first else { throw PrivateServerError.notInstalled }
    guard let found = version.map({ wanted in installed.first { $0.version == wanted } }) ?? first
    else {
      throw PrivateServerError.otherVersion(data: version ?? 0, installed: installed.map(\.version))
    }
    self = found
  }

  /// Runs a program of the server to its end, as the account that the server runs as.
  ///
  /// - Throws: ``PrivateServerError/failed`` with what it said.
  func run(_ program: String, _ arguments: [String], in place: ServerPlace) throws {
    let (code, said) = try execute(program, arguments)
    guard code == 0 else {
      throw PrivateServerError.failed(program, said: Self.end(of: said), log: place.logTail)
    }
  }

  /// Runs a program of the server to its end and gives its exit code.
  func code(_ program: String, _ arguments: [String]) throws -> Int32 {
    try execute(program, arguments).code
  }

  private func execute(
    _ program: String, _ arguments: [String]
  ) throws -> (code: Int32, output: String) {
    var words = [folder + "/" + program] + arguments
    if let account = ServerAccount.current.name {
      words = ["setpriv", "--reuid", account, "--regid", account, "--init-groups"] + words
    }
    return try Child(["/usr/bin/env", "-C", "/"] + words).wait()
  }

  /// Starts a program of a client, as whoever asks.
  ///
  /// - Throws: ``PrivateServerError/failed`` where it cannot be started.
  func start(_ program: String, _ arguments: [String]) throws -> Child {
    try Child([folder + "/" + program] + arguments)
  }

  /// Waits for a program of a client.
  ///
  /// - Throws: ``PrivateServerError/failed`` with what it said.
  @discardableResult
  func finish(_ child: Child, _ program: String) throws -> String {
    let (code, said) = try child.wait()
    guard code == 0 else {
      throw PrivateServerError.failed(program, said: Self.end(of: said), log: "")
    }
    return said
  }

  private static func end(of output: String) -> String {
    output.split(separator: "\n").suffix(3).joined(separator: " ")
  }
}

/// A program that runs, with its output in a file.
///
/// Foundation's `Process` does not do: it waits until nobody holds a descriptor that the server,
/// which `pg_ctl` leaves behind, inherits.
final class Child {
  private let process: pid_t
  private let output: String
  private var isOver = false

  /// Starts it; the first word is the program's path.
  ///
  /// - Throws: ``PrivateServerError/failed`` where it cannot be started.
  init(_ words: [String]) throws {
    output =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("reber-\(UUID().uuidString)").path
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var started: pid_t = 0
    let code = posix_spawn(&started, words[0], &actions, nil, &arguments, environ)
    guard code == 0 else {
      throw PrivateServerError.failed(
        (words[0] as NSString).lastPathComponent, said: String(cString: strerror(code)), log: "")
    }
    process = started
  }

  /// One that is let go is stopped.
  deinit {
    if !isOver {
      kill(process, SIGTERM)
      _ = try? wait()
    }
  }

  /// Waits until it ends; gives its exit code, or 128 and the signal, and what it wrote.
  func wait() throws -> (code: Int32, output: String) {
    var status: Int32 = 0
    while waitpid(process, &status, 0) == -1, errno == EINTR {}
    isOver = true
    let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
    let said = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
    try? FileManager.default.removeItem(atPath: output)
    return (code, said)
  }

  /// What a program writes; `nil` where it fails.
  static func output(of words: [String]) -> String? {
    guard let (code, text) = try? Child(words).wait(), code == 0 else { return nil }
    return text
  }
}

/// What keeps a private server from running.
public enum PrivateServerError: Failure, Equatable {
  /// There is no PostgreSQL.
  case notInstalled
  /// Its data are of a version that is not installed.
  case otherVersion(data: Int, installed: [Int])
  /// A client's programs are older than the server.
  case tooOld(server: Int, installed: [Int])
  /// The caller is root, and there is no account to run it as.
  case noAccount
  /// The disk is too full.
  case noSpace(folder: String, free: Int, needed: Int)
  /// A folder cannot be made.
  case cannotMake(String, reason: String)
  /// A program failed.
  case failed(String, said: String, log: String)

  public var exitStatus: ExitStatus { .cannotCreate }

  public var description: String {
    switch self {
    case .notInstalled:
      "PostgreSQL 15 or newer is not installed: 'apt install postgresql', or set DATABASE_URL"
    case .otherVersion(let data, let installed):
      """
      the private server's data are of PostgreSQL \(data), and installed is \(Self.list(installed)): \
      install postgresql-\(data), or name the folder of its programs in REBER_POSTGRES; 'reber db upgrade' \
      moves data to a newer version
      """
    case .tooOld(let server, let installed):
      """
      the server is PostgreSQL \(server), and its pg_dump is needed; installed is \
      \(Self.list(installed)): install postgresql-client-\(server)
      """
    case .noAccount:
      "PostgreSQL does not run as root and there is no account 'postgres': run as another user"
    case .noSpace(let folder, let free, let needed):
      """
      \(folder): \(free >> 20) MB are free, a private server needs \(needed >> 20) MB: free some, \
      or set REBER_HOME to a folder on another disk
      """
    case .cannotMake(let folder, let reason):
      "\(folder): cannot be made (\(reason)): set REBER_HOME to a folder you can write to"
    case .failed(let program, let said, let log):
      "\(program) failed: \(said)" + (log.isEmpty ? "" : "; the server's log ends: \(log)")
    }
  }

  private static func list(_ versions: [Int]) -> String {
    Set(versions).sorted().map(String.init).joined(separator: ", ")
  }
}
