import Foundation
import NeuralNetwork
import Tensor

/// Answers each line of standard input with the seconds that one run of it took, and those of
/// processor time; `memory` with the bytes that the maps of a training step take.
///
/// The lines are
/// - `train WIDTH SIDE STRIDE IMAGES`, with a 1 behind where maps are to be computed again;
/// - `memory` and `embed` with the same;
/// - `forward|backward INPUTS OUTPUTS KERNEL STRIDE SIDE IMAGES`, with a number of tiles behind that
///   is to stand for the kernel table's;
/// - any of these with `bfloat16` behind it, which products are then computed from;
/// - `views SIDE IMAGES STRUCTURAL`, `prepare SIDE CUTOUT IMAGES`.
///
/// What a line needs is made when it is first given, outside the time. Another program can so run its
/// own part in between.
@main
struct EngineBench {
  static func main() {
    var trials: [String: any Trial] = [:]
    while let line = readLine() {
      let words = line.split(separator: " ").map(String.init)
      let numbers = words.dropFirst().compactMap(Int.init)
      let precision = words.last.flatMap(Precision.init(rawValue:)) ?? .float32
      guard let name = words.first, let trial = trials[line] ?? makeTrial(name, numbers, precision)
      else {
        answer("unknown: \(line)")
        continue
      }
      trials = [line: trial]
      if name == "memory" {
        trials[line]?.run()
        answer("\((trials[line] as? TrainingTrial)?.mapMemory ?? 0) 0")
        continue
      }
      let (wall, processor) = (ContinuousClock.now, clock())
      trials[line]?.run()
      let time = ContinuousClock.now - wall
      let used = Double(clock() - processor) / Double(CLOCKS_PER_SEC)
      let seconds =
        Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
      answer("\(seconds) \(used)")
    }
  }

  private static func answer(_ text: String) {
    FileHandle.standardOutput.write(Data("\(text)\n".utf8))
  }

  private static func makeTrial(
    _ name: String, _ numbers: [Int], _ precision: Precision
  ) -> (any Trial)? {
    switch (name, numbers.count) {
    case ("train", 4...5), ("memory", 4...5): TrainingTrial(numbers, precision)
    case ("embed", 4): EmbeddingTrial(numbers, precision)
    case ("views", 3): ViewTrial(numbers)
    case ("prepare", 3): PreparationTrial(numbers)
    case ("forward", 6...7), ("backward", 6...7):
      LayerTrial(numbers, precision, isForward: name == "forward")
    default: nil
    }
  }
}

/// Something to time.
protocol Trial {
  mutating func run()
}

/// An architecture and images as a line's numbers ask for them.
private func network(_ numbers: [Int]) -> (Architecture, Tensor) {
  var architecture = Architecture()
  (architecture.width, architecture.inputSize) = (numbers[0], numbers[1])
  architecture.stemStride = numbers[2]
  var random = RandomStream(1)
  let count = numbers[3] * numbers[1] * numbers[1]
  let values = (0..<count).map { _ in random.uniform() }
  return (architecture, Tensor(shape: [numbers[3], numbers[1], numbers[1], 1], values: values))
}

/// A step of SimCLR: two views of half as many sources as there are images.
struct TrainingTrial: Trial {
  private var model: Projected
  private var optimiser = Optimiser(rule: .lars(momentum: 0.9, trust: 0.02), weightDecay: 1e-4)
  private let images: Tensor

  init(_ numbers: [Int], _ precision: Precision) {
    let (architecture, images) = network(numbers)
    self.images = images
    let width = architecture.embeddingDimension
    model = Projected(
      encoder: Encoder(architecture, seed: 1),
      head: Head(dimensions: [width, width, 128], normalised: true, seed: 2))
    model.encoder.recomputesMaps = numbers.count == 5 && numbers[4] == 1
    model.encoder.precision = precision
  }

  var mapMemory: Int { model.encoder.mapMemory }

  mutating func run() {
    model.visit { $1.gradient = Tensor($1.value.shape) }
    let projections = model.head.forward(model.encoder.forward(images))
    let (_, gradient) = ntXent(projections, temperature: 0.2)
    model.encoder.backward(model.head.backward(gradient))
    optimiser.step(&model, rate: 0.1)
  }
}

/// An encoder with its projector.
struct Projected: Trainable {
  var encoder: Encoder
  var head: Head

  mutating func visit(_ body: (String, inout Parameter) -> Void) {
    encoder.visit { body("encoder." + $0, &$1) }
    head.visit { body("head." + $0, &$1) }
  }

  var state: [String: Tensor] { encoder.state }

  mutating func load(_ state: [String: Tensor]) throws { try encoder.load(state) }
}

struct EmbeddingTrial: Trial {
  private var encoder: Encoder
  private let images: Tensor

  init(_ numbers: [Int], _ precision: Precision) {
    let (architecture, images) = network(numbers)
    self.images = images
    encoder = Encoder(architecture, seed: 1)
    encoder.precision = precision
  }

  func run() { _ = encoder.embed(images) }
}

struct LayerTrial: Trial {
  private var trial: ConvolutionTrial
  private let isForward: Bool

  init(_ numbers: [Int], _ precision: Precision, isForward: Bool) {
    trial = ConvolutionTrial(
      inputs: numbers[0], outputs: numbers[1], kernel: numbers[2], stride: numbers[3],
      side: numbers[4], count: numbers[5], tiles: numbers.count == 7 ? numbers[6] : nil,
      precision: precision)
    self.isForward = isForward
  }

  mutating func run() { isForward ? trial.forward() : trial.backward() }
}
