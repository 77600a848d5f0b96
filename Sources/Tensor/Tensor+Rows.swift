extension Tensor {
  /// The mean of every column over some rows, in double precision; 0 over none.
  public func columnMeans(of rows: some Collection<Int>) -> [Double] {
    var sums = [Double](repeating: 0, count: columns)
    values.withUnsafeBufferPointer { values in
      for row in rows {
        for column in sums.indices { sums[column] += Double(values[row * sums.count + column]) }
      }
    }
    return sums.map { $0 / Double(max(1, rows.count)) }
  }

  /// Every row less another, `[columns]` or `[1, columns]`, such as their mean.
  public func less(_ row: Tensor) -> Tensor {
    var result = self
    let width = columns
    precondition(row.values.count == width, "a row of \(row.shape) from rows of \(shape)")
    result.values.withUnsafeMutableBufferPointer { values in
      for index in values.indices { values[index] -= row.values[index % width] }
    }
    return result
  }

  /// The mean of every `count` rows that follow each other, `[rows / count, columns]`.
  ///
  /// Rows that are left at the end do not count.
  public func meanOfEvery(_ count: Int) -> Tensor {
    let width = columns
    var result = Tensor([rows / count, width])
    for (index, value) in values.enumerated() {
      result.values[index / width / count * width + index % width] += value / Float(count)
    }
    return result
  }

  /// Every row divided by its length; rows of length 0 stay.
  ///
  /// Lengths are summed in double precision. The shape stays.
  public func onUnitSphere() -> Tensor {
    var result = self
    for index in 0..<rows {
      let length = row(index).reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      guard length > 0 else { continue }
      for place in index * columns..<(index + 1) * columns {
        result.values[place] = Float(Double(values[place]) / length)
      }
    }
    return result
  }

  /// Writes the rows of another tensor over the rows at some places, in that order.
  ///
  /// `rows` has as many columns, and as many rows as there are places.
  public mutating func replaceRows(at places: [Int], with rows: Tensor) {
    for (row, place) in places.enumerated() {
      values.replaceSubrange(place * columns..<(place + 1) * columns, with: rows.row(row))
    }
  }
}
