import Failures
import Foundation
import NeuralNetwork

#if REBER_MPI
import MPI
#endif

/// Who started this process as one of several, where somebody did: Open MPI's mpirun, another one, or
/// srun.
struct Launch {
  /// The number of this process, from 0.
  let rank: Int

  /// How many were started.
  let count: Int

  /// As the environment says.
  static let current = Launch(ProcessInfo.processInfo.environment)

  init(_ environment: [String: String]) {
    func first(_ names: [String]) -> Int? {
      names.compactMap { environment[$0].flatMap(Int.init) }.first
    }
    count = first(["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"]) ?? 1
    rank = first(["OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"]) ?? 0
  }

  /// Joins the others that train together.
  ///
  /// - Throws: `LaunchError` where several were started that cannot reach each other.
  func ranks() throws -> any Ranks {
    guard count > 1 else { return Alone() }
    #if REBER_MPI
    let ranks = try MPIRanks.join()
    guard ranks.count == count else { throw LaunchError.apart(count) }
    return ranks
    #else
    throw LaunchError.withoutMPI(count)
    #endif
  }
}

/// Why several processes that were started together cannot train together.
enum LaunchError: Failure {
  /// The program was built without MPI.
  case withoutMPI(Int)

  /// MPI does not know of the others.
  case apart(Int)

  /// They are on several machines, and would each start a server of its own.
  case noServer

  var exitStatus: ExitStatus { .usage }

  var description: String {
    switch self {
    case .withoutMPI(let count):
      """
      started as \(count) ranks, but built without MPI, so that each would train by itself: build with \
      'REBER_MPI=1 swift build -c release --product reber', or start it without mpirun
      """
    case .apart(let count):
      """
      started as \(count) tasks that do not know of each other: start them with mpirun, or with \
      'srun --mpi=pmix'
      """
    case .noServer:
      """
      ranks on several machines need a database server that all of them reach: name it with --database \
      or DATABASE_URL
      """
    }
  }
}
