import Foundation

/// How many mutants of each kind became what.
struct Tally {
  private var counts: [String: [String: Int]] = [:]

  /// Whether anything went wrong.
  var isBad: Bool { counts.values.contains { $0.keys.contains(where: Judged.bad.contains) } }

  /// Counts what became of mutants; those that went wrong are named, and kept in a folder.
  mutating func add(_ all: [Judged], keep folder: String) {
    for judged in all {
      counts[judged.mutant.kind, default: [:]][judged.outcome, default: 0] += 1
      guard !Judged.good.contains(judged.outcome) else { continue }
      try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let path = (try? judged.mutant.write(into: folder)) ?? judged.mutant.name
      say("\(judged.outcome): \(path): \(judged.words.prefix(600))")
    }
  }

  /// A line a kind, a column an outcome.
  var table: String {
    let outcomes = Judged.good + Judged.bad
    let rows = counts.sorted { $0.key < $1.key }.map { kind, counts in
      [kind, "\(counts.values.reduce(0, +))"] + outcomes.map { "\(counts[$0] ?? 0)" }
    }
    let sums =
      ["all"]
      + (1..<outcomes.count + 2).map { column in
        "\(rows.reduce(0) { $0 + (Int($1[column]) ?? 0) })"
      }
    let lines = [["format", "mutants"] + outcomes] + rows + [sums]
    return lines.map { line in
      line.enumerated().map { $1.padding(toLength: $0 == 0 ? 18 : 13, withPad: " ", startingAt: 0) }
        .joined()
    }
    .joined(separator: "\n")
  }
}
