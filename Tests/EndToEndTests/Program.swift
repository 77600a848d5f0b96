import Foundation
import PostgreSQL
import TestSupport
import Testing

/// The program `reber`, as a person or a script calls it, with a database and a folder of its own.
final class Program: Sendable {
  /// Where files may be written.
  let folder: String

  /// The address of its database.
  let address: String

  private let environment: [String: String]

  /// A small network on small views, where what is learned does not matter.
  static let smallNetwork = ["--size", "24", "--width", "4", "--stem-stride", "2"]

  /// What a call left.
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String
  }

  /// Makes an empty database with the schema.
  convenience init() throws {
    try self.init { _, _ in }
  }

  /// Brings a database that an earlier version left to this version's schema, with its files.
  convenience init(restoring dump: String) throws {
    try self.init { folder, address in
      let script = """
        set -e -o pipefail
        cp -r "$0/." "$1"
        gzip -dc "$0/dump.sql.gz" | psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 -o /dev/null "$2"
        """
      let process = try Process.run(
        URL(fileURLWithPath: "/bin/bash"), arguments: ["-c", script, dump, folder, address])
      process.waitUntilExit()
      try #require(process.terminationStatus == 0, "\(dump) could not be restored")
    }
  }

  /// Makes a database, lets `prepare` fill it, and migrates it.
  private init(_ prepare: (_ folder: String, _ address: String) throws -> Void) throws {
    var environment = ProcessInfo.processInfo.environment
    address = try TestServer.newDatabase()
    folder = TestServer.folder + "/" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    environment["DATABASE_URL"] = address
    environment["REBER_SQL"] = SharedData.repository + "/sql"
    self.environment = environment
    try prepare(folder, address)
    let outcome = try run("db", "migrate")
    try #require(outcome.status == 0, "\(outcome.errors)")
  }

  /// The commands that a file of the folder lists, a line each.
  func commands(_ file: String) throws -> [[String]] {
    try String(contentsOfFile: folder + "/" + file, encoding: .utf8).split(separator: "\n")
      .map { $0.split(separator: " ").map(String.init) }
  }

  /// Makes a simulated survey `sim` and ingests it.
  convenience init(simulating sources: Int) throws {
    try self.init()
    try call(["simulate", "--sources", "\(sources)", "--seed", "3", "--output", "sim"])
    try call([
      "ingest", "sim/simulated-catalogue.fits", "--survey", "sim", "--images", "sim/images",
    ])
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// The program: `REBER_PROGRAM`, or what `swift build` made last.
  static let path =
    ProcessInfo.processInfo.environment["REBER_PROGRAM"]
    ?? built("reber")

  /// A program of the package as `swift build` made it last.
  static func built(_ name: String) -> String { SharedData.repository + "/.build/debug/" + name }

  /// Runs it to its end.
  func run(_ arguments: String..., with more: [String: String] = [:]) throws -> Outcome {
    try run(arguments, with: more)
  }

  /// Runs it to its end.
  func run(_ arguments: [String], with more: [String: String] = [:]) throws -> Outcome {
    try outcome(of: start(arguments, with: more))
  }

  /// Runs it to its end where it may start a server, which lives on.
  ///
  /// Foundation waits until nobody holds a descriptor that a process inherits from it: none is left to it.
  func runBesideServer(_ arguments: [String], with more: [String: String]) throws -> Outcome {
    let script = """
      for open in /proc/$$/fd/*; do (( ${open##*/} < 3 )) || eval "exec ${open##*/}>&-"; done
      exec "$0" "$@"
      """
    return try outcome(
      of: start(program: "/bin/bash", ["-c", script, Self.path] + arguments, with: more))
  }

  /// Runs another program in the folder to its end; that finds `reber` on its path.
  func runOther(
    _ program: String, _ arguments: [String], with more: [String: String] = [:]
  ) throws -> Outcome {
    let commands = folder + "/.commands"
    try FileManager.default.createDirectory(atPath: commands, withIntermediateDirectories: true)
    let script = """
      #!/bin/sh
      # A test need not have built the pages as the program was.
      [ "$1" = serve ] && shift && exec "\(Self.built("reber-serve"))" --host 127.0.0.1 "$@"
      exec "\(Self.path)" "$@"
      """
    try script.write(toFile: commands + "/reber", atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: commands + "/reber")
    let path = commands + ":" + (environment["PATH"] ?? "/usr/bin:/bin")
    return try outcome(
      of: start(
        program: "/usr/bin/env", [program] + arguments, with: more.merging(["PATH": path]) { $1 }))
  }

  /// Runs it to its end, and requires success.
  func call(_ arguments: [String]) throws {
    let outcome = try run(arguments)
    try #require(
      outcome.status == 0, "\(arguments.joined(separator: " ")): \(outcome.errors)")
  }

  /// Starts it, to be killed.
  func start(_ arguments: [String], with more: [String: String] = [:]) throws -> Process {
    try start(program: Self.path, arguments, with: more)
  }

  /// Starts it as several ranks, which share what cores there are.
  func start(ranks: Int, _ arguments: [String]) throws -> Process {
    try start(
      program: "/usr/bin/env",
      ["mpirun", "-n", "\(ranks)", "--oversubscribe", "--bind-to", "none", Self.path] + arguments,
      with: ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"], log: "ranks-")
  }

  /// What ranks leave, once they have ended.
  func outcome(ofRanks process: Process) throws -> Outcome {
    try outcome(of: process, log: "ranks-")
  }

  private func start(
    program: String, _ arguments: [String], with more: [String: String], log: String = ""
  ) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.environment = environment.merging(more) { $1 }
    process.standardOutput = try file(log + "out")
    process.standardError = try file(log + "err")
    try process.run()
    return process
  }

  /// The first column of the first row that a query gives.
  func value(_ sql: String) throws -> String {
    let outcome = try run("query", "--quiet", "--format", "csv", sql)
    return outcome.output.split(separator: "\n").dropFirst().first.map(String.init) ?? ""
  }

  private func outcome(of process: Process, log: String = "") throws -> Outcome {
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: try text(log + "out"),
      errors: try text(log + "err"))
  }

  private func file(_ name: String) throws -> FileHandle {
    let path = folder + "/." + name
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: folder + "/." + name, encoding: .utf8)
  }
}
