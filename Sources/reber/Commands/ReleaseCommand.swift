import ArgumentParser
import Astronomy
import Catalogue
import Foundation
import PostgreSQL
import Stages

struct ReleaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release",
    abstract: "Write a published catalogue as a folder of files, for others to use.",
    discussion: """
      All files show the database as it is at one moment. The same catalogue gives the same bytes,
      whenever it is released. Title, authors, licence and reference are said by 'reber catalogue
      describe' or, for all of a survey's catalogues, by 'reber survey describe'.

      Example:
        reber release first --output first-2026
        reber release first --output first-2026 --only parquet,moc
      """)

  @Argument(help: "The published catalogue.") var catalogue: String

  @Option(
    name: .shortAndLong, help: "The folder, which is made; an earlier release there is replaced.")
  var output: String

  @Option(help: "The parts that are wanted, divided by commas: \(names). All where none is named.")
  var only: ReleaseParts?

  @OptionGroup(title: "Output") var options: ResultOptions

  func run() async throws {
    var release = Release(catalogue, to: output)
    if let only { release.parts = only.parts }
    let report = try await options.workplace().release(release)
    if !options.session.quiet {
      for warning in report.warnings {
        FileHandle.standardError.write(Data("reber: \(warning)\n".utf8))
      }
    }
    try options.show(report) { report in
      let bytes = report.files.reduce(0) { $0 + $1.bytes }
      return "\(report.folder): \(report.rows) rows, \(report.files.count) files, \(bytes) bytes"
    }
  }
}

private let names = ReleasePart.allCases.map(\.rawValue).joined(separator: ", ")

/// Parts of a release, as words between commas.
struct ReleaseParts: ExpressibleByArgument {
  var parts: Set<ReleasePart>

  init?(argument: String) {
    let words = argument.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    let found = words.compactMap { ReleasePart(rawValue: $0) }
    guard !found.isEmpty, found.count == words.count else { return nil }
    parts = Set(found)
  }
}

struct CatalogueCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "catalogue",
    abstract: "What is said of published catalogues.",
    discussion: """
      Example:
        reber catalogue describe first --title "Morphologies of FIRST" --licence CC-BY-4.0
      """,
    subcommands: [Describe.self])

  struct Describe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say who made a catalogue and how it may be used; what is left out stays as it is.",
      discussion: """
        What is never said of a catalogue is as it is with its survey.

        Example:
          reber catalogue describe first --title "Morphologies of FIRST" --licence CC-BY-4.0
        """)

    @Argument(help: "The published catalogue.") var name: String

    @OptionGroup var credited: CreditOptions

    @OptionGroup var options: ResultOptions

    func run() async throws {
      let (name, credits) = (name, credited.credits)
      let said = try await options.session.database().with { database in
        let catalogue = try PublishedCatalogue.named(name, in: database)
        try catalogue.describe(credits, in: database)
        return try catalogue.credits(in: database)
      }
      if options.json || !options.session.quiet { try options.show(said, \.text) }
    }
  }
}

extension Credits {
  /// What is said, a line each.
  fileprivate var text: String {
    let said: [(String, String?)] = [
      ("title", title), ("authors", authors), ("reference", reference), ("licence", licence),
      ("copyright", copyright),
    ]
    return said.map { name, text in
      name.padding(toLength: 11, withPad: " ", startingAt: 0) + (text ?? "–")
    }.joined(separator: "\n")
  }
}
