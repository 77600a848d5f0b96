internal import Foundation
internal import NeuralNetwork
package import Tensor

/// The labelled sources in a classifier's space, so that a source unlike all of them is seen.
///
/// How far a source lies is the mean cosine distance of its features to the nearest labelled ones (Sun
/// et al. 2022). What is far follows from the labelled sources themselves, each held out by a fold:
/// their distances to what that fold's classifier learned from. Distances among what a classifier has
/// learned from would not do, since learning has drawn them together.
package struct LabelledSpace: Sendable, Equatable {
  /// Features of labelled sources on the unit sphere, `[m, dimensions]`.
  let features: Tensor

  /// The distances of held-out sources, the least first.
  let heldOut: [Float]

  /// How many of the nearest count; few, since classes may have few labels.
  static let neighbours = 5

  /// The most features that are kept; of more, these many drawn by chance.
  static let most = 4096

  /// Takes features on the unit sphere and distances in any order.
  package init(features: Tensor, heldOut: [Float]) {
    self.features = features
    self.heldOut = heldOut.sorted()
  }

  /// The part of the held-out sources that lie nearer, for each row of `[n, dimensions]`.
  ///
  /// It rises evenly between two held-out distances. Beyond the largest it goes on to rise, ever less,
  /// so that what lies farthest still comes first.
  package func unlikeness(of features: Tensor) -> [Float] {
    Self.distances(of: features, to: self.features).map(rank)
  }

  private func rank(_ distance: Float) -> Float {
    let share = 1 / Float(heldOut.count + 1)
    guard let last = heldOut.last, distance < last else {
      return 1 - share * (heldOut.last ?? 0) / max(distance, .leastNormalMagnitude)
    }
    let above = heldOut.firstPlace { $0 > distance }
    let low = above > 0 ? heldOut[above - 1] : 0
    let part = (distance - low) / max(heldOut[above] - low, .leastNormalMagnitude)
    return share * (Float(above) + part)
  }

  /// The mean cosine distances of features to the nearest of a reference on the unit sphere.
  static func distances(of features: Tensor, to reference: Tensor) -> [Float] {
    // On the unit sphere half the squared distance is one less the cosine.
    let found = nearestNeighbours(of: features.onUnitSphere(), in: reference, count: neighbours)
    return (0..<features.rows).map { row in
      found.distances.row(row).reduce(0) { $0 + $1 * $1 / 2 } / Float(max(1, found.count))
    }
  }

  /// The features that stand for labelled sources: all, or many drawn by chance, on the unit sphere.
  static func reference(_ features: Tensor, seed: UInt64) -> Tensor {
    guard features.rows > most else { return features.onUnitSphere() }
    var random = RandomStream(seed, 3)
    let drawn = (0..<features.rows).shuffled(using: &random).prefix(most).sorted()
    return features.rows(at: drawn).onUnitSphere()
  }
}

extension LabelledSpace {
  /// What is saved beside a classifier's weights.
  var state: [String: Tensor] {
    [
      "labelled.features": features,
      "labelled.held_out": Tensor(shape: [heldOut.count], values: heldOut),
    ]
  }

  /// Restores what was saved; `nil` for a classifier of before it was.
  init?(_ state: [String: Tensor]) {
    guard let features = state["labelled.features"], let heldOut = state["labelled.held_out"],
      features.shape.count == 2, !heldOut.values.isEmpty
    else { return nil }
    self.init(features: features, heldOut: heldOut.values)
  }
}

extension Model {
  /// Features of the eight orientations of each source, `[n, 8, dimensions]`.
  func orientedFeatures(of sources: [Prepared]) -> Tensor {
    inBlocks(sources, of: 32) { block in
      let features = encoder.embed(images(block.map { $0.orientations() }))
      return features.reshaped([block.count, 8, features.columns])
    }
  }

  /// The logits of `[n, 8, dimensions]` features, `[n, 8, classes]`.
  func logits(of features: Tensor) -> Tensor {
    let (count, views) = (features.shape[0], features.shape[1])
    let logits = head.apply(features.reshaped([count * views, features.shape[2]]))
    return logits.reshaped([count, views, logits.columns])
  }

  /// The features of each source, the mean over its orientations, `[n, dimensions]`.
  func features(of sources: [Prepared]) -> Tensor { meanOverViews(orientedFeatures(of: sources)) }
}

/// The mean over the second axis.
func meanOverViews(_ features: Tensor) -> Tensor {
  let (count, views, width) = (features.shape[0], features.shape[1], features.shape[2])
  return means(of: features.reshaped([count * views, width]), over: views)
}

extension [Float] {
  /// The place of the first element, in an ascending array, that the condition holds for.
  fileprivate func firstPlace(where holds: (Float) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
