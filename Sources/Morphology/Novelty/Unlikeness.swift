internal import Foundation
internal import NeuralNetwork
package import Tensor

/// What is labelled in a classifier's space, so that a source unlike all of it is seen.
///
/// How far a source lies from the labelled ones says little by itself: a class that is simpler than
/// all that is known lies amid them. So each distance from the labelled sources is held against the
/// same from a sample of unlabelled ones (as Ren et al. 2021, arXiv:2106.09022, do): where there are
/// many sources and few labels, something is that was never labelled. How much the second takes from
/// the first follows from the labelled sources themselves, each held out by a fold: nothing where
/// labels were spread evenly over the space, all where they were drawn by chance.
///
/// What is far follows from the same sources, by their distances to what that fold's classifier
/// learned. Distances of what a classifier has learned would not do, since learning has drawn them
/// together.
package struct LabelledSpace: Sendable, Equatable {
  private let view: CrowdView
  private let labelled: Surroundings

  /// The unlabelled sources, about one centre; `nil` where they are too few.
  private let unlabelled: Surroundings?

  /// What 99% of the unlabelled sources do not exceed among themselves, of both measures.
  ///
  /// Farther out is no reason for labels to be far.
  private let ceilings: [Float]

  /// By measure: the slope of the labelled against the unlabelled one, the mean and the deviation of
  /// what it leaves, `[2, 3]`.
  private var relation = Tensor([2, 3])

  /// The relative distances of held-out sources, the least first; empty where none was held out.
  private var heldOut: [Float] = []

  /// Fewer unlabelled sources tell nothing of where sources are.
  private static let leastUnlabelled = 32

  /// Looks at labelled sources, and at unlabelled ones beside them.
  ///
  /// - Parameters:
  ///   - features: Of labelled sources, `[n, dimensions]`.
  ///   - classes: Their classes.
  ///   - unlabelled: Features of a sample of the sources that have no label, or `nil`.
  package init(features: Tensor, classes: [Int], unlabelled: Tensor? = nil) {
    let points = features.onUnitSphere()
    let others =
      unlabelled.flatMap { $0.rows < Self.leastUnlabelled ? nil : $0.onUnitSphere() }
      ?? Tensor([0, points.columns])
    view = CrowdView(
      Tensor(
        shape: [points.rows + others.rows, points.columns], values: points.values + others.values))
    labelled = Surroundings(points, classes: classes, view: view)
    guard others.rows > 0 else {
      (self.unlabelled, ceilings) = (nil, [])
      return
    }
    let all = Surroundings(
      others, classes: [Int](repeating: 0, count: others.rows), view: view)
    self.unlabelled = all
    ceilings = all.measures(of: others, seen: view.points(others)).map {
      Float(quantile($0.map(Double.init).sorted(), 0.99))
    }
  }

  /// How far sources lie from the labelled and from the unlabelled ones, `[n, 4]`: by each of the two
  /// measures, from both; 0 from unlabelled ones that are not known.
  package func measures(of features: Tensor) -> Tensor {
    let points = features.onUnitSphere()
    let seen = view.points(points)
    let near = labelled.measures(of: points, seen: seen)
    let all = unlabelled?.measures(of: points, seen: seen)
    return Tensor(shape: [points.rows, 4]) { target in
      for row in 0..<points.rows {
        for measure in 0..<2 {
          target[4 * row + 2 * measure] = near[measure][row]
          target[4 * row + 2 * measure + 1] =
            all.map { min($0[measure][row], ceilings[measure]) } ?? 0
        }
      }
    }
  }

  /// The same space, with the measures of sources that were held out, `[n, 4]`.
  package func with(heldOut measures: Tensor) -> LabelledSpace {
    var space = self
    for measure in 0..<2 {
      let (slope, mean, deviation) = related(
        measures.column(2 * measure), to: measures.column(2 * measure + 1))
      space.relation.values.replaceSubrange(
        3 * measure..<3 * measure + 3, with: [slope, mean, deviation])
    }
    space.heldOut = space.distances(measures).sorted()
    return space
  }

  /// The geometric mean of both relative distances, in units of what is usual for held-out sources.
  private func distances(_ measures: Tensor) -> [Float] {
    (0..<measures.rows).map { row in
      var sum: Float = 0
      for measure in 0..<2 {
        let (slope, mean, deviation) = (
          relation.values[3 * measure], relation.values[3 * measure + 1],
          relation.values[3 * measure + 2]
        )
        let (near, all) = (
          measures.values[4 * row + 2 * measure], measures.values[4 * row + 2 * measure + 1]
        )
        sum += (near - slope * all - mean) / deviation
      }
      return exp(min(max(sum / 2, -40), 40))
    }
  }

  /// The part of the held-out sources that lie nearer, for each row of `[n, dimensions]`.
  ///
  /// It rises evenly between two held-out distances. Beyond the largest it goes on to rise, ever less,
  /// so that what lies farthest still comes first.
  package func unlikeness(of features: Tensor) -> [Float] {
    distances(measures(of: features)).map(rank)
  }

  private func rank(_ distance: Float) -> Float {
    let share = 1 / Float(heldOut.count + 1)
    guard let last = heldOut.last, distance < last else {
      return 1 - share * (heldOut.last ?? 0) / max(distance, .leastNormalMagnitude)
    }
    let above = heldOut.partitioningIndex { $0 > distance }
    let low = above > 0 ? heldOut[above - 1] : 0
    let part = (distance - low) / max(heldOut[above] - low, .leastNormalMagnitude)
    return share * (Float(above) + part)
  }
}

extension Surroundings {
  /// The logarithm of the distance to the nearest centre, and the thinness of the crowd, of points of
  /// the unit sphere that are `seen` so in the crowd's view.
  fileprivate func measures(of points: Tensor, seen: Tensor) -> [[Float]] {
    [
      distances(of: points).map { log(max($0, .leastNormalMagnitude)) },
      thinness(of: seen),
    ]
  }
}

/// How one measure follows another: the slope by least squares, at least 0 and at most 1, and the mean
/// and deviation of what it leaves.
private func related(
  _ near: [Float], to all: [Float]
) -> (slope: Float, mean: Float, deviation: Float) {
  let count = Float(max(1, near.count))
  let (nearMean, allMean) = (near.reduce(0, +) / count, all.reduce(0, +) / count)
  var (product, square): (Float, Float) = (0, 0)
  for (a, b) in zip(near, all) {
    product += (a - nearMean) * (b - allMean)
    square += (b - allMean) * (b - allMean)
  }
  let slope = square > 1e-6 * count ? min(max(product / square, 0), 1) : 0
  let mean = nearMean - slope * allMean
  let left = zip(near, all).reduce(Float(0)) { sum, pair in
    let difference = pair.0 - slope * pair.1 - mean
    return sum + difference * difference
  }
  return (slope, mean, max((left / count).squareRoot(), 1e-3))
}

extension Tensor {
  fileprivate func column(_ index: Int) -> [Float] {
    (0..<rows).map { values[$0 * columns + index] }
  }
}

extension LabelledSpace {
  /// What is saved beside a classifier's weights.
  var state: [String: Tensor] {
    var state = labelled.state.prefixed("labelled.")
    state["labelled.view.mean"] = view.axes.mean
    state["labelled.view.axes"] = view.axes.axes
    state["labelled.relation"] = relation
    state["labelled.held_out"] = Tensor(shape: [heldOut.count], values: heldOut)
    guard let unlabelled else { return state }
    state["labelled.ceilings"] = Tensor(shape: [ceilings.count], values: ceilings)
    return state.merging(unlabelled.state.prefixed("labelled.unlabelled.")) { first, _ in first }
  }

  /// Restores what was saved; `nil` for a classifier that was stored without it.
  init?(_ state: [String: Tensor]) {
    let state = state.part("labelled.")
    guard let view = CrowdView(mean: state["view.mean"], axes: state["view.axes"]),
      let labelled = Surroundings(state), let heldOut = state["held_out"],
      let relation = state["relation"], relation.shape == [2, 3]
    else { return nil }
    let unlabelled = Surroundings(state.part("unlabelled."))
    let ceilings = state["ceilings"]?.values ?? []
    guard unlabelled == nil || ceilings.count == 2 else { return nil }
    (self.view, self.labelled, self.unlabelled) = (view, labelled, unlabelled)
    (self.ceilings, self.relation, self.heldOut) = (ceilings, relation, heldOut.values)
  }
}

extension Surroundings {
  fileprivate var state: [String: Tensor] { ["axes": axes, "centres": centres, "crowd": crowd] }

  fileprivate init?(_ state: [String: Tensor]) {
    self.init(axes: state["axes"], centres: state["centres"], crowd: state["crowd"])
  }
}
