import Catalogue
import Digest
import Foundation
import NeuralNetwork
import PostgreSQL

/// What the first rank tells the others before it does a stage's work.
private struct Announcement: Codable {
  /// The run to take part in; `nil` where there is nothing to do.
  var run: Int?

  /// Parameters and inputs, digested, and the kernels that it computes with.
  var work: String
  var kernels: String

  init(run: Int?, _ work: Work, on engine: any Engine) {
    let inputs = work.inputs.map(\.sha256).joined(separator: " ")
    self.run = run
    self.work = SHA256.hash(Array("\(work.parameters.text) \(inputs)".utf8)).hex
    kernels = engine.kernels
  }
}

extension Workplace {
  /// Tells the other ranks which run to take part in, or that there is nothing to do.
  func announce(_ run: Int?, _ work: Work) throws {
    guard ranks.count > 1 else { return }
    ranks.meet()
    _ = ranks.fromFirst(
      Array(try JSONEncoder().encode(Announcement(run: run, work, on: engine))))
  }

  /// Takes part in a stage's work that the first rank does as a run: computes its share, and writes
  /// nothing.
  ///
  /// - Throws: What the stage throws, or `LearnError.unlikeRanks` where this rank reads something else
  ///   in the database than the first, or rounds otherwise.
  public func assist(_ stage: some Stage) async throws {
    ranks.meet()
    let told = try JSONDecoder().decode(Announcement.self, from: Data(ranks.fromFirst([])))
    guard let run = told.run else { return }
    let plan = try await plan(of: stage)
    let own = Announcement(run: run, plan.work, on: engine)
    guard own.kernels == told.kernels else {
      throw LearnError.unlikeRanks(
        "rank \(ranks.rank) has a processor with \(own.kernels) vectors, the first one with "
          + "\(told.kernels): use machines of one kind")
    }
    guard own.work == told.work else {
      throw LearnError.unlikeRanks(
        "rank \(ranks.rank) found other options or other images and labels in the database than the "
          + "first one: name one database for all, and start again")
    }
    guard case .alone(let perform) = plan.doing else { return }
    _ = try await perform(run)
  }
}

extension Ranks {
  /// Refuses to go on where ranks hold different things that must be the same.
  ///
  /// - Throws: `LearnError.unlikeRanks`, in all of them.
  func check(alike text: String, _ what: String) throws {
    guard count > 1 else { return }
    let all = gather(Array(text.utf8))
    guard let unlike = all.firstIndex(where: { $0 != all[0] }) else { return }
    throw LearnError.unlikeRanks(
      "rank \(unlike) holds other \(what) than the first one: start again")
  }
}
