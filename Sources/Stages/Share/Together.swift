public import Catalogue
import Foundation
import PostgreSQL

/// Work of a run that is divided into pieces, which any number of processes claim, as one of them sees it.
public struct Together<Metrics: Stored>: Sendable {
  /// Does pieces until there is none left.
  let perform: @Sendable (SharedWork) async throws -> Void

  /// Ends the work when all pieces are done, in one of the processes.
  let end: @Sendable (Connection) throws -> Conclusion<Metrics>

  /// Lets go of what was taken to begin; in the process that ends the run, when that is finished.
  var leave: @Sendable (Connection) throws -> Void = { _ in }
}

/// How work of a run is ended, in one process.
struct Ending<Metrics>: Sendable {
  /// Writes the last of its rows.
  let conclude: Conclusion<Metrics>

  /// Lets go of what was taken to begin, when the run is finished or has failed.
  var leave: @Sendable (Connection) throws -> Void = { _ in }
}

extension Workplace {
  /// Does a run's work beside other processes.
  ///
  /// While it goes on, this process says now and then that it lives, so that it keeps what it has claimed.
  ///
  /// - Returns: The end of the work; `nil` where another process has ended the run.
  func share<Metrics>(
    _ run: Int, isFirst: Bool,
    _ begin:
      @escaping @Sendable (_ run: Int, _ isFirst: Bool, Connection) throws ->
      Together<Metrics>
  ) async throws -> Ending<Metrics>? {
    let (user, lease) = (user, sharing.lease)
    let (together, worker) = try await database.with { database in
      let together = try begin(run, isFirst, database)
      if isFirst { try Run.letJoin(run, in: database) }
      return (
        together,
        try Worker.begin(run, by: user, process: getpid(), lease: lease, in: database)
      )
    }
    let heart = heartbeat { try worker.live(for: lease, in: $0) }
    let result: Result<Conclusion<Metrics>?, any Error>
    do {
      let work = SharedWork(place: self, worker: worker)
      try await stop.heed { try await together.perform(work) }
      result = .success(
        try await isToEnd(run) ? try await database.with { try together.end($0) } : nil)
    } catch {
      result = .failure(error)
    }
    heart.cancel()
    try? await database.with { try worker.end(in: $0) }
    if case .success(let conclude?) = result {
      return Ending(conclude: conclude, leave: together.leave)
    }
    try? await database.with(together.leave)
    _ = try result.get()
    return nil
  }

  /// Says that this process lives, three times a lease.
  func heartbeat(
    _ live: @escaping @Sendable (Connection) throws -> Void
  ) -> Task<Void, Never> {
    let (database, lease) = (database, sharing.lease)
    return Task {
      while !Task.isCancelled {
        try? await Task.sleep(for: .seconds(lease / 3))
        try? await database.with(live)
      }
    }
  }

  /// Waits until this process is to end the run, or another has.
  private func isToEnd(_ run: Int) async throws -> Bool {
    while true {
      if let isToEnd = try await database.with({ try Run.isToEnd(run, in: $0) }) { return isToEnd }
      try await Task.sleep(for: .milliseconds(300))
    }
  }
}
