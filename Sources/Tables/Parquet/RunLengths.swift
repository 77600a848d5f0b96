/// Small numbers in Parquet's hybrid of repeated and packed values ("RLE" in its specification).
///
/// - Parameters:
///   - numbers: The numbers, each of at most `width` bits.
///   - width: The bits that each takes where they are packed, 1 to 32.
/// - Returns: The bytes.
func runLengths(_ numbers: [some FixedWidthInteger], width: Int) -> [UInt8] {
  var bytes: [UInt8] = []
  /// Where the numbers begin that are to be packed: groups of eight.
  var packed = 0
  var place = 0
  while place < numbers.count {
    let number = numbers[place]
    var end = place + 1
    while end < numbers.count, numbers[end] == number { end += 1 }
    if end - place >= 8 {
      bytes.append(packing: numbers[packed..<place], width: width)
      bytes.append(variable: UInt64(end - place) << 1)
      for byte in 0..<(width + 7) / 8 {
        bytes.append(UInt8(truncatingIfNeeded: number >> (8 * byte)))
      }
      place = end
      packed = place
    } else {
      place = min(place + 8, numbers.count)
    }
  }
  bytes.append(packing: numbers[packed...], width: width)
  return bytes
}

/// The bits that numbers up to `largest` need.
func bitWidth(of largest: Int) -> Int { Int.bitWidth - largest.leadingZeroBitCount }

extension [UInt8] {
  /// Appends a run of numbers in groups of eight, the last one filled up by zeros.
  fileprivate mutating func append<Number: FixedWidthInteger>(
    packing numbers: ArraySlice<Number>, width: Int
  ) {
    guard !numbers.isEmpty else { return }
    let groups = (numbers.count + 7) / 8
    append(variable: UInt64(groups) << 1 | 1)
    append(bits: numbers.lazy.map { UInt64($0) }, width: width)
    let packed = (numbers.count * width + 7) / 8
    append(contentsOf: repeatElement(0, count: groups * width - packed))
  }

  /// Appends the bits of numbers, the least significant first, the last byte filled up by zeros.
  mutating func append(bits numbers: some Sequence<UInt64>, width: Int) {
    var pending: UInt64 = 0
    var count = 0
    for number in numbers {
      pending |= number << count
      count += width
      while count >= 8 {
        append(UInt8(truncatingIfNeeded: pending))
        pending >>= 8
        count -= 8
      }
    }
    if count > 0 { append(UInt8(truncatingIfNeeded: pending)) }
  }
}
