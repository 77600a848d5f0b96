import ArgumentParser
import Astronomy
import Catalogue
import Foundation
import PostgreSQL
import Stages
import Tables

struct ReleaseCommands: ParsableCommand {
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
        reber release diff first_2025 first
        reber release tap first --output /var/gavo/inputs/reber_first
      """,
    subcommands: [Write.self, Difference.self, TAP.self], defaultSubcommand: Write.self)

  struct Write: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the folder; 'write' may be left out.",
      discussion: """
        Example:
          reber release first --output first-2026
        """)

    @Argument(help: "The published catalogue.") var catalogue: String

    @Option(
      name: .shortAndLong, help: "The folder, which is made; an earlier release there is replaced.")
    var output: String

    @Option(
      help:
        "The parts that are wanted, divided by commas: \(names). All but the last two where none is named."
    )
    var only: ReleaseParts?

    @Option(help: "Parts beside the usual ones: embeddings, cutouts.") var with: ReleaseParts?

    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      var release = Release(catalogue, to: output)
      if let only { release.parts = only.parts }
      if let with { release.parts.formUnion(with.parts) }
      try options.show(try await options.workplace().release(release))
    }
  }

  struct TAP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "tap",
      abstract: "Write what DaCHS needs to serve a published catalogue to the Virtual Observatory.",
      discussion: """
        The folder has a resource descriptor, a script of grants and a README that
        leads through it. DaCHS then serves the catalogue from the database in
        which it stands by TAP, cone search and datalink, and its images by
        ObsCore and SIA2.

        Example:
          reber release tap first --output vo --cutouts https://vo.example.org/cutout
        """)

    @Argument(help: "The published catalogue.") var catalogue: String

    @Option(
      name: .shortAndLong, help: "The folder, which is made; an earlier one there is replaced.")
    var output: String

    @Option(
      help: ArgumentHelp(
        "Where everybody reaches /cutout of 'reber serve'; images are left out without it.",
        valueName: "address"))
    var cutouts: String?

    @OptionGroup(title: "Output") var options: ResultOptions

    func validate() throws {
      guard let cutouts else { return }
      guard cutouts.wholeMatch(of: /https?:\/\/[A-Za-z0-9.:\[\]\-]+(\/[A-Za-z0-9._~\/\-]*)?/) != nil
      else {
        throw ValidationError(
          "'\(cutouts)' is no address of /cutout, such as https://vo.example.org/cutout")
      }
    }

    func run() async throws {
      let release = TAPRelease(catalogue, to: output, cutouts: cutouts)
      try options.show(try await options.workplace().release(release))
    }
  }

  struct Difference: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "diff",
      abstract: "Say how a published catalogue differs from an earlier one, and why.",
      discussion: """
        Sources that appeared, went, or have another class or probability are counted by
        cause: another image, labels, model, code or options.

        Example:
          reber publish --survey first --name first_2025
          reber release diff first_2025 first --output changes.csv
        """)

    @Argument(help: "The earlier catalogue.") var before: String

    @Argument(help: "The later catalogue.") var after: String

    @Option(help: "What a probability may differ by where the class is the same.")
    var tolerance: Float = 0.01

    @Option(
      name: .shortAndLong,
      help: "A table of the sources that differ: \(TableFormat.endings).")
    var output: String?

    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let found = try await options.workplace().difference(
        of: after, since: before, tolerance: tolerance, to: output)
      try options.show(found, \.text)
    }
  }
}

extension ResultOptions {
  /// Shows what was released, and warnings beside it.
  fileprivate func show(_ report: ReleaseReport) throws {
    if !session.quiet {
      for warning in report.warnings {
        FileHandle.standardError.write(Data("reber: \(warning)\n".utf8))
      }
    }
    try show(report) { report in
      let bytes = report.files.reduce(0) { $0 + $1.bytes }
      return "\(report.folder): \(report.rows) rows, \(report.files.count) files, \(bytes) bytes"
    }
  }
}

extension ReleaseDifference {
  /// As a person reads it.
  fileprivate var text: String {
    let head = "\(before): \(rowsBefore) sources; \(after): \(rowsAfter)"
    guard !changes.isEmpty else { return head + "; none differs" }
    let rows = changes.map { ["\($0.kind.words)", $0.cause, "\($0.sources)"] }
    return head + "\n" + TextTable(["change", "cause", "sources"], rows: rows).text
  }
}

extension CatalogueChange.Kind {
  fileprivate var words: String {
    switch self {
    case .appeared: "appeared"
    case .went: "went"
    case .otherClass: "other class"
    case .otherProbability: "other probability"
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
