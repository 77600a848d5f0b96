import Catalogue
import Digest
import Foundation

/// Which code this is, who runs it, and where.
enum Version {
  /// The released version.
  static let number = "0.1.0"

  /// The version, where the program lies in a git checkout with the commit and what was changed since,
  /// and in brackets the libraries that it runs with.
  static var withLibraries: String {
    let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().path
    let checkout = git(["rev-parse", "--show-toplevel"], in: folder)
    let libraries = Libraries.versions(packagesOf: checkout).joined(separator: ", ")
    return number + (checkout.flatMap { commit(of: $0) } ?? "") + " (\(libraries))"
  }

  /// The commit of a checkout; with the beginning of a digest of what is not committed in it, so that
  /// two different states of it have different names.
  static func commit(of checkout: String) -> String? {
    guard let commit = git(["rev-parse", "--short=12", "HEAD"], in: checkout),
      let changes = git(["diff", "--binary", "HEAD"], in: checkout)
    else { return nil }
    let new = git(
      ["ls-files", "--others", "--exclude-standard", "--", "Sources", "sql"], in: checkout)
    let files = new?.split(separator: "\n").map(String.init) ?? []
    guard !changes.isEmpty || !files.isEmpty else { return "+g\(commit)" }
    let digests = files.isEmpty ? nil : git(["hash-object", "--"] + files, in: checkout)
    let state = [changes, digests ?? ""] + files
    let digest = SHA256.hash(Data(state.joined(separator: "\0").utf8)).hex
    return "+g\(commit).changed-\(digest.prefix(8))"
  }

  /// Who runs this code.
  static var current: Operator {
    Operator(
      codeVersion: withLibraries, host: ProcessInfo.processInfo.hostName, account: NSUserName())
  }

  private static func git(_ arguments: [String], in folder: String) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["git", "-C", folder] + arguments
    let output = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
