import Catalogue
import Failures
import Foundation
import Morphology
import PostgreSQL

extension Workplace {
  /// Takes whatever work stands in the database: helps with runs whose pieces are free, and does queued commands.
  ///
  /// What fails here is said and left to others; a queued command that fails keeps the reason.
  ///
  /// - Parameters:
  ///   - untilIdle: Whether to end where there is nothing to do; else it waits for more.
  ///   - perform: Does a command, given the words behind `reber`.
  /// - Throws: ``Stopped`` where the process was told to stop, and what the database throws.
  public func takeWork(
    untilIdle: Bool, _ perform: ([String]) async throws -> Void
  ) async throws {
    var failed: Set<Int> = []
    try await stop.heed {
      while !stop.isRequested {
        let isBusy = try await surviving { _ in
          if try await help(except: &failed) { return true }
          return try await doQueued(perform)
        }
        if isBusy { continue }
        if untilIdle { return }
        try await Task.sleep(for: .seconds(1))
      }
      throw Stopped()
    }
  }

  /// Helps with the first run that has pieces to give; gives whether there was one.
  private func help(except failed: inout Set<Int>) async throws -> Bool {
    let runs = try await database.with { try OpenRun.all(in: $0) }
    guard let run = runs.first(where: { !failed.contains($0.id) }) else { return false }
    do {
      guard try await help(run) else {
        failed.insert(run.id)
        return false
      }
    } catch let error as Stopped {
      throw error
    } catch {
      failed.insert(run.id)
      progress.note("run \(run.id) is left to others: \(String(describing: error).inOneLine)")
    }
    return true
  }

  /// Helps with a run; false where its stage can't be helped with, or another run has done its work since.
  private func help(_ run: OpenRun) async throws -> Bool {
    var place = self
    place.sharing.helped = run.id
    let (asked, form) = (run.parameters, run.form)
    switch run.stage {
    case .embed: return try await !place.perform(EmbedStage.read(asked, form: form)).alreadyDone
    case .classify:
      return try await !place.perform(ClassifyStage.read(asked, form: form)).alreadyDone
    case .crossvalidate:
      let stage = try CrossValidationStage(asked: asked, form: form)
      return try await !place.perform(stage).alreadyDone
    case .publish:
      var stage = try Publishing.read(asked, form: form)
      // Who began it has heard the warnings.
      stage.anyway = true
      return try await !place.perform(stage).alreadyDone
    case .ingest: try await place.helpWithImages(run)
    default: return false
    }
    return true
  }

  /// Does the first command that waits; gives whether there was one.
  private func doQueued(_ perform: ([String]) async throws -> Void) async throws -> Bool {
    let (user, lease) = (user, sharing.lease)
    let claimed = try await database.with {
      try QueuedCommand.claim(by: user, process: getpid(), for: lease, in: $0)
    }
    guard let command = claimed else { return false }
    progress.note("command \(command.id): reber \(command.words.joined(separator: " "))")
    let heart = heartbeat { try command.live(for: lease, in: $0) }
    defer { heart.cancel() }
    do {
      try await perform(command.words)
      try await database.with { try command.end(because: nil, in: $0) }
    } catch is Stopped {
      try await database.with { try command.giveBack(in: $0) }
      throw Stopped()
    } catch {
      let reason = String(describing: error).inOneLine
      progress.note("command \(command.id) failed: \(reason)")
      try await database.with { try command.end(because: reason, in: $0) }
    }
    return true
  }
}
