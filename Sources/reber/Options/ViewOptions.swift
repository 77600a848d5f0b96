import ArgumentParser
import Morphology

/// Which random changes make another view of the same source.
struct ViewOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Leave an augmentation out, as for an ablation; may be given again.",
      discussion: "One of \(Augmentation.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "augmentation"))
  var without: [Augmentation] = []

  /// A recipe less what is left out.
  func applied(to recipe: ViewRecipe) -> ViewRecipe {
    without.reduce(into: recipe) { $1.remove(from: &$0) }
  }
}

/// An augmentation that can be left out.
enum Augmentation: String, Codable, ExpressibleByArgument, CaseIterable {
  case rotation
  case flips
  case zoom
  case shift
  case blur
  case noise
  case intensity
  /// The random structural view.
  case rsv

  func remove(from recipe: inout ViewRecipe) {
    switch self {
    case .rotation: recipe.rotates = false
    case .flips: recipe.flips = false
    case .zoom: recipe.zoom = nil
    case .shift: recipe.shift = 0
    case .blur: recipe.blur = nil
    case .noise: recipe.noise = nil
    case .intensity: recipe.intensity = nil
    case .rsv: recipe.structural = nil
    }
  }
}
