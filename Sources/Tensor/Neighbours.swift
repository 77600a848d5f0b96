/// The nearest of some reference points for each of some queries.
///
/// Distances are Euclidean; of references that are as near the first counts.
public struct Neighbours: Sendable, Equatable {
  /// How many neighbours each query has.
  public let count: Int

  /// Rows of the references, nearest first, `count` a query; the lower row where distances tie.
  public let indices: [Int32]

  /// Euclidean distances, `[queries, count]`.
  public let distances: Tensor

  /// The neighbours of one query, nearest first.
  ///
  /// They are rows of the references, `count` of them.
  public func of(_ query: Int) -> ArraySlice<Int32> {
    indices[query * count..<(query + 1) * count]
  }
}

/// Finds the nearest references of every query, exactly, by matrix products.
///
/// - Parameters:
///   - queries: `[n, dimensions]`.
///   - references: `[m, dimensions]`.
///   - count: How many neighbours, at most `m`.
///   - excludingSelf: Whether reference `i` is left out for query `i`, for a cloud against itself.
/// - Returns: The neighbours, nearest first.
public func nearestNeighbours(
  of queries: Tensor, in references: Tensor, count: Int, excludingSelf: Bool = false
) -> Neighbours {
  let count = max(0, min(count, references.rows - (excludingSelf ? 1 : 0)))
  let squares = squaredNorms(references)
  var indices = [Int32](repeating: 0, count: queries.rows * count)
  var distances = [Float](repeating: 0, count: queries.rows * count)
  indices.withUnsafeMutableBufferPointer { indices in
    distances.withUnsafeMutableBufferPointer { distances in
      nonisolated(unsafe) let indices = indices
      nonisolated(unsafe) let distances = distances
      parallel(over: queries.rows, chunk: 256) { _, rows in
        let block = queries.rows(at: rows)
        let products = multiply(block, transposed: false, references, transposed: true)
        for (offset, row) in rows.enumerated() {
          var ranking = Ranking(count: count)
          for (reference, product) in products.row(offset).enumerated()
          where !(excludingSelf && reference == row) {
            ranking.offer(squares[reference] - 2 * product, Int32(reference))
          }
          let exact = ranking.byDistance(of: block.row(offset), in: references)
          for (rank, neighbour) in exact.enumerated() {
            indices[row * count + rank] = neighbour.index
            distances[row * count + rank] = neighbour.distance
          }
        }
      }
    }
  }
  return Neighbours(
    count: count, indices: indices,
    distances: Tensor(shape: [queries.rows, count], values: distances))
}

/// The lowest few of many offers, in order.
private struct Ranking {
  let count: Int
  var keys: [Float] = []
  var indices: [Int32] = []

  init(count: Int) { self.count = count }

  mutating func offer(_ key: Float, _ index: Int32) {
    if keys.count == count {
      guard let last = keys.last, key < last else { return }
      keys.removeLast()
      indices.removeLast()
    }
    var place = keys.count
    while place > 0, keys[place - 1] > key { place -= 1 }
    keys.insert(key, at: place)
    indices.insert(index, at: place)
  }

  /// The references that are left, with their distances from a query, computed anew: the products
  /// of long vectors round away what tells near ones apart.
  func byDistance(
    of query: ArraySlice<Float>, in references: Tensor
  ) -> [(index: Int32, distance: Float)] {
    indices.map { ($0, squaredDistance(query, references.row(Int($0))).squareRoot()) }
      .sorted { ($0.1, $0.0) < ($1.1, $1.0) }
  }
}
