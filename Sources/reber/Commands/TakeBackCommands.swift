import ArgumentParser
import Catalogue
import Foundation
import PostgreSQL
import Stages

struct RunCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Take back what a run made.",
    discussion: "Example:\n  reber run undo 12",
    subcommands: [Undo.self])

  struct Undo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take back what only one run made, as if it had never been.",
      discussion: """
        Sources, images, embeddings, models, predictions or catalogues that the run added go, and
        what it changed gets its former values. It is refused where labels of people hang on that,
        or later runs rest on it, unless they are to go too. Only who owns the tables may do it.
        'reber show corrections' and the table reber.correction keep who took back what.

        Example:
          reber run undo 12 --dry-run
          reber run undo 12 --because 'the wrong file'
          reber run undo 12 --with-later --yes
        """)

    @Argument(help: "The run, as 'reber show runs' numbers it.") var run: Int
    @OptionGroup var how: TakingBackOptions

    func run() async throws { try await how.takeBack(.run(run)) }
  }
}

/// How something is taken back.
struct TakingBackOptions: ParsableArguments {
  @Flag(help: "Take back labels that people gave to it too; reber.label_taken_back keeps them.")
  var withLabels = false

  @Flag(help: "Take back later runs that rest on it too.") var withLater = false

  @Option(help: ArgumentHelp("Why, for the record.", valueName: "text")) var because: String?

  @Flag(help: "Only say what would go: it is taken back, and that is undone.") var dryRun = false

  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false

  @OptionGroup(title: "Output") var options: ResultOptions

  /// Shows what goes, asks, and takes it back.
  func takeBack(_ subject: TakingBack.Subject) async throws {
    var asked = TakingBack(subject)
    (asked.withLabels, asked.withLater, asked.reason) = (withLabels, withLater, because)
    let taking = asked
    let database = try await options.session.database(as: .owner)
    if dryRun || !yes {
      let loss = try await database.with { try taking.loss(by: Version.current, in: $0) }
      if dryRun { return try options.show(loss) { $0.text("would go") } }
      try confirm(loss.text("will go"))
    }
    let loss = try await database.with { try taking.perform(by: Version.current, in: $0) }
    try options.show(loss) { $0.text("went") }
  }
}

/// Asks on the terminal whether to go on.
///
/// - Throws: `ValidationError` where there is no terminal to ask at; `CleanExit` where the answer is no.
private func confirm(_ what: String) throws {
  guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
    throw ValidationError("\(what)\nThere is no terminal to ask at: say --yes to go on.")
  }
  FileHandle.standardError.write(Data("\(what)\nTake it back? [y/N] ".utf8))
  guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
    throw CleanExit.message("nothing was changed")
  }
}

extension Loss {
  /// What goes as a person reads it; `verb` says when.
  fileprivate func text(_ verb: String) -> String {
    var lines = ["\(subject) \(verb), with \(runs.map(\.description).joined(separator: ", "))"]
    if runs.count == 1, "\(runs[0])" == subject { lines = ["\(subject) \(verb)"] }
    if labels + decisions > 0 {
      lines.append(
        "\(labels) labels of \(labelledSources) sources by \(annotators.joined(separator: ", ")), "
          + "\(decisions) decisions on the pages")
    }
    lines += rows.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value) rows" }
    return lines.joined(separator: "\n")
  }
}
