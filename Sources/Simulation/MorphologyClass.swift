public import Tensor

/// The classes of scheme 'morphology-12', named as it names them.
public enum MorphologyClass: String, Codable, Sendable, Hashable, CaseIterable {
  case artifact
  case amorphous
  case brightCore = "bright core"
  case headTail = "head-tail"
  case singleLobe = "single lobe"
  case centreBright = "centre-bright"
  case ellipse = "c. p. ellipse"
  case symmetricDouble = "symmetric double"
  case edgeBright = "edge-bright"
  case diffuseBent = "diffuse bent"
  case structuredBent = "structured bent"
  case circularDiffuse = "circular diffuse"
}

/// How often each class is drawn.
public struct ClassFrequencies: Codable, Sendable, Hashable {
  /// Shares by class, in the order of ``MorphologyClass``; they add up to 1.
  public let shares: [Float]

  /// Every class as often as any other.
  public static let even = ClassFrequencies { _ in 1 }

  /// Common and rare classes, as a flux-limited survey has them; the figures are our own choice.
  public static let uneven = ClassFrequencies { kind in
    switch kind {
    case .symmetricDouble, .ellipse: 14
    case .edgeBright, .centreBright: 12
    case .brightCore: 10
    case .singleLobe, .amorphous: 7
    case .artifact: 6
    case .headTail, .diffuseBent: 5
    case .structuredBent, .circularDiffuse: 4
    }
  }

  private init(_ weight: (MorphologyClass) -> Float) {
    let weights = MorphologyClass.allCases.map(weight)
    let total = weights.reduce(0, +)
    shares = weights.map { $0 / total }
  }

  /// Draws a class.
  public func draw(_ random: inout RandomStream) -> MorphologyClass {
    var left = random.uniform()
    for (kind, share) in zip(MorphologyClass.allCases, shares) {
      left -= share
      if left < 0 { return kind }
    }
    return .circularDiffuse
  }
}
