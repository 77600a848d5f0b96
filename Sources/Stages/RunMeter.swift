import Catalogue
import Foundation
import PostgreSQL

/// Says how far a run is: to the person who waits, and in `reber.run` to all who ask.
struct RunMeter: Sendable {
  private let workplace: Workplace
  private let run: Int
  private let what: String
  private let total: Int
  private let isPiece: Bool
  private var stored: Date?

  /// Seconds between two notes in the database.
  private static let interval = 2.0

  /// Begins to measure a run that has `total` items of a kind, or a piece of one that has them: in `reber.run` stands
  /// how far all pieces are.
  init(
    _ workplace: Workplace, run: Int, _ what: String, of total: Int, isPiece: Bool = false
  ) {
    self.workplace = workplace
    self.run = run
    self.what = what
    self.total = total
    self.isPiece = isPiece
  }

  /// `done` items are done.
  mutating func update(_ done: Int, detail: String? = nil) async throws {
    workplace.progress.update(what, done: done, of: total, detail: detail)
    let now = Date()
    if let stored, now.timeIntervalSince(stored) < Self.interval, done < total { return }
    stored = now
    let (run, what, total, isPiece) = (run, what, total, isPiece)
    try await workplace.database.with { database in
      guard isPiece else { return try Run.report(run, done: done, of: total, what, in: database) }
      try Piece.report(run, what, in: database)
    }
  }
}
