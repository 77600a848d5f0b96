internal import Tensor

/// Which sources each step learns from: all of them in another order every epoch.
///
/// The last incomplete batch of an epoch is left out.
struct StepOrder: Sendable {
  let sources: Int
  let batchSize: Int
  let seed: UInt64

  private var shuffled: (epoch: Int, sources: [Int]) = (-1, [])

  init(sources: Int, batchSize: Int, seed: UInt64) {
    self.sources = sources
    self.batchSize = batchSize
    self.seed = seed
  }

  var stepsPerEpoch: Int { sources / batchSize }

  /// The sources of a step.
  mutating func sources(of step: Int) -> [Int] {
    let epoch = step / stepsPerEpoch
    if shuffled.epoch != epoch {
      var random = RandomStream(seed, epoch)
      shuffled = (epoch, (0..<sources).shuffled(using: &random))
    }
    let start = step % stepsPerEpoch * batchSize
    return Array(shuffled.sources[start..<start + batchSize])
  }
}
