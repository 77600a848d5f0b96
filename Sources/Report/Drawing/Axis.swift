import Foundation

/// An axis of a plot.
package struct Axis: Sendable, Equatable {
  /// What is measured along it, with its unit.
  var title: String

  /// The values at its ends; the lower end is smaller.
  var range: ClosedRange<Double>

  /// Where it is marked.
  package var ticks: [Tick]

  /// A mark.
  package struct Tick: Sendable, Equatable {
    /// Where it stands.
    package var value: Double
    /// What stands by it.
    package var label: String
  }

  /// An axis that is marked at about five round numbers.
  package init(_ title: String, _ range: ClosedRange<Double>) {
    self.title = title
    self.range =
      range.lowerBound < range.upperBound ? range : range.lowerBound...range.lowerBound + 1
    ticks = roundTicks(self.range)
  }

  /// An axis with marks of its own.
  init(_ title: String, _ range: ClosedRange<Double>, ticks: [Tick]) {
    self.init(title, range)
    self.ticks = ticks
  }

  /// How far along the axis a value is, 0 at its lower and 1 at its upper end.
  func part(_ value: Double) -> Double {
    (value - range.lowerBound) / (range.upperBound - range.lowerBound)
  }
}

/// Multiples of 1, 2 or 5 times a power of ten inside a range, about five of them.
private func roundTicks(_ range: ClosedRange<Double>) -> [Axis.Tick] {
  let rough = (range.upperBound - range.lowerBound) / 5
  let power = pow(10, floor(log10(rough)))
  let step = power * ([1, 2, 5].first { $0 * power >= rough * 0.999 } ?? 10)
  let places = max(0, Int(-floor(log10(step) + 1e-9)))
  let first = Int((range.lowerBound / step - 1e-9).rounded(.up))
  let last = Int((range.upperBound / step + 1e-9).rounded(.down))
  guard first <= last else { return [] }
  return (first...last).map {
    Axis.Tick(value: Double($0) * step, label: fixed(Double($0) * step, places))
  }
}
