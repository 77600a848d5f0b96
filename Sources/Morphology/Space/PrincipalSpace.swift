internal import Foundation
public import Tensor

/// The space in which sources are compared: neighbours, clusters, their map and suggestions are made there.
///
/// Embeddings go to the unit sphere, through PCA, and to the unit sphere again. A contrastive encoder puts most of the
/// variance in a few components, so that distances between embeddings as they are would hardly see the others: before
/// the last step each component's deviation σ becomes σ^(1 − w), with w the whitening.
public struct PrincipalSpace: Sendable {
  /// What decides the space besides the embeddings.
  public struct Options: Codable, Sendable, Hashable {
    /// Principal components kept.
    public var components = 64

    /// How far the components' deviations are made even: 0 not at all, 1 wholly.
    public var whitening = 0.75

    /// The defaults.
    public init() {}

    /// Another number of components and whitening.
    public init(components: Int, whitening: Double) {
      (self.components, self.whitening) = (components, whitening)
    }
  }

  /// The part of the variance that the components hold.
  public let keptVariance: Double

  private let principal: PrincipalAxes

  /// Finds the components of embeddings `[n, dimensions]`, which need no labels.
  ///
  /// - Throws: `MorphologyError` for fewer than two embeddings or embeddings that are not finite.
  public init(fitting embeddings: Tensor, options: Options = Options()) throws {
    guard embeddings.rows > 1 else {
      throw MorphologyError.tooFew(what: "embeddings", have: embeddings.rows, need: 2)
    }
    guard embeddings.values.allSatisfy(\.isFinite) else {
      throw MorphologyError.badOptions("an embedding is not finite: embed again")
    }
    let pca = PCA(
      fitting: embeddings.onUnitSphere(),
      components: min(options.components, embeddings.rows - 1))
    keptVariance = pca.varianceRatios.reduce(0, +)
    principal = PrincipalAxes(pca, whitening: options.whitening)
  }

  /// Restores a space; `nil` for tensors that do not go together.
  ///
  /// - Parameters:
  ///   - mean: As ``mean`` was.
  ///   - axes: As ``axes`` were.
  ///   - keptVariance: The part of the variance that the components hold.
  public init?(mean: Tensor, axes: Tensor, keptVariance: Double) {
    guard let axes = PrincipalAxes(mean: mean, axes: axes) else { return nil }
    (principal, self.keptVariance) = (axes, keptVariance)
  }

  /// The mean of the embeddings that it was found from, on the unit sphere, `[dimensions]`.
  public var mean: Tensor { principal.mean }

  /// The components, each divided by σ to the power of the whitening, `[components, dimensions]`.
  public var axes: Tensor { principal.axes }

  /// Where embeddings `[n, dimensions]` lie: `[n, components]`, each row of length 1.
  public func points(of embeddings: Tensor) -> Tensor {
    principal.coordinates(of: embeddings.onUnitSphere()).onUnitSphere()
  }
}

extension Tensor {
  /// Where these embeddings lie in the space of their own components.
  ///
  /// - Throws: `MorphologyError` for fewer than two embeddings or embeddings that are not finite.
  public func inPrincipalSpace(_ options: PrincipalSpace.Options = .init()) throws -> Tensor {
    try PrincipalSpace(fitting: self, options: options).points(of: self)
  }
}
