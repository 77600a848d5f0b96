import Catalogue
public import Failures
import Foundation
import PostgreSQL

/// The pieces of a run, as one of the processes that work on it sees them.
struct SharedWork: Sendable {
  let place: Workplace
  let worker: Worker

  /// Does pieces until none is left: while one is computed, the next is claimed and read, and what came of the one
  /// before is written.
  ///
  /// A piece whose lease ended before it was written is another's, and nothing of it is written here.
  ///
  /// - Parameters:
  ///   - what: What is done, for the display.
  ///   - read: Reads what a piece is made of.
  ///   - compute: Makes rows of it.
  ///   - write: Ends the piece and writes its rows, as one statement; gives `nil` where the lease had ended.
  /// - Throws: What reading, `compute` or `write` throws first, or ``Stopped``.
  func perform<Read: Sendable, Row: Sendable>(
    _ what: String, read: @escaping @Sendable (Piece, Connection) throws -> Read,
    compute: (Read) throws -> [Row],
    write: @escaping @Sendable (Piece, [Row], Connection) throws -> Int?
  ) async throws {
    let meter = PieceMeter(place, run: worker.run, what)
    var writing: Task<Void, any Error>?
    var next = claim(read)
    do {
      while !place.stop.isRequested {
        guard let (piece, found) = try await next.value else {
          try await writing?.value
          writing = nil
          guard try await meter.isOpen() else { return }
          try await Task.sleep(for: .milliseconds(500))
          next = claim(read)
          continue
        }
        next = claim(read)
        let rows = try compute(found)
        try await writing?.value
        try await meter.update()
        writing = Task { [place] in
          let written = try await place.database.with { try write(piece, rows, $0) }
          if written == nil { place.progress.note(Self.lost(piece)) }
        }
      }
      try await writing?.value
      throw Stopped()
    } catch {
      _ = await writing?.result
      _ = await next.result
      throw error
    }
  }

  /// Does pieces one after another until none is left.
  ///
  /// - Parameters:
  ///   - what: What is done, for the display.
  ///   - body: Does a piece and ends it; gives false where its lease had ended before that.
  /// - Throws: What `body` throws, ``Stopped``, or ``LeftToOthers``.
  func perform(_ what: String, _ body: (Piece) async throws -> Bool) async throws {
    try await perform(saying: PieceMeter(place, run: worker.run, what), body)
  }

  private func perform(
    saying meter: PieceMeter, _ body: (Piece) async throws -> Bool
  ) async throws {
    repeat {
      while !place.stop.isRequested, let (piece, _) = try await claim({ piece, _ in piece }).value {
        do {
          if try await !body(piece) { throw LostPiece() }
        } catch is LostPiece {
          place.progress.note(Self.lost(piece))
        }
        try await meter.update()
      }
    } while try await meter.isLeft()
  }

  /// Does pieces that the server works at, several at once, until none is left.
  ///
  /// Each is done on one of as many connections as ``Sharing/connections`` says. A process that is told to stop ends
  /// what goes on there.
  ///
  /// - Parameters:
  ///   - what: What is done, for the display.
  ///   - prepare: Prepares each of the connections.
  ///   - body: Does a piece on one of them and ends it; gives false where its lease had ended before that.
  /// - Throws: What `body` throws, ``Stopped``, or ``LeftToOthers``.
  func perform(
    _ what: String, beside prepare: @escaping @Sendable (Connection) throws -> Void,
    _ body: @escaping @Sendable (Piece, Connection) throws -> Bool
  ) async throws {
    let connections = try await connections()
    let meter = PieceMeter(place, run: worker.run, what)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for database in connections {
        group.addTask {
          try await database.with(prepare)
          try await perform(saying: meter) { piece in
            try await database.with { try body(piece, $0) }
          }
        }
      }
      group.addTask {
        while !place.stop.isRequested { try await Task.sleep(for: .milliseconds(200)) }
        throw Stopped()
      }
      for _ in connections { _ = try await group.next() }
      group.cancelAll()
    }
  }

  /// As many connections as are wanted, or as a server that has few gives.
  private func connections() async throws -> [Database] {
    var connections = [try await place.database.another()]
    while connections.count < place.sharing.connections,
      let next = try? await place.database.another()
    {
      connections.append(next)
    }
    return connections
  }

  /// Waits until a piece is free, for work that needs much before its first one; gives false where all are done.
  ///
  /// - Throws: ``Stopped``, or ``LeftToOthers``.
  func isLeft(_ what: String) async throws -> Bool {
    try await PieceMeter(place, run: worker.run, what).isLeft()
  }

  private func claim<Read: Sendable>(
    _ read: @escaping @Sendable (Piece, Connection) throws -> Read
  ) -> Task<(Piece, Read)?, any Error> {
    let (database, lease) = (place.database, place.sharing.lease)
    return Task {
      try await database.with { database in
        guard let piece = try Piece.claim(by: worker, for: lease, in: database) else { return nil }
        return (piece, try read(piece, database))
      }
    }
  }

  private static func lost(_ piece: Piece) -> String {
    "piece \(piece.number) was left to others: this process had not been heard of for too long"
  }
}

/// Another process has the piece, since this one had not been heard of for too long.
struct LostPiece: Failure {
  var exitStatus: ExitStatus { .busy }
  var description: String { "the piece was left to others" }
}

/// All that is left of a run is being done by others, and this process was not to wait for them.
public struct LeftToOthers: Failure {
  /// The run.
  public let run: Int

  public var exitStatus: ExitStatus { .busy }
  public var description: String { "what is left of run \(run) is being done by others" }
}

/// Says how far all who work on a run are, and whether there is more to do: asked once for all who want to know.
actor PieceMeter {
  private let place: Workplace
  private let run: Int
  private let what: String
  private var told: ContinuousClock.Instant?
  private var waiting: Task<Bool, any Error>?

  init(_ place: Workplace, run: Int, _ what: String) {
    (self.place, self.run, self.what) = (place, run, what)
  }

  /// Says how far it is, at most every two seconds.
  func update() async throws {
    if let told, told.duration(to: .now) < .seconds(2) { return }
    _ = try await progress()
  }

  /// Whether a piece of the run is not done.
  func isOpen() async throws -> Bool { try await progress().open > 0 }

  /// Waits until a piece is free; gives false where all are done.
  ///
  /// - Throws: ``Stopped``, or ``LeftToOthers``.
  func isLeft() async throws -> Bool {
    let waiting =
      waiting
      ?? Task {
        defer { self.waiting = nil }
        return try await waitForPiece()
      }
    self.waiting = waiting
    return try await withTaskCancellationHandler {
      try await waiting.value
    } onCancel: {
      waiting.cancel()
    }
  }

  private func waitForPiece() async throws -> Bool {
    var pause = 25
    while !place.stop.isRequested {
      let progress = try await progress()
      if progress.free > 0 { return true }
      if progress.open == 0 { return false }
      guard place.sharing.waits else { throw LeftToOthers(run: run) }
      try await Task.sleep(for: .milliseconds(pause))
      pause = min(2 * pause, 500)
    }
    throw Stopped()
  }

  private func progress() async throws -> PieceProgress {
    told = .now
    let (run, what) = (run, what)
    let progress = try await place.database.with { try Piece.report(run, what, in: $0) }
    if progress.total > 0 {
      place.progress.update(what, done: progress.done, of: progress.total)
    }
    return progress
  }
}
