internal import CMPI
internal import Failures
internal import Foundation
public import NeuralNetwork

/// The processes that `mpirun` or `srun` started together.
///
/// Sums go in the order of Open MPI's collectives, which hangs on the number of ranks and of values
/// alone. All calls come from one task; MPI itself is asked for no more than that.
public struct MPIRanks: Ranks {
  public let rank: Int

  public let count: Int

  public let onThisMachine: Int

  /// Seconds that a rank waits for the others in all calls but `meet`.
  private static let patience = 50.0

  /// Joins the others; a process can do it once.
  ///
  /// - Throws: `MPIError.noThreads`.
  public static func join() throws -> MPIRanks {
    guard reber_mpi_start() != 0 else { throw MPIError.noThreads }
    return MPIRanks(
      rank: Int(reber_mpi_rank()), count: Int(reber_mpi_count()),
      onThisMachine: Int(reber_mpi_count_on_this_machine()))
  }

  public func meet() {
    var request = reber_mpi_meet()
    // It may take hours, in which a core has better things to do.
    while reber_mpi_is_done(&request) == 0 { usleep(500) }
  }

  public func sum(_ values: UnsafeMutableBufferPointer<Double>) {
    wait(for: reber_mpi_sum_doubles(values.baseAddress, Int32(values.count)))
  }

  public func beginSum(
    of values: UnsafeBufferPointer<Float>, into sums: UnsafeMutableBufferPointer<Float>
  ) -> () -> Void {
    let request = reber_mpi_sum_floats(
      values.baseAddress, sums.baseAddress, Int32(values.count))
    return { wait(for: request) }
  }

  public func gather(_ bytes: [UInt8]) -> [[UInt8]] {
    var own = Int32(bytes.count)
    var counts = [Int32](repeating: 0, count: count)
    counts.withUnsafeMutableBufferPointer { counts in
      withUnsafePointer(to: &own) { wait(for: reber_mpi_gather_counts($0, counts.baseAddress)) }
    }
    let places = counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + Int($1)) }
    precondition(places[count] <= Int(Int32.max), "\(places[count]) bytes to gather at once")
    let all = gathered(bytes, counts, places.map { Int32($0) })
    return (0..<count).map { Array(all[places[$0]..<places[$0 + 1]]) }
  }

  private func gathered(_ bytes: [UInt8], _ counts: [Int32], _ places: [Int32]) -> [UInt8] {
    let total = Int(places[count])
    return [UInt8](unsafeUninitializedCapacity: total) { all, initialised in
      bytes.withUnsafeBytes { own in
        counts.withUnsafeBufferPointer { counts in
          places.withUnsafeBufferPointer { places in
            wait(
              for: reber_mpi_gather(
                own.baseAddress, Int32(own.count), all.baseAddress, counts.baseAddress,
                places.baseAddress))
          }
        }
      }
      initialised = total
    }
  }

  public func leave() {
    meet()
    reber_mpi_leave()
  }

  /// Waits until all have done their part, and ends all where one does not come.
  private func wait(for begun: MPI_Request?) {
    var (request, tries) = (begun, 0)
    let start = ContinuousClock.now
    while reber_mpi_is_done(&request) == 0 {
      tries += 1
      guard tries.isMultiple(of: 256) else { continue }
      // Whoever is waited for may need this core.
      sched_yield()
      if ContinuousClock.now - start > .seconds(Self.patience) { giveUp() }
    }
  }

  /// Ends all ranks with a status that says to try again.
  private func giveUp() -> Never {
    let text = """
      reber: rank \(rank) of \(count) has waited \(Int(Self.patience)) s for the others: one of them \
      has stopped, or its machine cannot be reached. The same command goes on from the last checkpoint

      """
    FileHandle.standardError.write(Data(text.utf8))
    reber_mpi_abort(ExitStatus.busy.rawValue)
    exit(ExitStatus.busy.rawValue)
  }
}
