internal import CKernels
internal import Tensor

/// How the noise of a cutout is estimated from its finite pixels.
public enum NoiseEstimator: String, Codable, Sendable, CaseIterable {
  /// 1.4826 times the median absolute deviation from the median.
  case medianAbsoluteDeviation

  /// The standard deviation after clipping at 3σ about the median until nothing changes.
  case clippedDeviation

  /// The noise of `pixels`, in their unit.
  ///
  /// It is 0 for pixels that were clipped before: where more than 30% share the lowest value. Of
  /// many pixels only every so many-th is looked at: at least 16,384.
  public func sigma(of pixels: [Float]) -> Float {
    let step = max(1, pixels.count / 16_384)
    let pixels = step == 1 ? pixels : stride(from: 0, to: pixels.count, by: step).map { pixels[$0] }
    guard let lowest = pixels.min() else { return 0 }
    let atFloor = pixels.reduce(0) { $0 + ($1 == lowest ? 1 : 0) }
    guard Double(atFloor) <= 0.3 * Double(pixels.count) else { return 0 }
    switch self {
    case .medianAbsoluteDeviation: return deviation(pixels)
    case .clippedDeviation: return clipped(pixels)
    }
  }
}

private func deviation(_ pixels: [Float]) -> Float {
  let centre = reber_median(pixels, pixels.count)
  return 1.4826 * reber_median_distance(pixels, pixels.count, centre)
}

private func clipped(_ pixels: [Float]) -> Float {
  var kept = pixels.sorted()[...]
  var sigma: Float = 0
  for _ in 0..<20 {
    let centre = middle(kept)
    sigma = standardDeviation(kept)
    let first = kept.partitioningIndex { $0 >= centre - 3 * sigma }
    let last = kept.partitioningIndex { $0 > centre + 3 * sigma }
    guard last > first, last - first < kept.count else { break }
    kept = kept[first..<last]
  }
  return sigma
}

private func standardDeviation(_ values: ArraySlice<Float>) -> Float {
  let count = Double(values.count)
  let mean = values.reduce(0) { $0 + Double($1) } / count
  let squares = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
  return Float((squares / count).squareRoot())
}

/// The median of what is sorted, or 0 of nothing.
private func middle(_ sorted: ArraySlice<Float>) -> Float {
  guard !sorted.isEmpty else { return 0 }
  let upper = sorted.startIndex + sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[upper] : (sorted[upper - 1] + sorted[upper]) / 2
}
