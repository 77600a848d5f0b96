import Foundation

extension Double {
  /// As a coordinate of a drawing: to a hundredth, without what it does not need.
  var coordinate: String {
    guard isFinite else { return "0" }
    let text = String((self * 100).rounded() / 100 + 0)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

/// A number with so many decimals, as `0.75`.
func fixed(_ value: some BinaryFloatingPoint, _ places: Int) -> String {
  String(format: "%.\(places)f", Double(value))
}

/// A probability as a part of a hundred, as `85%`, with the decimals it needs.
func percent(_ value: Float) -> String { String(format: "%.4g%%", Double(value) * 100) }
