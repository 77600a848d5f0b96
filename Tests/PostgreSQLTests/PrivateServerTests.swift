import Foundation
import PostgreSQL
import TestSupport
import Testing

@Suite struct PrivateServerTests {
  @Test func survivesKill() throws {
    try withTemporaryFolder { folder in
      let server = PrivateServer(folder: folder + "/server")
      #expect(try server.status() == .absent)
      try server.start()
      defer { _ = try? server.stop() }
      #expect(try server.status() == .running)
      try Connection(server.connectionString).script("CREATE TABLE kept AS SELECT 42::bigint AS i")
      let pids = try FileManager.default.contentsOfDirectory(
        atPath: folder + "/server/postgres/data")
      #expect(pids.contains("postmaster.pid"))
      let text = try String(
        contentsOfFile: folder + "/server/postgres/data/postmaster.pid", encoding: .utf8)
      let pid = try #require(Int32(text.split(separator: "\n")[0]))
      kill(pid, SIGKILL)
      while kill(pid, 0) == 0 { usleep(10_000) }
      #expect(try server.status() == .stopped)
      try server.start()
      let kept = try Connection(server.connectionString)
        .row("SELECT i FROM kept", as: Int.self)
      #expect(kept == 42)
    }
  }

  /// Files elsewhere of a folder that is gone are told from those of one that is there.
  @Test func forsaken() throws {
    try withTemporaryFolder { root in
      func place(_ name: String, of folder: String?) throws {
        try FileManager.default.createDirectory(
          atPath: root + "/" + name, withIntermediateDirectories: true)
        try folder.map {
          try Data(($0 + "\n").utf8).write(to: URL(fileURLWithPath: root + "/\(name)/folder"))
        }
      }
      try place("here", of: root)
      try Data("here\n".utf8).write(to: URL(fileURLWithPath: root + "/location"))
      try place("gone", of: root + "/was")
      try place("unknown", of: nil)
      let found = PrivateServer.forsaken(under: root)
      #expect(found == [.init(files: root + "/gone", folder: root + "/was")])
      #expect(PrivateServer.forsaken(under: root + "/nowhere").isEmpty)
    }
  }

  /// First commands that come at once make one server, which all of them find.
  @Test func severalStartItAtOnce() async throws {
    try await withTemporaryFolder { folder in
      let server = PrivateServer(folder: folder + "/server")
      defer { _ = try? server.stop() }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<3 { group.addTask { try server.start() } }
        try await group.waitForAll()
      }
      #expect(try server.status() == .running)
      let answer = try Connection(server.connectionString).row("SELECT 42::bigint", as: Int.self)
      #expect(answer == 42)
    }
  }

  /// A server that is stopped in the middle of it, at any moment, has the one data or the other.
  @Test func aServerTakesOverTheDataOfItsSuccessor() throws {
    try withTemporaryFolder { folder in
      let server = PrivateServer(folder: folder + "/server")
      #expect(server.version == nil)
      try server.start()
      defer { _ = try? server.stop() }
      let newest = try PrivateServer.newestVersion()
      #expect(server.version == newest)
      try Connection(server.connectionString).script("CREATE TABLE old (a integer)")
      for isStopped in [false, true] {
        let successor = server.successor
        try successor.start()
        try Connection(successor.connectionString).script("CREATE TABLE new (a integer)")
        let data = folder + "/server/postgres/data"
        if isStopped {
          try server.stop()
          try successor.stop()
          try FileManager.default.moveItem(atPath: data, toPath: data + ".1")
        } else {
          #expect(try server.takeOver() == "\(data).\(newest)")
        }
        try server.start()
        let database = try Connection(server.connectionString)
        #expect(try database.row("SELECT to_regclass('new') IS NOT NULL", as: Bool.self))
        #expect(try database.row("SELECT to_regclass('old') IS NULL", as: Bool.self))
        #expect(!FileManager.default.fileExists(atPath: successor.folder))
        try database.script("ALTER TABLE new RENAME TO old")
      }
    }
  }

  @Test func aFolderThatIsClosedToTheServerServesAllTheSame() throws {
    try withTemporaryFolder { folder in
      let closed = folder + "/closed"
      try FileManager.default.createDirectory(
        atPath: closed, withIntermediateDirectories: false,
        attributes: [.posixPermissions: 0o700])
      let server = PrivateServer(folder: closed)
      try server.start()
      defer { _ = try? server.stop() }
      #expect(try Connection(server.connectionString).row("SELECT 1::bigint", as: Int.self) == 1)
    }
  }

  /// A disk of 8 MB, where root may make one.
  @Test func aFullDiskIsOneClearLineAndLeavesNothing() throws {
    try withTemporaryFolder { folder in
      let disk = folder + "/disk"
      try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
      guard mount("tmpfs", disk, "tmpfs", 0, "size=8m") == 0 else {
        try Test.cancel("nobody but root can make a disk")
      }
      defer { umount(disk) }
      let error = #expect(throws: PrivateServerError.self) {
        try PrivateServer(folder: disk + "/server").start()
      }
      #expect(error?.description.contains("8 MB are free") == true, "\(String(describing: error))")
      #expect(error?.description.contains("REBER_HOME") == true)
      let left = try FileManager.default.contentsOfDirectory(atPath: disk + "/server")
      #expect(left.isEmpty, "\(left)")
    }
  }
}
