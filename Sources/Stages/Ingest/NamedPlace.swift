import Astronomy

/// The place that a source's name says, as the IAU asks for it: `J101213.1+334455`, `NVSS J1012+3344`.
struct NamedPlace {
  let position: SkyPosition
  /// To how many degrees the name says it.
  let precision: Double

  /// Farther than this from the place that its name says, no source is called so: names may be of a
  /// host, or of the middle of several components.
  private static let farthest = 0.1

  init?(_ name: String) {
    var name = name
    let place = name.withUTF8 { bytes -> (Double, Double, Double)? in
      guard let start = bytes.lastIndex(of: UInt8(ascii: "J")) else { return nil }
      var rest = bytes[(start + 1)...]
      guard let ra = sexagesimal(&rest), let sign = rest.first else { return nil }
      guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
      rest = rest.dropFirst()
      guard let dec = sexagesimal(&rest), ra.value < 24, dec.value <= 90 else { return nil }
      return (
        ra.value * 15, sign == UInt8(ascii: "-") ? -dec.value : dec.value,
        max(ra.last * 15, dec.last)
      )
    }
    guard let place else { return nil }
    position = SkyPosition(ra: place.0, dec: place.1)
    precision = place.2
  }

  /// Whether a source that is called so can lie at a position.
  func mayBe(_ other: SkyPosition) -> Bool {
    position.separation(from: other) <= Self.farthest + 2 * precision
  }
}

/// Four or six digits with decimals, of 60 minutes of 60 seconds, and how much one of the last is; nil
/// where none stand in front.
private func sexagesimal(
  _ rest: inout Slice<UnsafeBufferPointer<UInt8>>
) -> (value: Double, last: Double)? {
  let digits = rest.prefix { $0 &- 0x30 < 10 }
  guard digits.count == 4 || digits.count == 6 else { return nil }
  let pairs = stride(from: digits.startIndex, to: digits.endIndex, by: 2).map {
    10 * Double(digits[$0] &- 0x30) + Double(digits[$0 + 1] &- 0x30)
  }
  rest = rest.dropFirst(digits.count)
  if rest.first == UInt8(ascii: ".") {
    rest = rest.dropFirst()
    rest = rest.dropFirst(rest.prefix { $0 &- 0x30 < 10 }.count)
  }
  guard pairs.dropFirst().allSatisfy({ $0 < 60 }) else { return nil }
  let value = zip(pairs, [1, 60, 3600]).reduce(0) { $0 + $1.0 / $1.1 }
  return (value, pairs.count == 2 ? 1.0 / 60 : 1.0 / 3600)
}
