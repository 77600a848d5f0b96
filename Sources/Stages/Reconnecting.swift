import Catalogue
import Failures
import PostgreSQL

/// The connection was lost while a run was under way.
struct Interruption: Failure {
  let run: Int
  let cause: PostgresError

  var exitStatus: ExitStatus { cause.exitStatus }

  var description: String { cause.description }
}

extension Workplace {
  /// Does work that goes on from the rows that are there, and does it again where its connection is lost: each
  /// time, up to ``Patience/times``, a server is waited for as long as `patience` says.
  ///
  /// `body` gets the run that was under way when the connection was lost. Whether its last transaction was
  /// committed nobody knows until the server is asked, so that `body` has to ask before it does anything.
  ///
  /// - Throws: What `body` throws; the loss of the connection where no server was found in time.
  func surviving<Value>(
    _ body: (_ interrupted: Int?) async throws -> Value
  ) async throws -> Value {
    var interrupted: Int?
    for _ in 0..<patience.times {
      do {
        return try await body(interrupted)
      } catch let loss as Interruption {
        interrupted = loss.run
        try await waitForServer(after: loss.cause)
      } catch let loss as PostgresError where loss.isLostConnection {
        try await waitForServer(after: loss)
      } catch CatalogueError.busy(let run, _, _) where run == interrupted {
        // The server that was lost may take a moment to notice.
        progress.note(
          "run \(run) is held by the connection that was lost: waiting until it lets go")
      }
    }
    do { return try await body(interrupted) } catch let loss as Interruption { throw loss.cause }
  }

  private func waitForServer(after loss: PostgresError) async throws {
    guard patience.seconds > 0 else { throw loss }
    progress.note(
      "the connection to the database was lost (\(loss.message)): waiting for a server")
    do {
      try await database.reconnect(within: patience.seconds)
    } catch {
      throw loss
    }
    progress.note("connected again: going on from what is there")
  }
}

/// How long a stage waits for a server that has gone away.
public struct Patience: Sendable {
  /// Seconds that a server is waited for; 0 where a connection that is lost ends the stage.
  public var seconds: Double

  /// How often a stage may lose its connection and go on: work that ends the server each time must end itself.
  let times = 5

  /// Long enough for a server to be started, or a standby to be promoted.
  public static let usual = Patience(seconds: 60)

  /// Describes how long to wait.
  public init(seconds: Double = 0) { self.seconds = seconds }
}
