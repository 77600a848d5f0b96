internal import Foundation
public import Tensor

/// The normalised temperature-scaled cross-entropy of pairs of views.
///
/// Chen et al. 2020 (arXiv:2002.05709). Rows i and i + n/2 are two views of one source; all other
/// rows are others: n is even, and at least 4 for there to be some. Each row's loss is
/// −log of exp(cos(i, pair) / t) over the sum of exp(cos(i, k) / t) for all k but i.
///
/// Of several ranks each has both views of its sources, and all rows of all ranks are the others. With
/// p(i, k) the part of exp(cos(i, k) / t) in the sum of row i, the derivative of the mean by cos(i, k) / t
/// is p(i, k) + p(k, i), less 2 for a pair, over the number of rows: a rank needs no more of the others
/// than their rows and their sums.
public struct NTXent: Loss {
  /// t.
  public var temperature: Float

  /// The loss of a temperature.
  public init(temperature: Float) { self.temperature = temperature }

  public func callAsFunction(
    _ outputs: Tensor, among ranks: any Ranks
  ) -> (value: Float, gradient: Tensor) {
    let count = outputs.rows
    precondition(count.isMultiple(of: 2), "an odd number of views")
    let (units, lengths) = unitRows(outputs)
    let (all, own) = ranks.gather(units)
    var slopes = multiply(units, transposed: false, all, transposed: true)
    for index in slopes.values.indices { slopes.values[index] /= temperature }
    // A view is not compared with itself; exp of this is 0.
    for row in 0..<count { slopes.values[row * all.rows + own.lowerBound + row] = -1e9 }
    let sums = (0..<count).map { Float(logarithmOfSum(slopes.row($0))) }
    let allSums = ranks.gather(Tensor(shape: [count, 1], values: sums)).rows.values
    var loss = 0.0
    for row in 0..<count {
      let pair = own.lowerBound + (row + count / 2) % count
      let start = row * all.rows
      loss += Double(sums[row] - slopes.values[start + pair])
      for column in allSums.indices {
        let logit = slopes.values[start + column]
        slopes.values[start + column] =
          (exp(logit - sums[row]) + exp(logit - allSums[column])) / Float(all.rows)
      }
      slopes.values[start + pair] -= 2 / Float(all.rows)
    }
    let gradient = multiply(slopes, transposed: false, all, transposed: false)
    return (
      Float(ranks.sum(loss) / Double(all.rows)),
      gradient.across(units, lengths: lengths.map { temperature * $0 })
    )
  }
}

extension Tensor {
  /// The part of each row across that of `units`, over its length.
  fileprivate func across(_ units: Tensor, lengths: [Float]) -> Tensor {
    var result = self
    for row in 0..<rows {
      let cells = row * columns..<(row + 1) * columns
      let along = cells.reduce(Float(0)) { $0 + values[$1] * units.values[$1] }
      for cell in cells {
        result.values[cell] = (values[cell] - along * units.values[cell]) / lengths[row]
      }
    }
    return result
  }
}

/// Rows of unit length, and the lengths they had.
private func unitRows(_ rows: Tensor) -> (units: Tensor, lengths: [Float]) {
  let lengths = squaredNorms(rows).map { max(1e-8, $0.squareRoot()) }
  var units = rows
  for index in units.values.indices { units.values[index] /= lengths[index / rows.columns] }
  return (units, lengths)
}
