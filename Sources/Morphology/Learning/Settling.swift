package import NeuralNetwork
package import Tensor

extension Encoder {
  /// The encoder with running statistics that hold for some views: itself, where they do already.
  ///
  /// Those of a short pre-training, or of another survey, may not. Its embeddings would then be of
  /// another scale than those in training, and a head learned over them be of no use there.
  ///
  /// - Parameter views: Batches `[n, side, side, 1]` by number.
  /// - Returns: The same weights, with statistics that hold.
  package func settled(on views: (Int) -> Tensor) -> any Encoder {
    let first = views(0)
    var trained = self
    let scale = trained.adapt(to: first).rootMeanSquare / embed(first).rootMeanSquare
    guard !(0.5...2).contains(scale) else { return self }
    // The momentum of running statistics is 0.1: less than 0.2% of the old ones stays.
    for pass in 1..<60 { _ = trained.adapt(to: views(pass)) }
    return trained
  }
}

extension Tensor {
  fileprivate var rootMeanSquare: Float {
    (values.reduce(0) { $0 + $1 * $1 } / Float(Swift.max(1, values.count))).squareRoot()
  }
}
