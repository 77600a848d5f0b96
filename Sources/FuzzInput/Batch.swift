import Foundation

/// What became of a mutant.
struct Judged: Sendable {
  let mutant: Mutant
  /// The first word of what the child said, or `crash` or `hang`.
  let outcome: String
  /// The rest of it.
  let words: String

  /// What a reader may do with a bad file.
  static let good = ["read", "partly", "refused"]
  /// What it must not.
  static let bad = ["unnamed", "unclassified", "memory", "hang", "crash"]
}

/// Mutants that a child reads; where it ends before it has read all, another goes on with the rest.
struct Batch {
  private let mutants: [Mutant]
  private let database: String?
  private let folder: String

  init(_ mutants: [Mutant], database: String?) {
    (self.mutants, self.database) = (mutants, database)
    folder = FileManager.default.temporaryDirectory.path + "/fuzz-" + UUID().uuidString
  }

  func judged() throws -> [Judged] {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let paths = try mutants.map { try $0.write(into: folder) }
    var judged: [Judged] = []
    while judged.count < mutants.count {
      let (lines, end) = try read(Array(paths[judged.count...]))
      for line in lines.prefix(mutants.count - judged.count) {
        let words = line.split(separator: " ", maxSplits: 1).map(String.init)
        judged.append(
          Judged(
            mutant: mutants[judged.count], outcome: words.first ?? "",
            words: words.count > 1 ? words[1] : ""))
      }
      guard judged.count < mutants.count else { break }
      judged.append(
        Judged(
          mutant: mutants[judged.count],
          outcome: end.contains("signal \(SIGALRM)") ? "hang" : "crash",
          words: end))
    }
    return judged
  }

  /// What a child said of files, and how it ended.
  private func read(_ paths: [String]) throws -> (lines: [String], end: String) {
    let child = Process()
    let (output, errors) = (Pipe(), folder + "/errors")
    try Data().write(to: URL(fileURLWithPath: errors))
    child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    child.arguments = ["read"] + (database.map { ["--database", $0] } ?? []) + paths
    child.environment = ProcessInfo.processInfo.environment.merging(
      ["OPENBLAS_NUM_THREADS": "1", "SWIFT_BACKTRACE": "enable=no"]) { $1 }
    child.standardOutput = output
    child.standardError = FileHandle(forWritingAtPath: errors)
    try child.run()
    let said = output.fileHandleForReading.readDataToEndOfFile()
    child.waitUntilExit()
    let message = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
    let how = child.terminationReason == .uncaughtSignal ? "signal" : "status"
    // Libraries may print too.
    let outcomes = Judged.good + Judged.bad
    return (
      String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init)
        .filter { line in outcomes.contains { line.hasPrefix($0 + " ") } },
      "\(how) \(child.terminationStatus) "
        + message.split(whereSeparator: \.isNewline).prefix(3).joined(separator: " ")
    )
  }
}
