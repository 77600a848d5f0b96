internal import Foundation
internal import NeuralNetwork
package import Tensor

/// The classes in a classifier's space, so that a source unlike everything labelled is seen.
///
/// How far a source lies is the squared Mahalanobis distance of its features, on the unit sphere, to
/// the nearest class: in units of the scatter of labelled sources about their classes, which all
/// classes share (Lee et al. 2018). What is far follows from the labelled sources themselves, each held
/// out by a fold: their distances to what that fold's classifier learned. Distances of what a
/// classifier has learned would not do, since learning has drawn them together.
package struct LabelledSpace: Sendable, Equatable {
  /// The axes of the scatter, each divided by its width, `[dimensions, dimensions]`.
  let axes: Tensor

  /// The centres of the classes along those axes, `[classes, dimensions]`.
  let centres: Tensor

  /// The distances of held-out sources, the least first; empty where none was held out.
  private(set) var heldOut: [Float] = []

  /// How far the widths of the axes are drawn to their mean, since labels are few.
  private static let shrinkage = 0.1

  /// Measures the scatter of labelled sources.
  ///
  /// - Parameters:
  ///   - features: `[n, dimensions]`.
  ///   - classes: Their classes.
  package init(features: Tensor, classes: [Int]) {
    let points = features.onUnitSphere()
    var members: [Int: [Int]] = [:]
    for (row, index) in classes.enumerated() { members[index, default: []].append(row) }
    let means = members.keys.sorted().map { points.mean(of: members[$0] ?? []) }
    let places = Dictionary(uniqueKeysWithValues: zip(members.keys.sorted(), means.indices))
    var scatter = points
    for (row, index) in classes.enumerated() {
      guard let place = places[index] else { continue }
      for (column, value) in means[place].enumerated() {
        scatter.values[row * points.columns + column] -= value
      }
    }
    axes = Self.scaledAxes(of: scatter)
    let centres = Tensor(shape: [means.count, points.columns], values: means.flatMap(\.self))
    self.centres = multiply(centres, transposed: false, axes, transposed: true)
  }

  /// The same space, with the distances of sources that were held out.
  package func with(heldOut distances: [Float]) -> LabelledSpace {
    var space = self
    space.heldOut = distances.sorted()
    return space
  }

  private static func scaledAxes(of scatter: Tensor) -> Tensor {
    let pca = PCA(fitting: scatter, components: scatter.columns)
    let mean = pca.variances.reduce(0, +) / Double(max(1, pca.variances.count))
    var axes = pca.components
    for (row, variance) in pca.variances.enumerated() {
      let width = max((1 - shrinkage) * variance + shrinkage * mean, 1e-12).squareRoot()
      for place in row * axes.columns..<(row + 1) * axes.columns {
        axes.values[place] /= Float(width)
      }
    }
    return axes
  }

  /// The squared distances of features to the nearest class.
  package func distances(of features: Tensor) -> [Float] {
    let points = multiply(features.onUnitSphere(), transposed: false, axes, transposed: true)
    let found = nearestNeighbours(of: points, in: centres, count: 1)
    return found.distances.values.map { $0 * $0 }
  }

  /// The part of the held-out sources that lie nearer, for each row of `[n, dimensions]`.
  ///
  /// It rises evenly between two held-out distances. Beyond the largest it goes on to rise, ever less,
  /// so that what lies farthest still comes first.
  package func unlikeness(of features: Tensor) -> [Float] { distances(of: features).map(rank) }

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
}

extension LabelledSpace {
  /// What is saved beside a classifier's weights.
  var state: [String: Tensor] {
    [
      "labelled.axes": axes, "labelled.centres": centres,
      "labelled.held_out": Tensor(shape: [heldOut.count], values: heldOut),
    ]
  }

  /// Restores what was saved; `nil` for a classifier of before it was.
  init?(_ state: [String: Tensor]) {
    guard let axes = state["labelled.axes"], let centres = state["labelled.centres"],
      let heldOut = state["labelled.held_out"], axes.shape == [centres.columns, centres.columns]
    else { return nil }
    self.axes = axes
    self.centres = centres
    self.heldOut = heldOut.values
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
