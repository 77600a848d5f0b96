import ArgumentParser
import Catalogue
import Morphology
import Stages

extension LabelCommands {
  struct Suggest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The sources, or the clusters, whose labels would help a classifier most.",
      discussion: """
        The first labels go where variety is; later ones where a classifier doubts, many sources
        look alike, and no label is near. Call it again after every few dozen labels. The page
        'One by one' asks likewise (of a survey of more than 50,000 sources about a part), each
        source with those most like it, which one key labels together; --json lists them.

        Example:
          reber label suggest --survey first --count 50 --output sheet.csv
          (fill in the column 'class')
          reber label import sheet.csv --survey first --annotator 'M. Person'
          reber label suggest --survey first --clusters --count 10
        """)

    @Option(help: "The survey.") var survey: String
    @Option(help: "The most sources or clusters to list.") var count = 50
    @Flag(help: "Rank clusters instead of sources.") var clusters = false
    @Option(help: "The class scheme; sources with a label in it count as labelled.")
    var scheme = ClassScheme.twelveClasses
    @Option(help: "The encoder; that of the newest clustering where none is named.") var model:
      ModelName?
    @Option(help: "The clustering; the newest where none is named.") var clustering: Int?
    @Option(help: "The seed of what is drawn by chance.") var seed: UInt64 = 1
    @OptionGroup(title: "Choice") var choice: SuggestionOptions
    @Option(name: .shortAndLong, help: "A sheet to fill in: .csv, .fits or .vot.")
    var output: String?
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      var request = LabelSuggestion(survey: survey)
      request.scheme = scheme
      request.model = model
      request.clustering = clustering
      request.count = count
      request.options = choice.options
      request.options.seed = seed
      let place = try await options.workplace()
      if clusters {
        return try options.show(try await place.suggestClusters(request), text)
      }
      let sources = try await place.suggestSources(request)
      guard let output else { return try options.show(sources, text) }
      try place.writeSheet(sources, to: output)
      try options.show(Written(file: output, rows: sources.count)) {
        "\(output): \($0.rows) sources to be labelled"
      }
    }

    func validate() throws {
      guard count > 0 else { throw ValidationError("--count must be at least 1") }
      guard output == nil || !clusters else {
        throw ValidationError("--clusters are listed, not written to a sheet: leave --output out")
      }
    }

    private func text(_ sources: [LabelSuggestion.Source]) -> String {
      let rows = sources.map { source in
        [
          source.source, source.cluster.map { String($0) } ?? "", decimal(source.gain, 4),
          decimal(source.doubt, 2), source.guess ?? "",
        ]
      }
      return TextTable(["source", "cluster#", "gain#", "doubt#", "looks like"], rows: rows).text
    }

    private func text(_ clusters: [LabelSuggestion.Cluster]) -> String {
      let rows = clusters.map { item in
        let cluster = item.cluster
        return [
          String(cluster.cluster), decimal(item.need, 4), String(cluster.members),
          String(cluster.labelled),
        ] + Clustering.Purity.cells(cluster.purity) + [
          decimal(item.doubt, 2), cluster.medoid ?? "",
        ]
      }
      return TextTable(
        ["cluster#", "need#", "sources#", "labelled#"] + Clustering.Purity.headings
          + ["doubt#", "most central source"], rows: rows
      ).text
    }
  }

  struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "How many decisions each way of choosing needs, by annotators who know the classes.",
      discussion: """
        True classes come from a table, or from the labels in the database. A part of the survey is
        held out first; from the rest each strategy chooses sources, and a linear probe over the
        embeddings learns from their classes alone. A decision labels one source, or, by the
        strategy 'grouped', a source and those most like it where all are of one class, as the
        page 'One by one' asks. Nothing is written.

        Example:
          reber label simulate --survey sky --truth sky/simulated-truth.fits --repeats 20
        """)

    @OptionGroup var table: LabelTableOptions
    @Option(help: "A table of true classes; without it the labels in the database serve.")
    var truth: String?
    @Option(help: "The encoder; that of the newest clustering where none is named.") var model:
      ModelName?
    @Option(
      help: ArgumentHelp(
        "Ways of choosing, of random, clusters, suggested and grouped; the first is compared with.",
        valueName: "a,b"))
    var strategies = "random,clusters,suggested,grouped"
    @Option(help: ArgumentHelp("Numbers of decisions.", valueName: "a,b"))
    var counts = "12,25,50,100,200"
    @Option(help: "How often all is repeated with another held-out part and other draws.")
    var repeats = 10
    @Option(help: "After so many decisions suggestions are made anew.")
    var batch = LabelSimulation(survey: "").batch
    @Option(help: "Clusters, for the strategy that chooses by cluster.") var clusters = 60
    @Option(
      help: ArgumentHelp(
        "Sources within this distance of each other are held out together or not at all.",
        valueName: "arcsec"))
    var radius = 10.0
    @Flag(
      help:
        "Also forecast from each number of labels by chance the scores with more, as 'label forecast'."
    ) var forecast = false
    @Option(help: "The seed of the held-out parts and of everything drawn.") var seed: UInt64 = 1
    @OptionGroup(title: "Choice") var choice: SuggestionOptions
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      var simulation = LabelSimulation(survey: table.survey)
      simulation.truth = table.labels
      simulation.model = model
      simulation.strategies = chosen
      simulation.counts = numbers
      simulation.repeats = repeats
      simulation.batch = batch
      simulation.clusters = clusters
      simulation.forecasts = forecast
      simulation.radius = radius
      simulation.options = choice.options
      simulation.seed = seed
      let place = try await options.workplace()
      try options.show(try await place.simulateLabels(simulation, truth: truth)) { metrics in
        [
          scores(metrics), needs(metrics), labels(metrics), metrics.forecasts.map(hits),
          summary(metrics),
        ]
        .compactMap(\.self).joined(separator: "\n\n")
      }
    }

    func validate() throws {
      let names = strategies.split(separator: ",")
      guard !names.isEmpty, chosen.count == names.count else {
        throw ValidationError(
          "--strategies \(strategies): take of random, clusters, suggested, grouped")
      }
      guard !numbers.isEmpty, numbers.count == counts.split(separator: ",").count,
        numbers == Set(numbers).sorted(), numbers[0] > 1
      else { throw ValidationError("--counts \(counts): give rising numbers, as 25,50,100") }
      guard repeats > 0, batch > 0, clusters > 1, radius >= 0 else {
        throw ValidationError("--repeats, --batch must be at least 1, --clusters 2, --radius 0")
      }
    }

    private var chosen: [LabelSimulation.Strategy] {
      strategies.split(separator: ",").compactMap { LabelSimulation.Strategy(rawValue: String($0)) }
    }

    private var headings: [String] { numbers.map { "\($0) decisions#" } }

    private var numbers: [Int] { counts.split(separator: ",").compactMap { Int($0) } }

    private func scores(_ metrics: LabelSimulation.Metrics) -> String {
      let rows = metrics.outcomes.map { outcome in
        [outcome.strategy.rawValue]
          + zip(outcome.macroF1, outcome.intervals).map { mean, interval in
            "\(decimal(mean, 3)) (\(decimal(interval.low, 3))–\(decimal(interval.high, 3)))"
          }
      }
      return TextTable(["macro F1 with"] + headings, rows: rows).text
    }

    private func needs(_ metrics: LabelSimulation.Metrics) -> String {
      let first = metrics.outcomes.first?.strategy.rawValue ?? ""
      let rows = metrics.outcomes.dropFirst().map { outcome in
        [outcome.strategy.rawValue]
          + outcome.needs.map { need in
            let sign = [LearningCurve.Bound.atMost: "≤ ", .moreThan: "> "][need.bound] ?? ""
            return "\(sign)\(decimal(need.ratio, 2)) "
              + "(\(decimal(need.interval.low, 2))–\(decimal(need.interval.high, 2)))"
          }
      }
      return TextTable(["decisions, as part of \(first)'s"] + headings, rows: rows).text
    }

    private func labels(_ metrics: LabelSimulation.Metrics) -> String {
      let rows = metrics.outcomes.map { [$0.strategy.rawValue] + $0.labels.map { decimal($0, 0) } }
      return TextTable(["labels by"] + headings, rows: rows).text
    }

    private func hits(_ forecasts: [LabelSimulation.ForecastHits]) -> String {
      TextTable(
        ["forecast from#", "to#", "in its interval#", "mean error#", "width#"],
        rows: forecasts.map { item in
          [
            String(item.from), String(item.to), "\(item.held) of \(item.made)",
            decimal(item.bias, 3), decimal(item.width, 3),
          ]
        }
      ).text
    }

    private func summary(_ metrics: LabelSimulation.Metrics) -> String {
      """
      \(metrics.sources) sources of \(metrics.byClass.count) classes, \(metrics.heldOut) of them \
      held out in each of \(repeats) repeats; macro F1 with all other labels \
      \(decimal(metrics.allLabels, 3))
      """
    }
  }
}

/// How suggestions are made.
struct SuggestionOptions: ParsableArguments {
  @Option(help: "Up to so many labels, sources are chosen for variety alone.")
  var variety = Suggestion.Options().variety

  @Option(
    help: ArgumentHelp(
      "How far a label tells of its neighbours: the σ of a Gaussian on the unit sphere.",
      valueName: "distance"))
  var reach = Suggestion.Options().reach

  @Option(help: "Sources beside each that lie nearest to it and are asked about with it.")
  var company = Suggestion.Options().company

  @Option(help: "How much more doubt about rare classes counts; 0 for all alike.")
  var rarity = Suggestion.Options().rarity

  @OptionGroup var space: SpaceOptions

  /// The options as the method takes them.
  var options: Suggestion.Options {
    var options = Suggestion.Options()
    options.space = space.space
    options.variety = variety
    options.reach = reach
    options.company = company
    options.rarity = rarity
    return options
  }

  func validate() throws {
    guard variety >= 0, company >= 0, reach > 0, rarity >= 0 else {
      throw ValidationError(
        "--variety, --company and --rarity must be at least 0, --reach above 0")
    }
  }
}
