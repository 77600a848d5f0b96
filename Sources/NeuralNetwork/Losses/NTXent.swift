public import Tensor

/// The normalised temperature-scaled cross-entropy of pairs of views.
///
/// Chen et al. 2020 (arXiv:2002.05709). Rows i and i + n/2 are two views of one source; all other
/// rows are others: n is even, and at least 4 for there to be some. Each row's loss is
/// −log of exp(cos(i, pair) / t) over the sum of exp(cos(i, k) / t) for all k but i.
public struct NTXent: Loss {
  /// t.
  public var temperature: Float

  /// The loss of a temperature.
  public init(temperature: Float) { self.temperature = temperature }

  public func callAsFunction(_ outputs: Tensor) -> (value: Float, gradient: Tensor) {
    let count = outputs.rows
    precondition(count.isMultiple(of: 2), "an odd number of views")
    let (units, lengths) = unitRows(outputs)
    var logits = multiply(units, transposed: false, units, transposed: true)
    for index in logits.values.indices { logits.values[index] /= temperature }
    // A view is not compared with itself; exp of this is 0.
    for row in 0..<count { logits.values[row * count + row] = -1e9 }
    let (loss, slope) = CrossEntropy(classes: (0..<count).map { ($0 + count / 2) % count })(logits)
    var gradient = multiply(symmetric(slope), transposed: false, units, transposed: false)
    let columns = gradient.columns
    for row in 0..<count {
      let cells = row * columns..<(row + 1) * columns
      let along = cells.reduce(Float(0)) { $0 + gradient.values[$1] * units.values[$1] }
      for cell in cells {
        gradient.values[cell] =
          (gradient.values[cell] - along * units.values[cell]) / (temperature * lengths[row])
      }
    }
    return (loss, gradient)
  }
}

/// Rows of unit length, and the lengths they had.
private func unitRows(_ rows: Tensor) -> (units: Tensor, lengths: [Float]) {
  let lengths = (0..<rows.rows).map { row in
    max(1e-8, rows.row(row).reduce(0) { $0 + $1 * $1 }.squareRoot())
  }
  var units = rows
  for index in units.values.indices { units.values[index] /= lengths[index / rows.columns] }
  return (units, lengths)
}

/// A square matrix plus its transpose.
private func symmetric(_ matrix: Tensor) -> Tensor {
  let count = matrix.rows
  return Tensor(shape: matrix.shape) { target in
    for row in 0..<count {
      for column in 0..<count {
        target[row * count + column] =
          matrix.values[row * count + column] + matrix.values[column * count + row]
      }
    }
  }
}
