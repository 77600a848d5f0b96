import ArgumentParser
import Catalogue
import Stages

struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Hold a published catalogue against the images and the model that it came from.",
    discussion: """
      The table and the weights of all models below it are held against their digests. Of some rows,
      drawn by chance, the stored pixels are held against theirs, and the classifier computes the
      probabilities anew: with the same kernels they come to the same bits; other processors round
      otherwise. Exits with 1 where something is not as it should be.

      Example:
        reber verify first
        reber verify first --sample 5000 --seed 7 --json
      """)

  @Argument(help: "The published catalogue.") var catalogue: String
  @Option(help: "Rows to compute anew.") var sample = 200
  @Option(help: "Chooses the rows.") var seed = 1
  @Option(help: "What a probability may differ by.") var tolerance: Float = 0.001
  @OptionGroup(title: "Output") var options: ResultOptions

  func validate() throws {
    guard sample > 0 else { throw ValidationError("--sample must be 1 or more") }
    guard tolerance >= 0 else { throw ValidationError("--tolerance cannot be negative") }
  }

  func run() async throws {
    let found = try await options.workplace().verify(
      catalogue, sample: sample, seed: seed, tolerance: tolerance)
    try options.show(found, text)
    if !found.isSound { throw ExitCode.failure }
  }

  private func text(_ found: Verification) -> String {
    let table =
      switch found.isAsPublished {
      case true?: "table: as it was published, \(found.rows) rows"
      case false?: "table: NOT as it was published"
      case nil: "table: published by an earlier version, whose digest cannot be compared"
      }
    let models =
      found.damagedModels.isEmpty
      ? "weights: all as they were stored"
      : "weights: NOT as they were stored, of model \(list(found.damagedModels.map(String.init)))"
    return ([table, models] + (found.sample > 0 ? rows(found) : ["no row was computed anew"]))
      .joined(separator: "\n")
  }

  private func rows(_ found: Verification) -> [String] {
    let all = "\(found.sample) rows"
    return [
      found.damagedImages.isEmpty
        ? "pixels of \(all): all as they were stored"
        : "pixels: NOT as they were stored, of \(list(found.damagedImages))",
      found.mispublished.isEmpty
        ? "probabilities of \(all): published as they were computed"
        : "probabilities: NOT published as they were computed, of \(list(found.mispublished))",
      "computed anew: \(found.identical) of \(all) to the bit, the largest difference "
        + "\(found.largestDifference)",
    ]
      + (found.otherwise.map { [$0] } ?? [])
      + (found.differing.isEmpty
        ? [] : ["they differ by more than \(tolerance) for \(list(found.differing))"])
      + (found.identical == found.sample || found.computedBy == found.recomputedBy
        ? [] : ["computed by \(found.computedBy)", "and now by \(found.recomputedBy)"])
  }

  private func list(_ names: [String]) -> String { names.listed(first: 5) }
}
