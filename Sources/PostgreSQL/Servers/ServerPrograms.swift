public import Failures
import Foundation

/// `initdb` and `pg_ctl`, as the newest PostgreSQL on the machine has them.
struct ServerPrograms: Sendable {
  private let folder: String

  /// - Throws: ``PrivateServerError/notInstalled`` without PostgreSQL ≥ 15;
  ///   ``PrivateServerError/noAccount`` as root without an account to run it as.
  init() throws {
    let debian = "/usr/lib/postgresql"
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: debian)) ?? []
    let newest = versions.compactMap { Int($0) }.filter { $0 >= 15 }.sorted(by: >)
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let folders = newest.map { "\(debian)/\($0)/bin" } + path.split(separator: ":").map(String.init)
    guard
      let found = folders.first(where: {
        FileManager.default.isExecutableFile(atPath: $0 + "/initdb")
      })
    else { throw PrivateServerError.notInstalled }
    folder = found
    if NSUserName() == "root", ServerAccount.current.name == nil {
      throw PrivateServerError.noAccount
    }
  }

  /// Runs a program to its end.
  ///
  /// - Throws: ``PrivateServerError/failed`` with what it said.
  func run(_ program: String, _ arguments: [String], in place: ServerPlace) throws {
    let (code, output) = try execute(program, arguments, in: place)
    guard code == 0 else {
      let said = output.split(separator: "\n").suffix(3).joined(separator: " ")
      throw PrivateServerError.failed(program, said: said, log: place.logTail)
    }
  }

  /// Runs a program to its end and gives its exit code.
  func code(_ program: String, _ arguments: [String], in place: ServerPlace) throws -> Int32 {
    try execute(program, arguments, in: place).code
  }

  private func execute(
    _ program: String, _ arguments: [String], in place: ServerPlace
  ) throws -> (code: Int32, output: String) {
    var words = [folder + "/" + program] + arguments
    if let account = ServerAccount.current.name {
      words = ["setpriv", "--reuid", account, "--regid", account, "--init-groups"] + words
    }
    words = ["/usr/bin/env", "-C", "/"] + words
    let output = FileManager.default.temporaryDirectory
      .appendingPathComponent("reber-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: output) }
    guard let code = spawn(words, output: output) else {
      throw PrivateServerError.failed(program, said: String(cString: strerror(errno)), log: "")
    }
    return (code, (try? String(contentsOfFile: output, encoding: .utf8)) ?? "")
  }
}

/// Runs a program to its end, with its output in a file; gives its exit code, `nil` where it could
/// not be started.
///
/// Foundation's `Process` does not do: it waits until nobody holds a descriptor that the server,
/// which `pg_ctl` leaves behind, inherits.
private func spawn(_ words: [String], output: String) -> Int32? {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
  posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  posix_spawn_file_actions_adddup2(&actions, 1, 2)
  var arguments = words.map { strdup($0) } + [nil]
  defer { for argument in arguments { free(argument) } }
  var child: pid_t = 0
  guard posix_spawn(&child, words[0], &actions, nil, &arguments, environ) == 0 else { return nil }
  var status: Int32 = 0
  while waitpid(child, &status, 0) == -1, errno == EINTR {}
  return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
}

/// What keeps a private server from running.
public enum PrivateServerError: Failure, Equatable {
  /// There is no PostgreSQL.
  case notInstalled
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
}
