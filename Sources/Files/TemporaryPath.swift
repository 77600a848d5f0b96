import Foundation

/// A name beside that of a file or folder, under which it is made until it is whole.
///
/// It tells the machine and the process, so that what a process that was killed left can be told and removed.
public enum TemporaryPath {
  /// A new name for what becomes `path` in the end; where `isOneOfMany`, there are so many files in the folder that
  /// what was left of them is not to be looked for with each.
  public static func make(for path: String, isOneOfMany: Bool = false) -> String {
    if !isOneOfMany { sweep(path) }
    let process = ProcessInfo.processInfo.processIdentifier
    return "\(path).\(host)-\(process)-\(UUID().uuidString.prefix(4)).part"
  }

  /// This machine, as a part of a file's name.
  private static var host: String {
    ProcessInfo.processInfo.hostName.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
  }

  /// Removes what processes of this machine that are no more have begun to make in the place of `path`.
  private static func sweep(_ path: String) {
    let folder = (path as NSString).deletingLastPathComponent
    let begin = (path as NSString).lastPathComponent + "." + host + "-"
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)
    for name in names ?? [] where name.hasPrefix(begin) && name.hasSuffix(".part") {
      let process = name.dropFirst(begin.count).split(separator: "-").first.flatMap { Int32($0) }
      if let process, kill(process, 0) == -1, errno == ESRCH {
        try? FileManager.default.removeItem(
          atPath: (folder as NSString).appendingPathComponent(name))
      }
    }
  }
}
