import Engines
import Foundation
import NeuralNetwork
import ONNX
import Tensor
import WinogradEngine

#if REBER_ONEDNN
import OneDNNEngine
#endif

/// Answers each line of standard input with the seconds that one run of it took, those of processor
/// time, those of them in the system's kernel, and the pages that it asked for; `memory` with the bytes that the maps of a training step take.
///
/// The lines are
/// - `train WIDTH SIDE STRIDE IMAGES`, with a 1 behind where maps are to be computed again;
/// - `memory` and `embed` with the same;
/// - `forward|backward INPUTS OUTPUTS KERNEL STRIDE SIDE IMAGES`, with a number of tiles behind that
///   is to stand for the kernel table's;
/// - any of these with `bfloat16` behind it, which products are then computed from;
/// - `train` and `embed` with `onednn` behind all that, if the program was built with it;
/// - `views SIDE IMAGES STRUCTURAL`, `prepare SIDE CUTOUT IMAGES`.
///
/// What a line needs is made when it is first given, outside the time. Another program can so run its
/// own part in between.
///
/// `engine-bench chosen` says how this program computes here where nothing else is said, and
/// `engine-bench network WIDTH SIDE STRIDE FILE` writes an encoder as ONNX for other programs.
///
/// `engine-bench ranks WIDTH SIDE STRIDE IMAGES STEPS` trains as what mpirun starts: see `RankTrial`.
@main
struct EngineBench {
  static func main() throws {
    let words = CommandLine.arguments.dropFirst()
    let numbers = words.compactMap { Int($0) }
    switch words.first {
    case "ranks": return try RankTrial.run(numbers)
    case "chosen": return print(FittingEngine().way(of: FittingEngine().fastest))
    case "network": return try writeNetwork(numbers, to: words.last ?? "")
    default: break
    }
    var trials: [String: any Trial] = [:]
    while let line = readLine() {
      let words = line.split(separator: " ").map(String.init)
      let numbers = words.dropFirst().compactMap(Int.init)
      let precision = words.lazy.compactMap(Precision.init(rawValue:)).first ?? .float32
      // Held here alone: a copy would have to be made of what a run changes.
      if trials[line] == nil, let name = words.first, let engine = engine(words.last) {
        let trial = makeTrial(name, numbers, precision, engine)
        trials = trial.map { [line: $0] } ?? [:]
      }
      guard let name = words.first, trials[line] != nil else {
        answer("unknown: \(line)")
        continue
      }
      if name == "memory" {
        trials[line]?.run()
        answer("\((trials[line] as? TrainingTrial)?.mapMemory ?? 0) 0")
        continue
      }
      let (wall, before) = (ContinuousClock.now, Usage.now)
      trials[line]?.run()
      let (seconds, used) = ((ContinuousClock.now - wall) / .seconds(1), Usage.now)
      answer(
        "\(seconds) \(used.processor - before.processor) \(used.kernel - before.kernel) "
          + "\(used.pages - before.pages)")
    }
  }

  private static func writeNetwork(_ numbers: [Int], to file: String) throws {
    let architecture = shape(numbers + [0]).0
    let encoder = try WinogradEngine().encoder(architecture, precision: .float32, seed: 1)
    let bytes = try encodeONNX(architecture, weights: encoder.state, probabilities: nil)
    try Data(bytes).write(to: URL(filePath: file))
  }

  /// The engine that a line's last word names.
  private static func engine(_ word: String?) -> (any Engine)? {
    guard word == "onednn" else { return WinogradEngine() }
    #if REBER_ONEDNN
    return OneDNNEngine()
    #else
    return nil
    #endif
  }

  private static func answer(_ text: String) {
    FileHandle.standardOutput.write(Data("\(text)\n".utf8))
  }

  private static func makeTrial(
    _ name: String, _ numbers: [Int], _ precision: Precision, _ engine: any Engine
  ) -> (any Trial)? {
    switch (name, numbers.count) {
    case ("train", 4...5), ("memory", 4...5): TrainingTrial(numbers, precision, by: engine)
    case ("embed", 4): EmbeddingTrial(numbers, precision, by: engine)
    case ("views", 3): ViewTrial(numbers)
    case ("prepare", 3): PreparationTrial(numbers)
    case ("forward", 6...7), ("backward", 6...7):
      LayerTrial(numbers, precision, isForward: name == "forward")
    default: nil
    }
  }
}

/// What the process has used so far.
private struct Usage {
  /// Seconds of processor time of all threads, and of these in the kernel.
  let processor: Double
  let kernel: Double

  /// Pages that were asked for.
  let pages: Int

  static var now: Usage {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
    let kernel = seconds(usage.ru_stime)
    return Usage(
      processor: seconds(usage.ru_utime) + kernel, kernel: kernel, pages: usage.ru_minflt)
  }
}

/// Something to time.
protocol Trial {
  mutating func run()
}

/// An architecture and images as a line's numbers ask for them.
private func shape(_ numbers: [Int]) -> (Architecture, Tensor) {
  var architecture = Architecture()
  (architecture.width, architecture.inputSize) = (numbers[0], numbers[1])
  architecture.stemStride = numbers[2]
  var random = RandomStream(1)
  let count = numbers[3] * numbers[1] * numbers[1]
  let values = (0..<count).map { _ in random.uniform() }
  return (architecture, Tensor(shape: [numbers[3], numbers[1], numbers[1], 1], values: values))
}

/// A step of SimCLR: two views of half as many sources as there are images, of which each rank has its
/// share.
struct TrainingTrial: Trial {
  private var network: any Network
  private let images: Tensor
  private let ranks: any Ranks

  init?(
    _ numbers: [Int], _ precision: Precision, by engine: any Engine = WinogradEngine(),
    among ranks: any Ranks = Alone()
  ) {
    let (architecture, images) = shape(numbers)
    let sources = ranks.share(of: images.rows / 2)
    let isSparing = numbers.count == 5 && numbers[4] == 1
    let engine = isSparing ? engine.sparingMemory : engine
    guard let encoder = try? engine.encoder(architecture, precision: precision, seed: 1) else {
      return nil
    }
    self.images = images.rows(at: sources.flatMap { [2 * $0, 2 * $0 + 1] })
    self.ranks = ranks
    network = encoder.network(
      head: HeadShape([architecture.embeddingDimension, 128], isNormalised: true), seed: 2,
      optimiser: Optimiser(.lars(momentum: 0.9, trust: 0.02), weightDecay: 1e-4))
  }

  var mapMemory: Int { WinogradEngine.mapMemory(of: network) }

  mutating func run() {
    _ = network.learn(
      from: images, under: NTXent(temperature: 0.2), rate: 0.1, among: ranks)
  }
}

struct EmbeddingTrial: Trial {
  private let encoder: any Encoder
  private let images: Tensor

  init?(_ numbers: [Int], _ precision: Precision, by engine: any Engine) {
    let (architecture, images) = shape(numbers)
    let encoder = try? engine.encoder(architecture, precision: precision, seed: 1)
    guard let encoder else { return nil }
    (self.encoder, self.images) = (encoder, images)
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
