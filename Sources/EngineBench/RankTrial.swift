import Foundation
import NeuralNetwork
import Synchronization

#if REBER_MPI
import MPI
#endif

/// Steps of SimCLR by the ranks that mpirun started, or by one process.
enum RankTrial {
  /// Takes the numbers of a line `train`, and of steps; prints the seconds of each step but the first,
  /// and of each kind of call to the other ranks how many a step makes, with how many bytes and seconds.
  static func run(_ numbers: [Int]) throws {
    let ranks = Counted(try ranks())
    guard numbers.count == 5,
      var trial = TrainingTrial(Array(numbers.dropLast()), .float32, among: ranks)
    else { return print("engine-bench ranks WIDTH SIDE STRIDE IMAGES STEPS") }
    trial.run()
    ranks.reset()
    let seconds = (0..<numbers[4]).map { _ in
      let start = ContinuousClock.now
      trial.run()
      return (ContinuousClock.now - start) / .seconds(1)
    }
    if ranks.isFirst {
      print("seconds", seconds.map { "\($0)" }.joined(separator: " "))
      for line in ranks.lines(steps: numbers[4]) { print(line) }
    }
    ranks.leave()
  }

  private static func ranks() throws -> any Ranks {
    #if REBER_MPI
    if ProcessInfo.processInfo.environment["OMPI_COMM_WORLD_SIZE"] != nil {
      return try MPIRanks.join()
    }
    #endif
    return Alone()
  }
}

/// Ranks that count what they send.
private final class Counted: Ranks {
  private let ranks: any Ranks
  private let kinds = Mutex<[String: Kind]>([:])

  private struct Kind {
    var calls = 0
    var bytes = 0
    var time = Duration.zero
  }

  init(_ ranks: any Ranks) { self.ranks = ranks }

  var rank: Int { ranks.rank }

  var count: Int { ranks.count }

  var onThisMachine: Int { ranks.onThisMachine }

  func reset() { kinds.withLock { $0 = [:] } }

  func lines(steps: Int) -> [String] {
    kinds.withLock { kinds in
      kinds.sorted { $0.key < $1.key }.map { name, kind in
        let seconds = kind.time / .seconds(1) / Double(steps)
        return "\(name) \(kind.calls / steps) \(kind.bytes / steps) \(seconds)"
      }
    }
  }

  private func timed<Result>(_ name: String, bytes: Int, _ body: () -> Result) -> Result {
    let start = ContinuousClock.now
    let result = body()
    kinds.withLock {
      $0[name, default: Kind()].calls += bytes > 0 ? 1 : 0
      $0[name, default: Kind()].bytes += bytes
      $0[name, default: Kind()].time += ContinuousClock.now - start
    }
    return result
  }

  func meet() { ranks.meet() }

  func sum(_ values: UnsafeMutableBufferPointer<Double>) {
    timed("sum", bytes: 8 * values.count) { ranks.sum(values) }
  }

  func beginSum(
    of values: UnsafeBufferPointer<Float>, into sums: UnsafeMutableBufferPointer<Float>
  ) -> () -> Void {
    let wait = timed("gradients", bytes: 4 * values.count) {
      ranks.beginSum(of: values, into: sums)
    }
    return { self.timed("gradients", bytes: 0) { wait() } }
  }

  func gather(_ bytes: [UInt8]) -> [[UInt8]] {
    timed("gather", bytes: bytes.count) { ranks.gather(bytes) }
  }

  func leave() { ranks.leave() }
}
