import ArgumentParser
import Catalogue
import PostgreSQL
import Stages

struct MatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "match",
    abstract: "Find which sources of several surveys are one object.",
    discussion: """
      The sources of the first survey are sought in each of the others, by position, positional
      error, density and brightness (likelihood ratio and reliability, Sutherland & Saunders 1992).
      Of each two surveys the newest match counts. Errors are taken from the survey's own columns,
      or else follow from beam and signal-to-noise ratio; --error says others. A catalogue of
      another kind of light is ingested as a survey too; --magnitude names its brightness.

      In SQL, reber.same_source('first', 'J1012+3344') lists what is one object with a source, and
      reber.identity_link each link with its evidence.

      --import joins sources by a table instead, of one survey or several: sources of one group are
      one object. On the page of a source people do the same.

      Example:
        reber match --survey first --survey lotss
        reber match --survey lotss --survey wise --error wise=0.3 --magnitude w1mag
        reber match --import joins.csv --annotator 'M. Person'
        reber show match
      """)

  @Option(
    name: .customLong("import"),
    help: ArgumentHelp("A table with the columns survey, source and group.", valueName: "table"))
  var table: String?
  @Option(help: "Who joined what is imported.") var annotator: String?
  @Option(
    name: .customLong("survey"),
    help: "A survey; given again for each in which the first one's sources are sought.")
  var surveys: [String] = []
  @Option(
    name: .customLong("error"),
    help: ArgumentHelp(
      "The error of a coordinate: arcsec, or one or two columns of the survey's catalogue.",
      valueName: "survey=error"))
  var errors: [String] = []
  @Option(help: "What is added in quadrature to the errors of either survey, arcsec.")
  var systematic = defaults.systematic
  @Option(
    help: "How far a counterpart may lie, arcsec; 30, or the larger beam, without it.")
  var radius: Double?
  @Option(help: "The reliability from which on a pair is taken for one object, 0 to 1.")
  var reliability = defaults.minReliability
  @Option(
    help: "The column of the other survey that is its brightness; the flux density without it.")
  var magnitude: String?
  @Flag(help: "Let positions alone decide, without brightness.") var positionsOnly = false
  @Flag(
    help: "Let several sources of the first survey be one with one of another, as components are.")
  var several = false
  @Flag(
    help: "Take separations to be positional errors alone, not blends and extended sources too.")
  var errorsAlone = false
  @OptionGroup(title: "Output") var options: StageOptions

  private static let defaults = SourceMatch.Options()

  func validate() throws {
    guard surveys.count > 1 else {
      throw ValidationError("name at least two surveys with --survey")
    }
    guard systematic >= 0, radius.map({ $0 > 0 }) ?? true, (0...1).contains(reliability) else {
      throw ValidationError(
        "--systematic and --radius must not be below 0, and --reliability must be 0 to 1")
    }
    for text in errors where !text.contains("=") {
      throw ValidationError("--error \(text): write it as survey=arcsec or survey=column,column")
    }
    guard magnitude == nil || !positionsOnly else {
      throw ValidationError("--magnitude says nothing where --positions-only is given")
    }
  }

  func run() async throws {
    let place = try await options.workplace()
    if let table {
      let joins = JoinImport(file: table, annotator: annotator ?? JoinImport().annotator)
      return try options.show(try await place.perform(joins), \.text)
    }
    var reports: [StageReport<MatchFigures>] = []
    for stage in stages { reports.append(try await place.perform(stage)) }
    if options.json { return try printJSON(reports) }
    for report in reports { try options.show(report, \.text) }
  }

  private var stages: [MatchStage] {
    surveys.dropFirst().map { other in
      var stage = MatchStage(survey: surveys[0], other: other)
      stage.options.minReliability = reliability
      stage.options.systematic = systematic
      stage.options.radius = radius
      stage.options.errors = pairs(errors).filter { [surveys[0], other].contains($0.key) }
      stage.options.magnitude = magnitude
      stage.options.positionsOnly = positionsOnly
      stage.options.takesSeveral = several
      stage.options.errorsAlone = errorsAlone
      return stage
    }
  }
}

extension Workplace {
  /// Says which matches are older than a data release of their surveys, and what to do.
  func tellOutdatedMatches(of survey: String? = nil) async throws {
    let outdated = try await database.with { try OutdatedMatch.all(of: survey, in: $0) }
    for match in outdated { progress.note(match.sentence) }
  }
}

extension MatchFigures {
  /// As a person reads it.
  var text: String {
    [summary, thresholdTable, histogramTable].joined(separator: "\n\n")
  }

  private var summary: String {
    """
    \(sources) sources of '\(survey)', \(covered) of them where '\(other)' has sources \
    (\(others) with a position, \(decimal(density, 0)) a square degree)
    \(decimal(100 * completeness, 1))% have a counterpart, \(decimal(100 * displaced, 1))% of them displaced as blends \
    are; sought within \(decimal(radius, 1))″
    \(pairs) pairs, \(taken) taken for one object from reliability \(decimal(minReliability, 2)) on
    """
  }

  private var thresholdTable: String {
    TextTable(
      ["reliability#", "links#", "completeness#", "purity#"],
      rows: thresholds.map {
        [
          decimal($0.reliability, 2), String($0.links), decimal($0.completeness, 3),
          decimal($0.purity, 3),
        ]
      }
    ).text
  }

  private var histogramTable: String {
    TextTable(
      ["reliability", "pairs#", "expected to be one object#"],
      rows: histogram.map {
        [
          "\(decimal($0.from, 1))–\(decimal($0.from + 0.1, 1))", String($0.pairs),
          decimal($0.expected, 1),
        ]
      }
    ).text
  }
}

extension JoinImport.Metrics {
  /// As a person reads it.
  fileprivate var text: String {
    var lines = ["\(joins) pairs of sources joined, in \(groups) groups"]
    if standing > 0 { lines.append("\(standing) were joined before") }
    if repeated > 0 { lines.append("\(repeated) rows repeat an earlier one") }
    if rejected > 0 {
      lines.append("\(rejected) rows set aside, with reasons in reber.rejected")
    }
    return lines.joined(separator: "\n")
  }
}

extension MatchJudgement {
  /// As a person reads it.
  var text: String {
    let thresholds = TextTable(
      ["reliability from#", "links#", "right#", "completeness#", "purity#"],
      rows: thresholds.map {
        [
          decimal($0.reliability, 2), String($0.links), String($0.right),
          decimal($0.completeness, 3), decimal($0.purity, 4),
        ]
      })
    let bins = TextTable(
      ["reliability from#", "pairs#", "mean reliability#", "right#"],
      rows: bins.map {
        [
          decimal($0.from, 2), String($0.pairs), decimal($0.reliability, 3), decimal($0.right, 3),
        ]
      })
    return "run \(run): \(pairs) pairs are one object\n\n\(thresholds.text)\n\n\(bins.text)"
  }
}

extension ShowCommands {
  struct Match: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What a match of two surveys made: links by reliability, completeness, purity.",
      discussion: """
        Completeness and purity are what the reliabilities expect; with --truth they are counted, and
        the reliabilities held against what is so. The table has the columns survey, source and
        group: sources of one group are one object.

        Example:
          reber show match
          reber show match --run 17 --json
          reber show match --truth sky/simulated-identities.fits
        """)

    @Option(help: "The run that matched; the newest without it.") var run: Int?
    @Option(help: "A table of what is one object.") var truth: String?
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let place = try await options.workplace()
      if let truth {
        return try options.show(try await place.judge(match: run, against: truth), \.text)
      }
      let number = run
      let figures = try await place.database.with { database in
        let run = try SourceMatch.run(numbered: number, in: database)
        return try MatchFigures.read(run.metrics, form: run.form)
      }
      try await place.tellOutdatedMatches()
      try options.show(figures, \.text)
    }
  }
}
