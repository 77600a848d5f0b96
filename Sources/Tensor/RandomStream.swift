import Foundation

/// A reproducible stream of random numbers, chosen by a seed and any number of coordinates.
///
/// Streams with other coordinates are independent, so work can be resumed or run in parallel
/// without carrying a generator's state: `RandomStream(seed, epoch, source)` is the same stream
/// whenever and wherever it is made. The generator is xoshiro256** (Blackman & Vigna 2021), seeded
/// by SplitMix64.
public struct RandomStream: RandomNumberGenerator, Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)
  private var spareNormal: Float?

  /// Chooses the stream of a seed and coordinates.
  ///
  /// Streams of other coordinates are independent of each other: what is drawn for a source does not
  /// hang on how many others there are, nor on their order.
  public init(_ seed: UInt64, _ coordinates: Int...) {
    var mixer = SplitMix64(state: seed)
    for coordinate in coordinates {
      mixer = SplitMix64(state: mixer.next() ^ UInt64(bitPattern: Int64(coordinate)))
    }
    state = (mixer.next(), mixer.next(), mixer.next(), mixer.next())
  }

  public mutating func next() -> UInt64 {
    let result = rotate(state.1 &* 5, 7) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = rotate(state.3, 45)
    return result
  }

  /// A number drawn evenly from `[0, 1)`.
  ///
  /// One of 2²⁴ multiples of 2⁻²⁴.
  public mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// A number drawn evenly from `range`.
  ///
  /// The upper bound comes by rounding alone.
  public mutating func uniform(_ range: ClosedRange<Float>) -> Float {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// A number of the standard normal distribution (Box & Muller 1958, polar form).
  ///
  /// Every second one is the spare of the one before.
  public mutating func normal() -> Float {
    if let spare = spareNormal {
      spareNormal = nil
      return spare
    }
    while true {
      let x = uniform(-1...1)
      let y = uniform(-1...1)
      let square = x * x + y * y
      guard square > 0, square < 1 else { continue }
      let factor = (-2 * log(square) / square).squareRoot()
      spareNormal = y * factor
      return x * factor
    }
  }
}

private struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

private func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 {
  (value << bits) | (value >> (64 - bits))
}
