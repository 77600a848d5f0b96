public import ArgumentParser
import Astronomy
import Catalogue
import Foundation
import Morphology
import Stages
public import Tables

struct PublishCommand: StageCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish",
    abstract: "Make a classification a table in schema catalogue.",
    discussion: """
      The table has the columns of the survey's own catalogue too, but those from
      which positions, fluxes and sizes were taken, which stand there already. One
      that is called as one of Reber's has _survey behind its name. One process fills
      the table; all who join make its indexes and its digest, block by block.

      Example:
        reber publish --survey first
        reber query "SELECT name, ra, dec, class, probability FROM catalogue.first
          WHERE class = 'head-tail' AND probability > 0.9 ORDER BY probability DESC"
      """)

  @Option(help: "The survey.") var survey: String
  @Option(help: "The table's name; the survey's where none is given.") var name: String?
  @Option(help: "The classification run; the newest where none is named.") var classification: Int?
  @Option(
    help: "The survey's own columns that go with it, divided by commas; all where none is named.")
  var columns: String?
  @Option(help: "Columns of the survey that are left out, divided by commas.") var without: String?
  @Option(
    help: "The part of the sources of each class that has it in class_set, between 0 and 1.")
  var coverage = PredictionSets.usualCoverage
  @Flag(help: "Publish although the training or the evaluation warns of the classification.")
  var anyway = false
  @OptionGroup(title: "Several processes") var together: JoinOptions
  @OptionGroup(title: "Output") var options: StageOptions

  var sharing: Sharing { together.sharing }

  var stage: Publishing {
    var publishing = Publishing(survey: survey)
    publishing.name = name ?? survey
    publishing.classification = classification
    publishing.columns = columns?.names
    publishing.without = without?.names ?? []
    publishing.coverage = coverage
    publishing.anyway = anyway
    return publishing
  }

  func text(_ catalogue: PublishedCatalogue) -> String {
    "catalogue.\(catalogue.name): \(catalogue.rows) rows of classification "
      + "\(catalogue.classification)" + (catalogue.simulated ? ", SIMULATED" : "")
  }
}

struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a published catalogue as \(TableFormat.titles).",
    discussion: """
      Units, UCDs and where the catalogue comes from go into FITS, VOTable and Parquet.

      Example:
        reber export first --output first.fits
        reber export first --output first.vot
      """)

  @Argument(help: "The published catalogue.") var catalogue: String
  @Option(name: .shortAndLong, help: "The file: \(TableFormat.endings).") var output: String
  @Option(help: "The format, where the file's name does not tell it: \(names).")
  var format: TableFormat?
  @OptionGroup(title: "Output") var options: StageOptions

  func run() async throws {
    let report = try await options.workplace(as: .reader).export(
      catalogue, to: output, format: format)
    try options.show(report) { "\($0.file): \($0.rows) rows, \($0.bytes) bytes" }
  }
}

extension String {
  /// The names between commas, without blanks around them.
  fileprivate var names: [String] {
    split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }
}

private let names = TableFormat.all.map(\.name).joined(separator: ", ")

extension TableFormat: ExpressibleByArgument {
  public init?(argument: String) { self.init(named: argument) }

  public static var allValueStrings: [String] { all.map(\.name) }
}
