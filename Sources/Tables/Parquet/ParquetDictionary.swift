/// The texts of a chunk as numbers into a list of those that differ.
struct ParquetDictionary {
  /// The texts that differ, in the order in which they come, in Parquet's encoding PLAIN.
  private(set) var entries: [UInt8] = []
  /// How many there are.
  private(set) var count = 0
  /// For each text, its place among them.
  private(set) var indices: [UInt32] = []

  /// Makes a dictionary, where it is worth it: texts stand twice in the mean.
  init?(_ chunk: ParquetChunk) {
    guard chunk.column.type == .bytes, chunk.count > 0 else { return nil }
    let texts = chunk.texts
    var places: [ArraySlice<UInt8>: UInt32] = [:]
    indices.reserveCapacity(texts.count)
    for text in texts {
      let bytes = chunk.values[text]
      if let place = places[bytes] {
        indices.append(place)
        continue
      }
      guard count <= texts.count / 2, count < 512 || count <= indices.count / 2 else { return nil }
      places[bytes] = UInt32(count)
      indices.append(UInt32(count))
      entries += chunk.values[text.lowerBound - 4..<text.upperBound]
      count += 1
    }
  }

  /// The indices as a page has them, behind the bits that each takes.
  var encoded: [UInt8] {
    let width = max(1, bitWidth(of: count - 1))
    return [UInt8(width)] + runLengths(indices, width: width)
  }
}
