internal import NeuralNetwork
internal import Tensor

/// The gradients of layers on their way to the other ranks: each layer's are summed over the ranks while
/// the backward pass goes on to the layers before it.
///
/// A process by itself has nothing to sum, and nothing is copied.
package final class GradientSums {
  private let ranks: any Ranks
  private let memory: Arena

  /// Sums that were begun and not yet taken, the oldest first.
  private var begun: ArraySlice<Begun> = []

  private struct Begun {
    let sums: UnsafeMutablePointer<Float>
    let wait: () -> Void
  }

  /// Sums over `ranks`, in memory that lives at least as long.
  init(_ ranks: any Ranks, _ memory: Arena) { (self.ranks, self.memory) = (ranks, memory) }

  /// Begins to sum the gradients of a layer, which are complete.
  package func begin(_ layer: inout some Layered) {
    guard ranks.count > 1 else { return }
    var count = 0
    layer.visit { count += $1.gradient.values.count }
    let (values, sums) = (memory.floats(count), memory.floats(count))
    var place = values
    layer.visit { _, parameter in
      place.update(from: parameter.gradient.values, count: parameter.gradient.values.count)
      place += parameter.gradient.values.count
    }
    begun.append(
      Begun(
        sums: sums,
        wait: ranks.beginSum(
          of: UnsafeBufferPointer(start: values, count: count),
          into: UnsafeMutableBufferPointer(start: sums, count: count))))
  }

  /// Gives a layer its sums: layers come in the order in which they began.
  package func end(_ layer: inout some Layered) {
    guard let next = begun.popFirst() else { return }
    next.wait()
    var place = next.sums
    layer.visit { _, parameter in
      let count = parameter.gradient.values.count
      parameter.gradient.values.withUnsafeMutableBufferPointer {
        $0.baseAddress?.update(from: place, count: count)
      }
      place += count
    }
  }
}
