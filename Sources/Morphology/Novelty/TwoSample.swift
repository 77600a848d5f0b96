internal import Foundation
public import Tensor

/// Whether two samples of points come from one distribution, by their energy distance (Székely &
/// Rizzo 2004) and a permutation test.
///
/// The distance is 2 E|x−y| − E|x−x′| − E|y−y′|: 0 only for equal distributions, in any number of
/// dimensions, with nothing to tune.
public struct EnergyTest: Codable, Sendable, Hashable {
  /// The energy distance of the samples, at least 0.
  public let distance: Double

  /// The distance as a part of 2 E|x−y|, its largest value: 0 alike, 1 apart.
  public let inhomogeneity: Double

  /// The part of the divisions of all points by chance that lie at least as far apart, the samples
  /// themselves counted as one of them.
  public let pValue: Double

  /// Compares two samples.
  ///
  /// - Parameters:
  ///   - first: `[m, dimensions]`.
  ///   - second: `[n, dimensions]`; the matrix of all distances is held, so a few thousand in all.
  ///   - permutations: Divisions by chance.
  ///   - seed: Chooses them.
  /// - Throws: `MorphologyError.tooFew` for a sample of fewer than two points.
  public init(_ first: Tensor, _ second: Tensor, permutations: Int = 999, seed: UInt64 = 1) throws {
    let least = min(first.rows, second.rows)
    guard least > 1 else {
      throw MorphologyError.tooFew(what: "points to compare", have: least, need: 2)
    }
    let count = first.rows + second.rows
    let pooled = Tensor(
      shape: [count, first.columns], values: first.values + second.values)
    let distances = CentredDistances(pooled)
    let signs = divisions(first.rows, second.rows, count: permutations, seed: seed)
    let energies = distances.energies(signs)
    distance = max(0, energies[0])
    let across = distances.meanAcross(first.rows)
    inhomogeneity = across > 0 ? min(1, distance / (2 * across)) : 0
    let observed = energies[0] - 1e-7
    let asFar = energies.dropFirst().count { $0 >= observed }
    pValue = Double(1 + asFar) / Double(1 + permutations)
  }
}

/// Weights of points, a column a division: 1/m for the first sample, −1/n for the second.
///
/// The first column is the division that is.
private func divisions(_ m: Int, _ n: Int, count: Int, seed: UInt64) -> Tensor {
  let start =
    [Float](repeating: 1 / Float(m), count: m) + [Float](repeating: -1 / Float(n), count: n)
  var signs = Tensor([m + n, count + 1])
  for column in 0...count {
    var random = RandomStream(seed, column)
    let order = column == 0 ? start : start.shuffled(using: &random)
    for (row, value) in order.enumerated() { signs.values[row * (count + 1) + column] = value }
  }
  return signs
}

/// The distances of points to each other, less their mean: the weights of a division sum to 0, so
/// that nothing changes but the rounding.
private struct CentredDistances {
  var matrix: Tensor
  var mean: Double

  init(_ points: Tensor) {
    let count = points.rows
    matrix = squaredDistances(points, points)
    for place in matrix.values.indices {
      let isSelf = place / count == place % count
      matrix.values[place] = isSelf ? 0 : matrix.values[place].squareRoot()
    }
    mean = matrix.values.reduce(0) { $0 + Double($1) } / Double(count * count)
    for place in matrix.values.indices { matrix.values[place] -= Float(mean) }
  }

  /// The energy distance of each division, by −wᵀ D w.
  func energies(_ weights: Tensor) -> [Double] {
    let products = multiply(matrix, transposed: false, weights, transposed: false)
    var energies = [Double](repeating: 0, count: weights.columns)
    for place in products.values.indices {
      energies[place % weights.columns] -=
        Double(products.values[place]) * Double(weights.values[place])
    }
    return energies
  }

  /// The mean distance from the first points to the others.
  func meanAcross(_ first: Int) -> Double {
    let count = matrix.rows
    let sum = (0..<first).reduce(0.0) { sum, row in
      matrix.row(row).dropFirst(first).reduce(sum) { $0 + Double($1) }
    }
    return sum / Double(first * (count - first)) + mean
  }
}

/// How much of a sample lies outside another, by the distance to the nearest point of the other.
public struct Outside: Codable, Sendable, Hashable {
  /// The distance that `level` of the reference's own points lie within of their nearest neighbour.
  public let radius: Double

  /// The part of the sample that lies farther than that from every point of the reference; 1 − `level`
  /// where both are of one distribution.
  public let share: Double

  /// Which points of the sample lie outside, the farthest first.
  public let rows: [Int]

  /// Compares a sample with a reference.
  ///
  /// - Parameters:
  ///   - sample: `[n, dimensions]`.
  ///   - reference: `[m, dimensions]`.
  ///   - level: In 0..<1.
  /// - Throws: `MorphologyError.tooFew` for a reference of fewer than two points or no sample.
  public init(_ sample: Tensor, of reference: Tensor, level: Double = 0.99) throws {
    guard reference.rows > 1, sample.rows > 0 else {
      throw MorphologyError.tooFew(
        what: "points to compare", have: min(reference.rows, sample.rows), need: 2)
    }
    let own = nearestNeighbours(of: reference, in: reference, count: 1, excludingSelf: true)
    let limit = quantile(own.distances.values.map(Double.init).sorted(), level)
    let found = nearestNeighbours(of: sample, in: reference, count: 1).distances.values
    radius = limit
    rows = found.indices.filter { Double(found[$0]) > limit }
      .sorted { (found[$1], $0) < (found[$0], $1) }
    share = Double(rows.count) / Double(found.count)
  }
}

/// How the classes of two samples differ in frequency.
public struct BalanceShift: Codable, Sendable, Hashable {
  /// Half the sum of the differences of the classes' shares (total variation): the part of one sample
  /// that would have to change its class.
  public let totalVariation: Double

  /// The part of the divisions of all sources by chance that differ at least as much.
  public let pValue: Double

  /// Compares the counts of the same classes.
  ///
  /// - Throws: `MorphologyError.tooFew` for a sample without sources.
  public init(
    _ first: [Int], _ second: [Int], permutations: Int = 999, seed: UInt64 = 1
  ) throws {
    let (m, n) = (first.reduce(0, +), second.reduce(0, +))
    guard min(m, n) > 0 else {
      throw MorphologyError.tooFew(what: "classified sources to compare", have: min(m, n), need: 1)
    }
    totalVariation = variation(first, second)
    let pooled = zip(first, second).enumerated().flatMap { index, counts in
      [Int](repeating: index, count: counts.0 + counts.1)
    }
    let observed = totalVariation - 1e-9
    let asFar = (0..<permutations).count { round in
      var random = RandomStream(seed, round)
      var drawn = [Int](repeating: 0, count: first.count)
      for index in pooled.shuffled(using: &random).prefix(m) { drawn[index] += 1 }
      let rest = zip(zip(first, second), drawn).map { $0.0 + $0.1 - $1 }
      return variation(drawn, rest) >= observed
    }
    pValue = Double(1 + asFar) / Double(1 + permutations)
  }
}

private func variation(_ first: [Int], _ second: [Int]) -> Double {
  let (m, n) = (Double(first.reduce(0, +)), Double(second.reduce(0, +)))
  return zip(first, second).reduce(0) { $0 + abs(Double($1.0) / m - Double($1.1) / n) } / 2
}
