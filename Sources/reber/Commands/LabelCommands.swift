import ArgumentParser
import Catalogue
import Stages

struct LabelCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "label",
    abstract: "Labels: choose what to look at, import, export, label whole clusters.",
    discussion: """
      Labels are never overwritten: a change of mind is a new label, and the newest of each
      annotator counts.

      Example:
        reber label choose --survey first --count 200 --output sheet.csv
        (fill in the column 'class')
        reber label import sheet.csv --survey first --annotator 'M. Person'
        reber label suggest --survey first --count 50 --output sheet.csv
      """,
    subcommands: [
      Choose.self, Suggest.self, Forecast.self, Audit.self, Import.self, Export.self,
      OfCluster.self, Carry.self, Simulate.self,
    ])

  struct Choose: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a sheet of sources from all clusters alike, to be labelled.",
      discussion: """
        With --again it lists what an annotator has labelled, of longest ago first
        and each source once, to be labelled once more without a look at what was
        said: 'show agreement' tells how far the two are the same. The page 'One by
        one' asks likewise.

        Example:
          reber label choose --survey first --count 200 --output sheet.csv
          reber label choose --survey first --again 'M. Person' --output again.csv
          (fill in the column 'class')
          reber label import again.csv --survey first --annotator 'M. Person' \\
            --asked-again
        """)

    @Option(help: "The survey.") var survey: String
    @Option(help: "The most sources to list.") var count = 200
    @Option(help: "The class scheme; sources with a label in it are left out.")
    var scheme = ClassScheme.twelveClasses
    @Option(help: "The clustering; the newest where none is named.") var clustering: Int?
    @Option(help: "The seed that chooses among the sources of a cluster; 1 where none is named.")
    var seed: UInt64?
    @Option(
      help: ArgumentHelp(
        "What this annotator has labelled, to be asked about again.", valueName: "annotator"))
    var again: String?
    @Option(name: .shortAndLong, help: "The sheet: .csv, .fits or .vot.") var output: String
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      if let again { return try await ask(again) }
      let chosen = try await options.workplace().chooseSources(
        to: output, count: count, of: survey, scheme: scheme, clustering: clustering,
        seed: seed ?? 1)
      try options.show(Written(file: output, rows: chosen)) {
        "\(output): \($0.rows) sources to be labelled"
      }
    }

    private func ask(_ annotator: String) async throws {
      let place = try await options.workplace()
      let chosen = try await place.chooseAgain(
        to: output, count: count, of: survey, scheme: scheme, annotator: annotator)
      let fresh = chosen.count(where: \.isFresh)
      if fresh > 0 {
        place.progress.note(
          "\(fresh) of them were labelled less than a day ago, and may be remembered: wait with these"
        )
      }
      try options.show(Written(file: output, rows: chosen.count)) {
        "\(output): \($0.rows) sources for '\(annotator)' to label once more"
      }
    }

    func validate() throws {
      guard count > 0 else { throw ValidationError("--count must be at least 1") }
      guard again == nil || clustering == nil && seed == nil else {
        throw ValidationError("--again goes by no clustering: leave --clustering and --seed out")
      }
    }
  }

  struct Import: StageCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read labels from a FITS, VOTable or CSV table.",
      discussion: """
        Example:
          reber label import labels.csv --survey first --annotator 'M. Person'
          reber label import mirabest.csv --survey first --class-column label \\
            --map 100=FRI --map 200=FRII --scheme fanaroff-riley --add-classes

        Of a scheme of tags, a table has a column for each tag (1, true or yes; 0, false or no; blank says
        nothing), or a column of several tags, which says that the others do not apply:
          reber label import horton.csv --survey lotss --scheme horton
          reber label import labels.csv --survey first --scheme features --tags-column tags --separator ','

        With --zooniverse the table is the export of a project's classifications: each volunteer is an
        annotator, also who was not logged in; all votes are kept, and the newest of a volunteer counts:
          reber label import --zooniverse classifications.csv --subjects subjects.csv --survey first \\
            --scheme features --workflow 1234 --task T0 --map 'A bent one=bent'
        """)

    @Argument(help: "The table.") var file: String?
    @OptionGroup var table: LabelTableOptions
    @Option(help: "Who says so, where no column does.") var annotator = "import"
    @Option(help: "The column with the annotator's name.") var annotatorColumn: String?
    @Option(help: "The column with the confidence, above 0 and up to 1.")
    var confidenceColumn: String?
    @Flag(help: "The confidence is in per cent, above 0 and up to 100.")
    var confidencePercent = false
    @Flag(help: "These are answers of who was asked again, as by 'label choose --again'.")
    var askedAgain = false
    @Flag(help: "Add classes that the scheme lacks, and the scheme where there is none.")
    var addClasses = false
    @Option(help: "Label only the sources of this table, as 'label choose' writes it.")
    var only: String?
    @Option(help: "The share of each class's rows to take, drawn by chance.") var fraction = 1.0
    @Option(help: "The seed of that draw.") var seed: UInt64 = 1
    @OptionGroup(title: "A Zooniverse project") var project: ZooniverseOptions
    @OptionGroup(title: "Output") var options: StageOptions

    var stage: LabelImportStage {
      var labels = table.labels
      labels.annotator = annotator
      labels.annotatorColumn = annotatorColumn
      labels.confidenceColumn = confidenceColumn
      labels.confidenceIsPercent = confidencePercent
      labels.isAgain = askedAgain
      labels.addsClasses = addClasses
      labels.fraction = fraction
      labels.seed = seed
      labels.zooniverse = project.chosen
      return LabelImportStage(
        file: file ?? project.zooniverse ?? "", only: only, subjects: project.subjects, labels)
    }

    func text(_ metrics: LabelImport.Metrics) -> String {
      var lines = ["\(metrics.labels) labels"]
      lines += metrics.byClass.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)" }
      if let denied = metrics.denied { lines.append("  tags that do not apply: \(denied)") }
      if let unsaid = metrics.unsaid, !unsaid.isEmpty {
        lines.append("nothing is said of \(unsaid.joined(separator: ", "))")
      }
      if let annotators = metrics.annotators {
        lines.append("by \(annotators) volunteers, of \(metrics.sources ?? 0) sources")
        if let retired = metrics.retired { lines.append("\(retired) subjects are retired") }
        if let superseded = metrics.superseded, superseded > 0 {
          lines.append("\(superseded) votes have a later one of the same volunteer, which counts")
        }
        let versions = (metrics.versions ?? [:]).sorted { $0.key < $1.key }
        lines.append(
          "classifications by version of the workflow: "
            + versions.map { "\($0.key): \($0.value)" }.joined(separator: ", "))
      }
      if metrics.leftOut > 0 { lines.append("\(metrics.leftOut) rows left out as asked") }
      if metrics.unclassified > 0 { lines.append("\(metrics.unclassified) rows without a class") }
      if metrics.rejected > 0 {
        lines.append("\(metrics.rejected) rows set aside, with reasons in reber.rejected")
      }
      if let contradictory = metrics.contradictory, contradictory > 0 {
        lines.append(
          "  \(contradictory) of them contradict another of the same annotator")
      }
      if let repeated = metrics.repeated, repeated > 0 {
        lines.append("\(repeated) rows repeat an earlier one")
      }
      return lines.joined(separator: "\n")
    }

    func validate() throws {
      guard (file == nil) != (project.zooniverse == nil) else {
        throw ValidationError("say either a table, or --zooniverse with the classifications")
      }
      guard !askedAgain || project.zooniverse == nil else {
        throw ValidationError(
          "volunteers of --zooniverse are not asked again: leave --asked-again out")
      }
      if annotator.allSatisfy(\.isWhitespace) { throw ValidationError("--annotator names nobody") }
      guard fraction > 0, fraction <= 1 else {
        throw ValidationError("--fraction must be above 0 and at most 1")
      }
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the labels that count now as a table.",
      discussion: "Example:\n  reber label export --survey first --output labels.csv")

    @Option(help: "The survey.") var survey: String
    @Option(help: "The class scheme.") var scheme = ClassScheme.twelveClasses
    @Option(name: .shortAndLong, help: "The file: .csv, .fits or .vot.") var output: String
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let count = try await options.workplace().exportLabels(
        to: output, of: survey, scheme: scheme)
      try options.show(Written(file: output, rows: count)) {
        "\(output): \($0.rows) rows of labels"
      }
    }
  }

  struct OfCluster: StageCommand {
    static let configuration = CommandConfiguration(
      commandName: "cluster", abstract: "Give all sources of a cluster one label.",
      discussion: """
        Example:
          reber show clusters --survey first
          reber label cluster 12 --survey first --class head-tail --annotator 'M. Person' \\
            --except J101213.1+334455
        """)

    @Argument(help: "The cluster, or a union of clusters.") var cluster: Int
    @Option(help: "The survey.") var survey: String
    @Option(name: .customLong("class"), help: "The class.") var className: String
    @Option(help: "Who says so.") var annotator: String
    @Option(help: "The class scheme.") var scheme = ClassScheme.twelveClasses
    @Option(help: "The clustering; the newest where none is named.") var clustering: Int?
    @Option(help: "A source that does not belong; may be given again.") var except: [String] = []
    @OptionGroup(title: "Output") var options: StageOptions

    var stage: LabelCluster {
      var label = LabelCluster(
        survey: survey, cluster: cluster, className: className, annotator: annotator)
      label.scheme = scheme
      label.clustering = clustering
      label.except = except
      return label
    }

    func text(_ metrics: LabelCluster.Metrics) -> String {
      "\(metrics.labels) labels, \(metrics.leftOut) sources left out"
    }
  }
}

extension LabelCommands {
  struct Carry: StageCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give labels of a survey to what is one object with its sources in another.",
      discussion: """
        Each label keeps its annotator and confidence, and names the label that it came from. None is
        carried that a person contradicts there, and a carried label is withdrawn when what it came
        from stands no more: repeat this after labels or links have changed.

        Example:
          reber match --survey first --survey lotss
          reber label carry --from first --to lotss
        """)

    @Option(help: "The survey whose labels are carried.") var from: String
    @Option(help: "The survey that gets them.") var to: String
    @Option(help: "The class scheme.") var scheme = ClassScheme.twelveClasses
    @OptionGroup(title: "Output") var options: StageOptions

    var stage: LabelCarry {
      var carry = LabelCarry(from: from, to: to)
      carry.scheme = scheme
      return carry
    }

    func text(_ metrics: LabelCarry.Metrics) -> String {
      let left = [
        (metrics.standing, "stood already"), (metrics.withdrawn, "carried before are withdrawn"),
        (metrics.contradicted, "were left, since somebody says something else there"),
        (metrics.said, "were left, since their annotator has labelled the source there"),
        (metrics.ambiguous, "were left, since their annotator gave one object several classes"),
      ]
      return
        (["\(metrics.labels) labels carried"]
        + left.filter { $0.0 > 0 }.map { "\($0) \($1)" }).joined(separator: "\n")
    }
  }
}

/// How a table of classes is read.
struct LabelTableOptions: ParsableArguments {
  @Option(help: "The survey.") var survey: String
  @Option(help: "The class scheme.") var scheme = ClassScheme.twelveClasses
  @Option(
    help: "The column with the source's name, or several as A+B; guessed where none is named.")
  var sourceColumn: String?
  @Option(help: "The column with the class; guessed where none is named.") var classColumn: String?
  @Option(help: "The column with a source's tags, several in a cell.") var tagsColumn: String?
  @Option(
    help: ArgumentHelp("What stands between them; a semicolon without it.", valueName: "text"))
  var separator: String?
  @Option(
    help: ArgumentHelp(
      "The columns that say, one a tag, whether it applies, with commas; those called as tags are without it.",
      valueName: "names"))
  var tagColumns: String?
  @Option(
    name: .customLong("map"),
    help: ArgumentHelp(
      "The class that a text in the file stands for, as 100=FRI; '100=' leaves such rows out.",
      valueName: "text=class"))
  var classMap: [String] = []

  /// The options as the stage takes them.
  var labels: LabelImport {
    var labels = LabelImport(survey: survey)
    labels.scheme = scheme
    labels.sourceColumn = sourceColumn
    labels.classColumn = classColumn
    labels.classMap = pairs(classMap)
    labels.tagsColumn = tagsColumn
    labels.separator = separator
    labels.tagColumns = tagColumns?.split(separator: ",").map { String($0) }
    return labels
  }

  func validate() throws {
    if tagsColumn != nil && tagColumns != nil {
      throw ValidationError("say either --tags-column or --tag-columns")
    }
    if separator == "" || separator != nil && tagsColumn == nil {
      throw ValidationError("--separator goes with --tags-column, and is a text")
    }
    for text in classMap where !text.contains("=") {
      throw ValidationError("--map \(text): write it as text=class")
    }
  }
}

/// How the exports of a Zooniverse project are read.
struct ZooniverseOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The export of its classifications.", valueName: "file"))
  var zooniverse: String?
  @Option(
    help: ArgumentHelp(
      "The export of its subjects; without it, what the classifications say of them.",
      valueName: "file"))
  var subjects: String?
  @Option(help: "The workflow, where there are several.") var workflow: Int?
  @Option(help: "The first part of the workflow's version; all without it.") var workflowVersion:
    Int?
  @Option(help: "The task whose answers are classes, as T0, where there are several.") var task:
    String?
  @Option(help: "What the source's name is called in the subjects' metadata; guessed without it.")
  var nameKey: String?

  /// The options as the stage takes them; `nil` for another table.
  var chosen: Zooniverse? {
    guard zooniverse != nil else { return nil }
    var chosen = Zooniverse()
    (chosen.workflow, chosen.version, chosen.task) = (workflow, workflowVersion, task)
    chosen.nameKey = nameKey
    return chosen
  }

  func validate() throws {
    let others = [
      subjects, workflow.map(String.init), workflowVersion.map(String.init), task, nameKey,
    ]
    if zooniverse == nil, others.contains(where: { $0 != nil }) {
      throw ValidationError(
        "--subjects, --workflow, --workflow-version, --task and --name-key go with --zooniverse")
    }
  }
}

/// A file that was written.
struct Written: Codable {
  var file: String
  var rows: Int
}
