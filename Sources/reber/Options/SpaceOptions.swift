import ArgumentParser
import Morphology

/// The space in which sources are compared.
struct SpaceOptions: ParsableArguments {
  @Option(help: "Principal components kept.")
  var components = PrincipalSpace.Options().components

  @Option(
    help: ArgumentHelp(
      "How far the components' deviations are made even: 0 not at all, 1 wholly.",
      discussion: "Without it a few components, in which most sources differ, would decide alone."))
  var whitening = PrincipalSpace.Options().whitening

  /// The options as the method takes them.
  var space: PrincipalSpace.Options { .init(components: components, whitening: whitening) }

  func validate() throws {
    guard components > 0, 0...1 ~= whitening else {
      throw ValidationError("--components must be at least 1, --whitening in 0…1")
    }
  }
}
