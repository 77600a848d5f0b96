import Foundation

/// A PostgreSQL server of one's own in a folder, reached by a Unix socket alone.
///
/// It is never run as root: root lends it to the account `postgres`. Only its owner (and root) can
/// enter the folder of the socket, so no password is asked.
public struct PrivateServer: Sendable {
  /// The folder that was asked for.
  public let folder: String

  /// Bytes that a new server needs on the disk.
  static let neededSpace = 300 << 20

  /// Whether the server runs.
  public enum Status: String, Sendable, CustomStringConvertible {
    /// It was never made.
    case absent
    /// It is made, but does not run.
    case stopped
    /// It runs.
    case running

    public var description: String { rawValue }
  }

  /// Names the server in a folder; nothing happens yet.
  ///
  /// Where another account runs the server, its data lie elsewhere, and the folder says where.
  public init(folder: String) {
    self.folder = URL(fileURLWithPath: folder).standardizedFileURL.path
  }

  /// What clients connect with.
  public var connectionString: String { address(of: "reber") }

  func address(of database: String) -> String {
    let host = place.socket.addingPercentEncoding(withAllowedCharacters: .alphanumerics)
    return "postgresql://reber@/\(database)?host=\(host ?? "")"
  }

  var place: ServerPlace { ServerPlace(folder: folder) }

  /// Makes the server, unless it is there: whole, or not at all.
  ///
  /// - Throws: ``PrivateServerError`` without PostgreSQL ≥ 15, or room on the disk.
  public func initialise() throws {
    let place = place
    try recover()
    guard !place.exists else { return }
    let programs = try ServerPrograms()
    try place.make(neededSpace: Self.neededSpace)
    let lock = try FolderLock(place.root)
    defer { lock.release() }
    // Another process may have made it while this one waited.
    guard !place.exists else { return }
    let draft = place.root + "/data.new"
    try? FileManager.default.removeItem(atPath: draft)
    try programs.run(
      "initdb",
      [
        "-D", draft, "-U", "reber", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
        "--data-checksums", "--no-instructions",
      ], in: place)
    let settings = FileHandle(forWritingAtPath: draft + "/postgresql.conf")
    try settings?.seekToEnd()
    try settings?.write(contentsOf: Data(Self.settings.utf8))
    try settings?.close()
    try FileManager.default.moveItem(atPath: draft, toPath: place.data)
  }

  /// A laptop's worth: enough for bulk loads, little enough to share the machine.
  private static let settings = """

    # Reber: a private server.
    listen_addresses = ''
    unix_socket_permissions = 0700
    shared_buffers = 256MB
    work_mem = 32MB
    maintenance_work_mem = 256MB
    max_wal_size = 4GB
    # Tables that are made and filled in one transaction go to disk once, not through the log as well.
    wal_level = minimal
    max_wal_senders = 0
    checkpoint_timeout = 15min
    jit = off

    """

  /// Starts the server, made as needed, and its database `reber`; nothing where it runs.
  ///
  /// - Throws: ``PrivateServerError``; ``PostgresError`` where it does not answer.
  public func start() throws {
    try initialise()
    let place = place
    let lock = try FolderLock(place.root)
    defer { lock.release() }
    if try status() == .running { return }
    let programs = try programs()
    place.removeDeadLock()
    // After a kill -9 the old server's children may take a moment to go.
    for attempt in 1...10 {
      do {
        try programs.run(
          "pg_ctl",
          [
            "-D", place.data, "-l", place.log, "-w", "-t", "60", "-s",
            "-o", "-k '\(place.socket)'", "start",
          ], in: place)
        break
      } catch  where attempt < 10 && place.logTail.contains("still in use") {
        Thread.sleep(forTimeInterval: 0.5)
      }
    }
    try createDatabase()
  }

  /// The programs of the version that its data are of.
  ///
  /// - Throws: ``PrivateServerError`` where they are not installed.
  func programs() throws -> ServerPrograms { try ServerPrograms(version: place.version) }

  private func createDatabase() throws {
    let connection = try Connection(address(of: "postgres"))
    let isThere = try connection.row(
      "SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'reber')", as: Bool.self)
    if !isThere { try connection.script("CREATE DATABASE reber") }
  }

  /// Stops the server; nothing where it does not run.
  ///
  /// Clients are sent away first.
  ///
  /// - Throws: ``PrivateServerError`` where PostgreSQL's programs are missing or say no.
  public func stop() throws {
    guard try status() == .running else { return }
    try programs().run("pg_ctl", ["-D", place.data, "-m", "fast", "-w", "-s", "stop"], in: place)
  }

  /// Whether the server is there and runs.
  ///
  /// - Throws: ``PrivateServerError`` where PostgreSQL's programs are missing.
  public func status() throws -> Status {
    let place = place
    guard place.exists else { return .absent }
    if place.isServerDead { return .stopped }
    let code = try programs().code("pg_ctl", ["-D", place.data, "status"])
    return code == 0 ? .running : .stopped
  }
}
