import ArgumentParser
import Catalogue
import PostgreSQL
import Stages

extension LabelCommands {
  struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The labels that held-out folds contradict, the most doubtful first.",
      discussion: """
        'reber finetune' holds every labelled source out once and keeps what is said of it then. Listed
        is what is said to be another class, by how much more probable that one is; a source goes from
        the list when somebody labels it again, be it as before. The view reber.contradicted_label has
        the same.

        Example:
          reber label audit --survey first --count 30
          reber label audit --survey first --output sheet.csv
          (fill in the column 'class')
          reber label import sheet.csv --survey first --annotator 'M. Person'
        """)

    @Option(help: "The survey.") var survey: String
    @Option(help: "The most labels to list.") var count = 50
    @Option(help: "The class scheme.") var scheme = ClassScheme.twelveClasses
    @Option(
      help: "The classifier; the newest that learned the survey's labels where none is named.")
    var model: ModelName?
    @Option(name: .shortAndLong, help: "A sheet to fill in: .csv, .fits or .vot.")
    var output: String?
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let asked = self
      let place = try await options.workplace()
      let found = try await place.database.with { database in
        let survey = try Survey.named(asked.survey, in: database)
        let scheme = try ClassScheme.named(asked.scheme, in: database)
        try scheme.checkOneClass(for: "an audit of labels")
        let model = try Model.auditor(
          of: survey, scheme: scheme, called: asked.model, in: database)
        return Found(
          model: model.id,
          contradicted: try ContradictedLabel.count(by: model, of: survey, in: database),
          labels: try ContradictedLabel.all(
            by: model, of: survey, count: asked.count, in: database))
      }
      guard let output else { return try options.show(found, text) }
      try place.writeSheet(found.labels, to: output)
      try options.show(Written(file: output, rows: found.labels.count)) {
        "\(output): \($0.rows) sources to be looked at again"
      }
    }

    func validate() throws {
      guard count > 0 else { throw ValidationError("--count must be at least 1") }
    }

    /// What an audit finds.
    private struct Found: Codable {
      var model: Int
      var contradicted: Int
      var labels: [ContradictedLabel]
    }

    private func text(_ found: Found) -> String {
      let rows = found.labels.map { label in
        [
          label.source, label.label, decimal(label.probability, 3), label.said,
          decimal(label.saidProbability, 3), decimal(label.doubt, 2),
          label.annotators.joined(separator: ", "),
        ]
      }
      let table = TextTable(
        ["source", "label", "p#", "folds say", "p#", "doubt#", "annotators"], rows: rows)
      return """
        \(table.text)

        \(found.contradicted) labels are contradicted by the folds of classifier \(found.model)
        """
    }
  }
}
