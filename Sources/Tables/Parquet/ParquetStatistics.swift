/// The smallest and the largest value of a chunk, by which readers pass over groups of rows.
///
/// Numbers have the least significant byte first. Texts are ordered by their bytes.
struct ParquetStatistics {
  let smallest, largest: [UInt8]

  /// Texts beyond this are not said: they would only swell the footer.
  private static let longest = 256

  /// The statistics, or nil where there are no values.
  init?(_ chunk: ParquetChunk) {
    guard chunk.count > 0 else { return nil }
    switch chunk.column.type {
    case .boolean: self.init(chunk.values, as: UInt8.self, bytes: \.self)
    case .int32: self.init(chunk.values, as: Int32.self, bytes: \.self)
    case .int64: self.init(chunk.values, as: Int64.self, bytes: \.self)
    // By the specification zeros have these signs: readers may not keep them apart.
    case .float:
      self.init(chunk.values, as: Float.self, zeros: (-0.0, 0.0), bytes: \.bitPattern)
    case .double:
      self.init(chunk.values, as: Double.self, zeros: (-0.0, 0.0), bytes: \.bitPattern)
    case .bytes: self.init(texts: chunk)
    }
  }

  /// Of values that stand one after another as the processor has them, which is with the least
  /// significant byte first.
  private init?<Number: Comparable & BitwiseCopyable, Bits: FixedWidthInteger>(
    _ values: [UInt8], as type: Number.Type, zeros: (Number, Number)? = nil,
    bytes: (Number) -> Bits
  ) {
    var range: (Number, Number)?
    values.withUnsafeBytes { raw in
      for place in stride(from: 0, to: raw.count, by: MemoryLayout<Number>.size) {
        let value = raw.loadUnaligned(fromByteOffset: place, as: Number.self)
        let (least, most) = range ?? (value, value)
        range = (min(least, value), max(most, value))
      }
    }
    guard var (least, most) = range else { return nil }
    if let zeros {
      if least == zeros.0 { least = zeros.0 }
      if most == zeros.1 { most = zeros.1 }
    }
    func little(_ number: Number) -> [UInt8] {
      withUnsafeBytes(of: bytes(number).littleEndian) { Array($0) }
    }
    smallest = little(least)
    largest = little(most)
  }

  private init?(texts chunk: ParquetChunk) {
    var range: (ArraySlice<UInt8>, ArraySlice<UInt8>)?
    for text in chunk.texts {
      let bytes = chunk.values[text]
      let (least, most) = range ?? (bytes, bytes)
      range = (
        bytes.lexicographicallyPrecedes(least) ? bytes : least,
        most.lexicographicallyPrecedes(bytes) ? bytes : most
      )
    }
    guard let (least, most) = range, max(least.count, most.count) <= Self.longest else {
      return nil
    }
    smallest = Array(least)
    largest = Array(most)
  }
}
