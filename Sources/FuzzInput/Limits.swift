import Foundation

/// What a child may use for one file.
enum Limits {
  static let seconds: UInt32 = 10
  static let memory = 1 << 30
  /// Bytes of address space: who asks for more gets nothing, and most programs then crash.
  private static let addresses = 3 << 30

  /// Begins the time of a file.
  static func begin() {
    var limit = rlimit(rlim_cur: rlim_t(addresses), rlim_max: rlim_t(addresses))
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    // The kernel begins anew to note the most memory that was used.
    try? Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
    alarm(seconds)
  }

  /// Ends the time of a file; a line where it took too much memory.
  static func end() -> String? {
    // For what comes between files.
    alarm(seconds)
    let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let most = status?.firstMatch(of: /VmHWM:\s+(\d+) kB/).flatMap { Int($0.1) } ?? 0
    return most << 10 > memory ? "memory \(most >> 10) MiB" : nil
  }
}
