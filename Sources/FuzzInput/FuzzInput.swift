import ArgumentParser
import Foundation
import Tensor

/// Changes real files at random and has them read by what `reber ingest` reads with.
@main
struct FuzzInput: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fuzz",
    abstract: "Read files that were changed at random, and find where that goes wrong.",
    discussion: """
      Every mutant is read in a child process, for 10 seconds at most and in 1 GiB. It may be read,
      be read with rows set aside, or be refused in one sentence that names the file. Anything else
      is kept with its name, and makes the exit status 1: a crash, a hang, more memory, an error that
      does not blame the file. The same seed gives the same mutants.

      Example:
        tools/fuzz ../shared/data/bugs --count 2000
        tools/fuzz ../shared/data/bugs --count 500 --ingest
        tools/fuzz --read kept/00017-a.fits
      """,
    subcommands: [Mutating.self, Reading.self], defaultSubcommand: Mutating.self)
}

/// Where mutants are read.
struct ReadingOptions: ParsableArguments {
  @Flag(help: "Take the files into a private database, as 'reber ingest' does.") var ingest = false
}

/// Makes mutants and judges what becomes of them.
struct Mutating: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mutate", abstract: "Make mutants of files, and read them.")

  @OptionGroup var reading: ReadingOptions

  @Argument(help: "Files to change, and folders of them.") var files: [String]

  @Option(help: "How many mutants are made.") var count = 1000

  @Option(help: "Other seeds give other mutants.") var seed: UInt64 = 1

  @Option(help: "The mutants that are read by one child.") var batch = 100

  @Option(help: "Children at a time.") var jobs = 2

  @Option(help: "Formats to leave to: csv, ecsv, fits, png, safetensors, votable.")
  var format: [String] = []

  @Option(help: "The folder for what goes wrong.") var keep = "fuzz-kept"

  @Option(help: "The largest file that is changed, bytes.") var largest = 400_000

  func run() async throws {
    let originals = try Original.all(in: files, largest: largest, of: format)
    guard !originals.isEmpty else { throw ValidationError("no file to change was found") }
    let databases = reading.ingest ? try ScratchDatabases() : nil
    var tally = Tally()
    let batches = stride(from: 0, to: count, by: batch).map { $0..<min($0 + batch, count) }
    try await withThrowingTaskGroup(of: [Judged].self) { group in
      for (index, range) in batches.enumerated() {
        if index >= jobs, let done = try await group.next() { tally.add(done, keep: keep) }
        group.addTask {
          let mutants = range.map { Mutant($0, of: originals, seed: seed) }
          defer { try? databases?.drop(index) }
          return try Batch(mutants, database: try databases?.make(index)).judged()
        }
      }
      for try await done in group { tally.add(done, keep: keep) }
    }
    print(tally.table)
    if tally.isBad { throw ExitCode.failure }
  }
}

/// Reads files one after another: the child.
struct Reading: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "read", abstract: "Read files as they are; a line tells what became of each.")

  @Option(help: "The database to take files into, of the present schema.") var database: String?

  @Argument(help: "The files.") var files: [String]

  func run() async throws {
    let reader = try await Reader(database: database)
    for file in files {
      Limits.begin()
      let outcome = await reader.outcome(of: file)
      say(Limits.end() ?? outcome)
    }
  }
}

/// Prints a line at once, so that it is there whatever happens next.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
