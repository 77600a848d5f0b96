import Catalogue
import Foundation

/// Which code this is, who runs it, and where.
enum Version {
  /// The released version.
  static let number = "0.1.0"

  /// The version, with the commit and `.changed` where the program lies in a git checkout.
  static var withCommit: String {
    let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().path
    guard let commit = git(["rev-parse", "--short=12", "HEAD"], in: folder) else { return number }
    let changed = git(["status", "--porcelain", "--untracked-files=no"], in: folder) ?? ""
    return "\(number)+g\(commit)" + (changed.isEmpty ? "" : ".changed")
  }

  /// Who runs this code.
  static var current: Operator {
    Operator(
      codeVersion: withCommit, host: ProcessInfo.processInfo.hostName, account: NSUserName())
  }

  private static func git(_ arguments: [String], in folder: String) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["git", "-C", folder] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
