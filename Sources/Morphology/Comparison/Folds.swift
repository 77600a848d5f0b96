internal import Foundation
package import Tensor

/// Divides sources into folds so that no group is torn and every fold has its share of every class.
///
/// Groups go, the largest first, each to the fold that leaves the class shares most even.
///
/// - Parameters:
///   - classes: The class of each source, from 0.
///   - groups: Sources of one group (components of one source, pictures of one galaxy) share a
///     number.
///   - folds: How many, at least 2.
///   - seed: Chooses the order among groups of one size.
/// - Returns: The fold of each source, in `0..<folds`.
public func stratifiedFolds(classes: [Int], groups: [Int], folds: Int, seed: UInt64) -> [Int] {
  let width = (classes.max() ?? 0) + 1
  var members: [Int: [Int]] = [:]
  for (row, group) in groups.enumerated() { members[group, default: []].append(row) }
  var random = RandomStream(seed)
  let order = members.values.sorted { $0[0] < $1[0] }.shuffled(using: &random)
    .enumerated().sorted { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }
  var totals = [Double](repeating: 0, count: width)
  for index in classes { totals[index] += 1 }
  var shares = [[Double]](repeating: [Double](repeating: 0, count: width), count: folds)
  var result = [Int](repeating: 0, count: classes.count)
  for (_, rows) in order {
    let fold = evenest(shares, adding: rows.map { classes[$0] }, totals: totals)
    for row in rows {
      result[row] = fold
      shares[fold][classes[row]] += 1 / totals[classes[row]]
    }
  }
  return result
}

/// The fold whose growth keeps the squares of the class shares smallest; of equals, the emptiest.
private func evenest(_ shares: [[Double]], adding classes: [Int], totals: [Double]) -> Int {
  let costs = shares.map { share in
    var grown = share
    for index in classes { grown[index] += 1 / totals[index] }
    return zip(grown, share).reduce(0) { $0 + $1.0 * $1.0 - $1.1 * $1.1 }
  }
  let sums = shares.map { $0.reduce(0, +) }
  return costs.indices.min { (costs[$0], sums[$0], $0) < (costs[$1], sums[$1], $1) } ?? 0
}

/// Rows in an order that meets classes at an even pace, `count` of them; a class is gone through
/// again and again, each time in another order.
///
/// - Parameters:
///   - rows: What to put in order.
///   - classes: The class of every row that there is.
///   - count: The length of the order.
///   - balance: How far classes are brought to equal shares: the share of a class of n members goes
///     with n to the power of 1 − balance.
///   - random: Where chance comes from.
/// - Returns: Rows, each many times or never.
package func balancedOrder(
  _ rows: [Int], classes: [Int], count: Int, balance: Float, using random: inout RandomStream
) -> [Int] {
  var members: [Int: [Int]] = [:]
  for row in rows { members[classes[row], default: []].append(row) }
  let present = members.keys.sorted()
  let decks = present.map { members[$0] ?? [] }
  let weights = decks.map { pow(Float($0.count), 1 - balance) }
  let shares = weights.map { $0 / weights.reduce(0, +) }
  var left = decks.map { _ in [Int]() }
  var due = decks.map { _ in random.uniform() }
  return (0..<count).compactMap { _ in
    for place in due.indices { due[place] += shares[place] }
    guard let next = due.indices.max(by: { due[$0] < due[$1] }) else { return nil }
    due[next] -= 1
    if left[next].isEmpty { left[next] = decks[next].shuffled(using: &random) }
    return left[next].popLast()
  }
}
