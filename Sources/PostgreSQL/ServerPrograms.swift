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

  /// Output goes through a file: the server that `pg_ctl` leaves behind would keep a pipe open.
  private func execute(
    _ program: String, _ arguments: [String], in place: ServerPlace
  ) throws -> (code: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: folder + "/" + program)
    process.arguments = arguments
    if let account = ServerAccount.current.name {
      process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
      process.arguments =
        ["--reuid", account, "--regid", account, "--init-groups", folder + "/" + program]
        + arguments
    }
    process.currentDirectoryURL = URL(fileURLWithPath: "/")
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("reber-\(UUID().uuidString)")
    try Data().write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let handle = try FileHandle(forWritingTo: file)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    process.waitUntilExit()
    return (process.terminationStatus, (try? String(contentsOf: file, encoding: .utf8)) ?? "")
  }
}

/// What keeps a private server from running.
public enum PrivateServerError: Error, CustomStringConvertible, Equatable {
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
