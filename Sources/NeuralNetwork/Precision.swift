/// What the products of 3×3 convolutions are computed from.
///
/// It is a way to compute, not part of what a network is: weights, maps, sums, statistics and
/// optimiser are float32 in either, and a model learned in one can be used in the other.
public enum Precision: String, Codable, Sendable, CaseIterable {
  /// 24 significant bits.
  case float32

  /// 8 significant bits, to which both factors of a product are rounded: less time, and an error of
  /// 1.1% of the root mean square of a layer's output.
  case bfloat16
}
