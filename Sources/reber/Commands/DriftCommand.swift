import ArgumentParser
import Catalogue
import Morphology
import Stages

struct DriftCommand: StageCommand {
  static let configuration = CommandConfiguration(
    commandName: "drift",
    abstract: "Ask whether a survey looks like what an encoder learned from.",
    discussion: """
      The survey's embeddings are compared with those of the sources that taught the
      encoder: by their energy distance with a permutation test, and by the part of the
      sources that lie farther from every known one than 99% of the known lie from their
      nearest. Where a classifier has classified both, the balance of classes and the mean
      confidence are compared too.

      Example:
        reber drift --survey emu
        reber drift --survey emu --model 3 --json
        reber drift --survey first --match-beam
      """)

  @Option(help: "The survey.") var survey: String
  @Option(help: "The encoder; the newest where none is named.") var model: ModelName?
  @Option(
    help: "The classifier whose classifications are compared; the newest of the survey without it.")
  var classifier: Int?
  @Option(help: "How many sources of each side the energy distance is measured on.")
  var sample = DriftStage(survey: "").sample
  @Option(help: "Permutations in the tests.") var permutations = DriftStage(survey: "").permutations
  @Option(help: "The seed of the samples and the permutations.") var seed: UInt64 = 1
  @OptionGroup(title: "How the survey is shown; as it was embedded without these")
  var scale: ScaleMatchOptions
  @OptionGroup(title: "Output") var options: StageOptions

  func validate() throws {
    guard sample > 1, permutations > 0 else {
      throw ValidationError("--sample must be above 1 and --permutations above 0")
    }
  }

  var stage: DriftStage {
    var stage = DriftStage(survey: survey)
    stage.model = model
    stage.classifier = classifier
    stage.sample = sample
    stage.permutations = permutations
    stage.seed = seed
    stage.scale = scale.scale == ScaleOptions() ? nil : scale.scale
    return stage
  }

  func text(_ metrics: DriftStage.Metrics) -> String {
    [table(metrics), balance(metrics), words(metrics)].compactMap(\.self)
      .joined(separator: "\n\n")
  }

  private func table(_ metrics: DriftStage.Metrics) -> String {
    var rows = [
      ["sources compared", "\(metrics.known), \(metrics.new)", ""],
      ["energy distance, 0 to 1", decimal(metrics.energy.inhomogeneity, 4), "near 0"],
      ["its p-value", decimal(metrics.energy.pValue, 3), "above 0.01, 99 times in 100"],
      ["sources outside", percent(metrics.outside), "1%"],
    ]
    if let classes = metrics.classes {
      let shift = classes.shift
      rows += [
        [
          "shift of the classes", percent(shift.totalVariation),
          "near 0 (p-value \(decimal(shift.pValue, 3)))",
        ],
        ["mean confidence", decimal(classes.confidence, 3), decimal(classes.knownConfidence, 3)],
      ]
    }
    return TextTable(["", "found#", "where nothing differs"], rows: rows).text
  }

  private func balance(_ metrics: DriftStage.Metrics) -> String? {
    guard let classes = metrics.classes else { return nil }
    let names = Set(classes.new.keys).union(classes.known.keys).sorted()
    return TextTable(
      ["class", "'\(survey)'#", "known#"],
      rows: names.map { [$0, percent(classes.new[$0] ?? 0), percent(classes.known[$0] ?? 0)] }
    ).text
  }

  /// What it comes to, in words.
  private func words(_ metrics: DriftStage.Metrics) -> String {
    let known = metrics.learnedFrom.map { "'\($0)'" }.joined(separator: ", ")
    switch metrics.verdict {
    case .alike:
      return "'\(survey)' looks like what encoder \(metrics.model) learned from (\(known))"
    case .shifted:
      return """
        '\(survey)' differs from what encoder \(metrics.model) learned from (\(known)), but only \
        \(percent(metrics.outside)) of its sources lie outside it: it is another mixture of what is \
        known. Check the classes of a few by eye before the probabilities are trusted.
        """
    case .unlike:
      return """
        WARNING: '\(survey)' is unlike what encoder \(metrics.model) learned from (\(known)):
        \(percent(metrics.outside)) of its sources lie outside, where 1% would. Do not trust their \
        classes.
        farthest: \(metrics.farthest.joined(separator: ", "))
        Label some of them and fine-tune on both surveys, or learn the space anew with both:
          \(metrics.remedy(for: survey).joined(separator: "\n  "))
        """
    }
  }

  private func percent(_ part: Double) -> String { "\(decimal(100 * part, 1))%" }
}
