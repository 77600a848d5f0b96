package import Tensor

extension Tensor {
  /// The mean of every column, of some rows.
  package func mean(of rows: [Int]) -> [Float] {
    var sums = [Double](repeating: 0, count: columns)
    for index in rows {
      for (column, value) in row(index).enumerated() { sums[column] += Double(value) }
    }
    return sums.map { Float($0 / Double(max(1, rows.count))) }
  }

  /// Writes the rows of another tensor over the rows at some places, in that order.
  package mutating func replaceRows(at places: [Int], with rows: Tensor) {
    for (row, place) in places.enumerated() {
      values.replaceSubrange(place * columns..<(place + 1) * columns, with: rows.row(row))
    }
  }
}
