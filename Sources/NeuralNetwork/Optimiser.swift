/// How weights move against their gradients.
public struct Optimiser: Sendable, Hashable {
  /// How weights move; a weight is w, its gradient g, the rate η, the decay λ, and v what is
  /// remembered.
  public enum Rule: Codable, Sendable, Hashable {
    /// Stochastic gradient descent with momentum: v ← m v + g + λ w, w ← w − η v.
    case sgd(momentum: Float)

    /// Layer-wise adaptive rates (You et al. 2017, arXiv:1708.03888):
    /// v ← m v + η τ |w| / (|g| + λ |w|) (g + λ w), w ← w − v; for biases and normalisation
    /// v ← m v + η g.
    case lars(momentum: Float, trust: Float)

    /// Adam (Kingma & Ba 2015, arXiv:1412.6980) with decoupled decay (Loshchilov & Hutter 2019,
    /// arXiv:1711.05101); β 0.9 and 0.999, ε 1e-8.
    case adam
  }

  /// How weights move.
  public var rule: Rule

  /// λ, for all but biases and normalisation.
  public var weightDecay: Float

  /// Chooses an optimiser.
  public init(_ rule: Rule = .adam, weightDecay: Float = 0) {
    self.rule = rule
    self.weightDecay = weightDecay
  }
}
