public import ArgumentParser
import Catalogue
import Foundation
import Morphology
import PostgreSQL
import Stages

struct ShowCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show runs, the lineage of a probability, progress, clusters, labels, agreement.",
    discussion: """
      Example:
        reber show runs
        reber show lineage --survey first --source J101213.1+334455
      """,
    subcommands: [
      Runs.self, Lineage.self, Progress.self, Clusters.self, Labels.self, Agreement.self,
      Changes.self, Match.self, Corrections.self,
    ])

  struct Runs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The newest runs: stage, survey, status, time and code.",
      discussion: "Example:\n  reber show runs --count 5")

    @Option(help: "How many.") var count = 20
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let count = count
      let runs = try await options.database().with {
        try Run.newest(count, in: $0)
      }
      try options.show(runs) { runs in
        let rows = runs.map { run in
          [
            String(run.id), run.stage, run.survey ?? "", run.status, run.startedAt,
            decimal(run.seconds, 1),
            Operator.brief(run.codeVersion), run.error ?? "",
          ]
        }
        return TextTable(
          ["run#", "stage", "survey", "status", "started", "seconds#", "code", "error"], rows: rows
        ).text
      }
    }
  }

  struct Lineage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "From a source's probability back to its image, labels, model and code.",
      discussion: "Example:\n  reber show lineage --survey first --source J101213.1+334455")

    @Option(help: "The survey.") var survey: String
    @Option(help: "The source's name in the survey.") var source: String
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let (survey, source) = (survey, source)
      let lineage = try await options.database().with { database in
        try Catalogue.Lineage.of(
          source: source, in: try Survey.named(survey, in: database), database: database)
      }
      try options.show(lineage, text)
    }

    private func text(_ lineage: Catalogue.Lineage) -> String {
      let prediction = lineage.prediction
      var lines = [
        "\(lineage.source) of \(lineage.survey): \(prediction.className), "
          + "probability \(decimal(prediction.probability, 4)), by run \(prediction.run)",
        "image: cutout \(lineage.image.cutout), pixels sha256 \(lineage.image.pixelsSHA256)",
        "  from \(lineage.image.file ?? "a file"), sha256 \(lineage.image.fileSHA256)",
      ]
      lines += lineage.models.map { "\($0.kind) \($0.model): run \($0.run), sha256 \($0.sha256)" }
      lines += lineage.labels.map { "labels: \($0.labels) of '\($0.className)' by \($0.annotator)" }
      lines += lineage.steps.map { step in
        "run \(step.run): \(step.stage) (\(step.role)) \(step.detail.text)"
      }
      return lines.joined(separator: "\n")
    }
  }

  struct Progress: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What is running now, and how far it is.",
      discussion: "Example:\n  watch reber show progress")

    /// A run that goes on now.
    struct Going: Codable {
      var run: Run
      var progress: Run.Progress?
    }

    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let running = try await options.database().with { database in
        try Run.running(in: database).map { Going(run: $0.run, progress: $0.progress) }
      }
      try options.show(running) { running in
        guard !running.isEmpty else { return "nothing is running" }
        let rows = running.map { item in
          [
            String(item.run.id), item.run.stage, decimal(item.run.seconds, 0),
            item.progress.map { String($0.done) } ?? "",
            item.progress.map { String($0.total) } ?? "", item.progress?.what ?? "",
          ]
        }
        return TextTable(["run#", "stage", "seconds#", "done#", "of#", "what"], rows: rows).text
      }
    }
  }

  struct Clusters: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The clusters of a survey, largest first, and how pure they are by their labels.",
      discussion: """
        Purity is the share of the commonest class among the labelled sources of a cluster, with
        its 95% interval for all of the cluster, as if the labelled ones were drawn by chance.
        The view reber.cluster_purity gives the same in SQL.

        Example:
          reber show clusters --survey first
          reber show clusters --survey first --unions --json
        """)

    @Option(help: "The survey.") var survey: String
    @Option(help: "The class scheme whose labels are counted.")
    var scheme = ClassScheme.twelveClasses
    @Option(help: "The clustering; the newest where none is named.") var clustering: Int?
    @Flag(help: "List the unions of clusters in the hierarchy too.") var unions = false
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let (survey, scheme, clustering, unions) = (survey, scheme, clustering, unions)
      let clusters = try await options.database().with { database in
        try Clustering.find(
          of: try Survey.named(survey, in: database), numbered: clustering, in: database
        ).summaries(
          scheme: try ClassScheme.named(scheme, in: database), unions: unions, in: database)
      }
      try options.show(clusters) { clusters in
        let rows = clusters.map { cluster in
          [String(cluster.cluster)]
            + (unions ? [cluster.parent.map { String($0) } ?? ""] : [])
            + [String(cluster.members), String(cluster.labelled)]
            + Clustering.Purity.cells(cluster.purity) + [cluster.medoid ?? ""]
        }
        return TextTable(
          ["cluster#"] + (unions ? ["in#"] : []) + ["sources#", "labelled#"]
            + Clustering.Purity.headings + ["most central source"], rows: rows
        ).text
      }
    }
  }

  struct Labels: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "How many sources have which class, by the annotators' consensus.",
      discussion: "Example:\n  reber show labels --survey first")

    /// Sources of a class.
    struct Count: Codable {
      var className: String
      var sources: Int
    }

    @Option(help: "The survey.") var survey: String
    @Option(help: "The class scheme.") var scheme = ClassScheme.twelveClasses
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let (survey, scheme) = (survey, scheme)
      let counts = try await options.database().with { database in
        try ClassScheme.named(scheme, in: database).labelCounts(
          of: try Survey.named(survey, in: database), in: database
        ).map { Count(className: $0.name, sources: $0.sources) }
      }
      try options.show(counts) { counts in
        TextTable(
          ["class", "sources#"], rows: counts.map { [$0.className, String($0.sources)] }
        ).text
      }
    }
  }
}

extension ShowCommands {
  struct Agreement: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "How far annotators agree with themselves, where they were asked again.",
      discussion: """
        Of each annotator the sources that were labelled once more without a look at what was said, how many of
        them the same, and Cohen's κ. 'label choose --again' and the page 'One by one' ask again; the page
        'Agreement' has this too, and how far annotators agree with each other.

        Example:
          reber show agreement --survey first
        """)

    /// What an annotator said twice.
    struct Own: Codable {
      var annotator: String
      var rated: RatedTwice
    }

    @Option(help: "The survey.") var survey: String
    @Option(help: "The class scheme.") var scheme = ClassScheme.twelveClasses
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let (survey, scheme) = (survey, scheme)
      let labels = try await options.database().with { database in
        let scheme = try ClassScheme.named(scheme, in: database)
        try scheme.checkOneClass(for: "asking again")
        return try RepeatedLabel.all(
          of: try Survey.named(survey, in: database), scheme: scheme, in: database)
      }
      let own = RepeatedLabel.byAnnotator(labels).map { annotator, labels in
        Own(
          annotator: annotator, rated: RatedTwice(labels.map(\.classID), labels.map(\.again)))
      }
      try options.show(own) { own in
        guard !own.isEmpty else {
          return "nobody was asked again: 'reber label choose --again NAME' writes a sheet for it"
        }
        return TextTable(
          ["annotator", "asked again#", "same#", "κ#"],
          rows: own.map {
            [
              $0.annotator, String($0.rated.items), String($0.rated.same),
              $0.rated.kappa.map { decimal($0, 3) } ?? "undefined",
            ]
          }
        ).text
      }
    }
  }

  struct Changes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What became of sources from one data release of a survey to a later one.",
      discussion: """
        Sources that were found again may have moved, been renamed, or changed (fluxes, sizes, the
        survey's own columns); others were added or dropped. What is not clear was not matched: split
        (one became several within the radius), merged (several became one), crowded (neither), or
        elsewhere (the name is farther off than the radius). The view reber.change_by_release has the same.
        Matches with other surveys that are older than the newest release are named too.

        Example:
          reber show changes --survey first --from dr1 --to dr2
          reber show changes --survey first --from dr1 --to dr2 --kind split --json
        """)

    @Option(help: "The survey.") var survey: String
    @Option(help: "The earlier release.") var from: String
    @Option(help: "The later release.") var to: String
    @Option(help: "Only changes of this kind.") var kind: ReleaseChange.Kind?
    @Option(help: "How many, of the first sources; all without it.") var count: Int?
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let asked = self
      let place = try await options.workplace()
      let changes = try await place.database.with { database in
        try ReleaseChange.all(
          of: Survey.named(asked.survey, in: database), from: asked.from, to: asked.to,
          kind: asked.kind, atMost: asked.count ?? .max, in: database)
      }
      try await place.tellOutdatedMatches(of: survey)
      try options.show(changes) { changes in
        TextTable(
          ["release", "what", "before", "now", "arcsec#", "could be"],
          rows: changes.map { change in
            [
              change.release, change.kinds.joined(separator: ", "),
              change.formerName ?? "",
              change.name ?? "", change.separation.map { decimal($0, 2) } ?? "",
              change.candidates.joined(separator: ", "),
            ]
          }
        ).text
      }
    }
  }

  struct Corrections: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What was taken back or renamed, by whom, when and why.",
      discussion: "Example:\n  reber show corrections --count 5")

    @Option(help: "How many.") var count = 20
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let count = count
      let corrections = try await options.database().with {
        try Correction.newest(count, in: $0)
      }
      try options.show(corrections) { corrections in
        TextTable(
          [
            "correction#", "kind", "subject", "survey", "what", "rows#", "when", "account", "login",
            "why",
          ],
          rows: corrections.map {
            [
              String($0.id), $0.kind.rawValue, $0.subject, $0.survey ?? "", $0.what ?? "",
              $0.total == 0 ? "" : String($0.total), $0.madeAt, $0.account, $0.login,
              $0.reason ?? "",
            ]
          }
        ).text
      }
    }
  }
}

extension ReleaseChange.Kind: ExpressibleByArgument {}

extension Clustering.Purity {
  /// The headings of `cells`.
  static let headings = ["mostly", "purity#", "interval", "bits#"]

  /// What labels say of a cluster, as cells of a table.
  static func cells(_ purity: Clustering.Purity?) -> [String] {
    guard let purity else { return ["", "", "", ""] }
    return [
      purity.className, decimal(purity.share, 2),
      "\(decimal(purity.lower, 2))–\(decimal(purity.upper, 2))", decimal(purity.entropy, 2),
    ]
  }
}
