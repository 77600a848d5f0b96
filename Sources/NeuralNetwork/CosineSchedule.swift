internal import Foundation

/// A learning rate that rises linearly, then falls by half a cosine (Loshchilov & Hutter 2017,
/// arXiv:1608.03983).
public struct CosineSchedule: Codable, Sendable, Hashable {
  /// The rate after warm-up.
  public var base: Float

  /// Steps over which the rate rises.
  public var warmUpSteps: Int

  /// Steps of the whole training, warm-up included.
  public var totalSteps: Int

  /// A schedule over a number of steps.
  public init(base: Float, warmUpSteps: Int, totalSteps: Int) {
    self.base = base
    self.warmUpSteps = warmUpSteps
    self.totalSteps = totalSteps
  }

  /// The rate of a step, the first being 0.
  public func rate(at step: Int) -> Float {
    if step < warmUpSteps { return base * Float(step + 1) / Float(warmUpSteps) }
    let part = Double(step - warmUpSteps) / Double(max(1, totalSteps - warmUpSteps))
    return base * Float(0.5 * (1 + cos(Double.pi * min(1, part))))
  }
}
