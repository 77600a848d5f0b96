internal import Foundation
public import Tensor

/// Class probabilities by a vote of the most similar labelled embeddings: what a space is worth
/// before anything was trained with labels.
///
/// Similarity is the cosine; a neighbour's vote weighs `exp(similarity / temperature)` (Wu et al.
/// 2018, arXiv:1805.01978).
///
/// - Parameters:
///   - queries: `[n, dimensions]`.
///   - references: `[m, dimensions]`, the labelled ones.
///   - labels: The class of each reference, in `0..<classes`.
///   - classes: How many classes there are.
///   - count: The neighbours that vote, at most `m`.
///   - temperature: The lower, the more the nearest ones say.
/// - Returns: `[n, classes]`, each row of sum 1.
public func neighbourVote(
  on queries: Tensor, by references: Tensor, labels: [Int], classes: Int, count: Int = 15,
  temperature: Float = 0.1
) -> Tensor {
  let neighbours = nearestNeighbours(
    of: queries.onUnitSphere(), in: references.onUnitSphere(), count: count)
  var votes = Tensor([queries.rows, classes])
  for query in 0..<queries.rows {
    let distances = neighbours.distances.row(query)
    // On the unit sphere the cosine is 1 - d²/2; the nearest has weight 1.
    let nearest = distances.first ?? 0
    let weights = distances.map { exp((nearest * nearest - $0 * $0) / 2 / temperature) }
    let sum = weights.reduce(0, +)
    for (neighbour, weight) in zip(neighbours.of(query), weights) {
      votes.values[query * classes + labels[Int(neighbour)]] += weight / sum
    }
  }
  return votes
}
