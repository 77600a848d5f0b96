import Foundation
import Morphology
import Tensor

/// The views of a step of SimCLR: two of half as many sources as there are images.
struct ViewTrial: Trial {
  private let sources: [(index: Int, image: Prepared)]
  private var recipe = ViewRecipe()
  private var step = 0

  /// Takes the side of a view, the number of images, and 0 for views without structural ones.
  init?(_ numbers: [Int]) {
    var preprocessing = Preprocessing()
    preprocessing.size = numbers[0]
    let prepared = try? simulatedCutouts(numbers[1] / 2, side: 150).map {
      try preprocessing.prepare($0)
    }
    guard let prepared else { return nil }
    sources = prepared.enumerated().map { ($0, $1) }
    if numbers[2] == 0 { recipe.structural = nil }
  }

  mutating func run() {
    step += 1
    _ = recipe.views(of: sources, copies: 2, seed: 1, coordinates: (0, step))
  }
}

/// The preparation of cutouts.
struct PreparationTrial: Trial {
  private let cutouts: [Tensor]
  private let preprocessing: Preprocessing

  /// Takes the side of a view, that of a cutout, and the number of cutouts.
  init(_ numbers: [Int]) {
    var preprocessing = Preprocessing()
    preprocessing.size = numbers[0]
    self.preprocessing = preprocessing
    cutouts = simulatedCutouts(numbers[2], side: numbers[1])
  }

  func run() {
    parallel(over: cutouts.count, chunk: 4) { _, items in
      for item in items { _ = try? preprocessing.prepare(cutouts[item]) }
    }
  }
}

/// Two lobes and noise.
private func simulatedCutouts(_ count: Int, side: Int) -> [Tensor] {
  (0..<count).map { index in
    var random = RandomStream(5, index)
    let angle = random.uniform() * 2 * Float.pi
    let (dx, dy) = (cos(angle) * Float(side) / 8, sin(angle) * Float(side) / 8)
    func lobe(_ x: Float, _ y: Float) -> Float { exp(-(x * x + y * y) / Float(2 * side)) }
    let values = (0..<side * side).map { pixel -> Float in
      let x = Float(pixel % side) - Float(side - 1) / 2
      let y = Float(pixel / side) - Float(side - 1) / 2
      return lobe(x - dx, y - dy) + 0.7 * lobe(x + dx, y + dy) + 0.02 * random.normal()
    }
    return Tensor(shape: [side, side], values: values)
  }
}
