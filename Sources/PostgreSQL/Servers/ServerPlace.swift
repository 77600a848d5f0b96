import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Where a private server keeps its files.
///
/// Usually in the folder that was asked for. Root's folders are often closed to the account that
/// the server runs as; then the files are under `/var/lib/reber`: the folder's `location` says where, and
/// `folder` there says whose they are. A Unix socket's path may have 107 bytes: a longer one is replaced by a folder in
/// `/tmp`.
struct ServerPlace: Sendable {
  let folder: String
  let root: String

  /// Where the files are of folders that are closed.
  static let elsewhere = "/var/lib/reber"

  init(folder: String) {
    self.folder = folder
    let pointer = folder + "/location"
    if let place = try? String(contentsOfFile: pointer, encoding: .utf8) {
      root = place.trimmingCharacters(in: .whitespacesAndNewlines)
    } else if ServerAccount.current.canEnter(folder) {
      root = folder + "/postgres"
    } else {
      root = Self.elsewhere + "/" + Self.digest(folder)
    }
  }

  private var isElsewhere: Bool { root != folder + "/postgres" }

  var data: String { root + "/data" }

  var log: String { root + "/log" }

  var socket: String {
    let usual = root + "/socket"
    return usual.utf8.count <= 88 ? usual : "/tmp/reber-" + Self.digest(root)
  }

  var exists: Bool { FileManager.default.fileExists(atPath: data + "/PG_VERSION") }

  /// The major version that its data are of; `nil` where there are none.
  var version: Int? {
    let text = try? String(contentsOfFile: data + "/PG_VERSION", encoding: .utf8)
    return text.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  /// The last of what the server said.
  var logTail: String {
    guard let text = try? String(contentsOfFile: log, encoding: .utf8) else { return "" }
    return text.split(separator: "\n").suffix(3).joined(separator: " ")
  }

  private var processFile: String { data + "/postmaster.pid" }

  /// Whether the server was killed and only its number is left, which nobody has asked for yet: in a
  /// container the first process may never ask, and PostgreSQL's own programs take it for alive.
  var isServerDead: Bool {
    guard let text = try? String(contentsOfFile: processFile, encoding: .utf8),
      let process = text.split(separator: "\n").first.flatMap({ Int32($0) }),
      let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    else { return false }
    return status.split(separator: ")").last?.hasPrefix(" Z") ?? false
  }

  /// Removes the lock of a server that is dead, which would keep another from starting.
  func removeDeadLock() {
    if isServerDead { unlink(processFile) }
  }

  /// Makes the folders, for the server's account alone.
  func make(neededSpace: Int) throws {
    try makeFolder(folder, mode: 0o755)
    let free = try freeSpace(at: folder)
    guard free >= neededSpace else {
      throw PrivateServerError.noSpace(folder: folder, free: free, needed: neededSpace)
    }
    if isElsewhere { try makeFolder(Self.elsewhere, mode: 0o755) }
    for own in [root, socket] {
      try makeFolder(own, mode: 0o700)
      ServerAccount.current.give(own)
    }
    guard isElsewhere else { return }
    try Data((root + "\n").utf8).write(to: URL(fileURLWithPath: folder + "/location"))
    try Data((folder + "\n").utf8).write(to: URL(fileURLWithPath: root + "/folder"))
  }

  private func makeFolder(_ path: String, mode: Int) throws {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
    } catch {
      throw PrivateServerError.cannotMake(path, reason: String(cString: strerror(errno)))
    }
  }

  func freeSpace(at path: String) throws -> Int {
    var statistics = statvfs()
    guard statvfs(path, &statistics) == 0 else {
      throw PrivateServerError.cannotMake(path, reason: String(cString: strerror(errno)))
    }
    return Int(statistics.f_bavail) * Int(statistics.f_frsize)
  }

  /// FNV-1a (Fowler, Noll & Vo 1991): short, and the same in every process.
  private static func digest(_ text: String) -> String {
    let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { hash, byte in
      (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    return String(hash, radix: 16)
  }
}

/// The account that the server runs as.
struct ServerAccount: Sendable {
  /// `nil` where the server runs as whoever asks.
  let name: String?

  private let user: uid_t
  private let group: gid_t

  /// Whoever asks; for root, `postgres`.
  static var current: ServerAccount {
    guard geteuid() == 0, let entry = getpwnam("postgres") else {
      return ServerAccount(name: nil, user: geteuid(), group: getegid())
    }
    return ServerAccount(
      name: "postgres", user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
  }

  /// Whether a folder, where it is there, and all above it let the account through.
  func canEnter(_ folder: String) -> Bool {
    guard name != nil else { return true }
    var above = URL(fileURLWithPath: folder)
    while above.path != "/" {
      var status = stat()
      if stat(above.path, &status) == 0 {
        let isOwn = status.st_uid == user && status.st_mode & 0o100 != 0
        guard isOwn || status.st_mode & 0o001 != 0 else { return false }
      }
      above.deleteLastPathComponent()
    }
    return true
  }

  /// Makes the account the owner of a folder.
  func give(_ path: String) {
    if name != nil { chown(path, user, group) }
  }
}

/// Keeps two processes from starting the same server at once.
struct FolderLock {
  private let descriptor: Int32

  init(_ folder: String) throws {
    descriptor = open(folder + "/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard descriptor >= 0, flock(descriptor, LOCK_EX) == 0 else {
      throw PrivateServerError.cannotMake(folder, reason: String(cString: strerror(errno)))
    }
  }

  func release() { close(descriptor) }
}
