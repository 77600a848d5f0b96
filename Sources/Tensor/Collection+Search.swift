extension RandomAccessCollection {
  /// The first place whose element, and all after it, belong to the second part of what is sorted;
  /// found by halving.
  @inlinable
  public func partitioningIndex(_ belongs: (Element) throws -> Bool) rethrows -> Index {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = index(low, offsetBy: distance(from: low, to: high) / 2)
      if try belongs(self[middle]) { high = middle } else { low = index(after: middle) }
    }
    return low
  }
}
