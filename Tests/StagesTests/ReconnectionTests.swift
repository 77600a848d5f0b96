import Catalogue
import PostgreSQL
import StagesSupport
import Synchronization
import TestSupport
import Testing

@testable import Stages

/// A stage goes on where the server takes its connection away.
@Suite struct ReconnectionTests {
  /// A stage that writes one row, and whose connection is ended by the server some times.
  private struct Severed: Stage {
    static let name = StageName.ingest

    struct Metrics: Stored {
      static var usual: Self? { Self() }
      var rows = 0
    }

    enum Moment: String, CaseIterable { case amid, atTheEnd, afterwards }

    let moment: Moment
    let address: String
    let cuts: Cuts

    /// How often the connection is still to be ended.
    final class Cuts: Sendable {
      private let left: Mutex<Int>

      init(_ count: Int) { left = Mutex(count) }

      func end(_ database: Connection, _ address: String) throws {
        guard
          left.withLock({
            $0 -= 1
            return $0 >= 0
          })
        else { return }
        let session = try database.row("SELECT pg_backend_pid()", as: Int32.self)
        _ = try Connection(address).row("SELECT pg_terminate_backend(\(session))", as: Bool.self)
        try database.execute("SELECT pg_sleep(5)")
      }
    }

    func plan(in place: Workplace) async throws -> Plan<Metrics> {
      let (moment, address, cuts) = (moment, address, cuts)
      @Sendable func end(_ at: Moment, _ database: Connection) throws {
        if at == moment { try cuts.end(database, address) }
      }
      let work = try Work(stage: .ingest, parameters: JSON(encoding: ["severed": moment.rawValue]))
      var plan = Plan<Metrics>(work) { _ in
        try await place.database.with { try end(.amid, $0) }
        return { database in
          try database.execute("INSERT INTO public.written VALUES (1)")
          try end(.atTheEnd, database)
          return Metrics(rows: 1)
        }
      }
      plan.tidy = { try await place.database.with { try end(.afterwards, $0) } }
      return plan
    }
  }

  private func place(_ toy: SyntheticSurvey, _ seconds: Double) async throws -> Workplace {
    try await toy.workplace.database.with {
      try $0.script("CREATE TABLE IF NOT EXISTS public.written (row integer)")
    }
    return Workplace(
      database: try await Database(toy.address), user: toy.workplace.user, progress: Silence(),
      again: true, patience: Patience(seconds: seconds))
  }

  @Test(arguments: [false, true])
  func aLostConnectionLeavesWhatAnUndisturbedStageLeaves(_ isTwice: Bool) async throws {
    for moment in Severed.Moment.allCases {
      let toy = try await SyntheticSurvey(1)
      let place = try await place(toy, 20)
      let stage = Severed(moment: moment, address: toy.address, cuts: .init(isTwice ? 2 : 1))
      let report = try await place.perform(stage)
      #expect(report.metrics.rows == 1 && !report.alreadyDone)
      #expect(try await toy.numbers("SELECT count(*) FROM public.written") == [1])
      let runs = try await toy.texts(
        "SELECT status FROM reber.run WHERE parameters ? 'severed' ORDER BY run_id")
      #expect(runs == ["finished"], "\(moment)")
    }
  }

  @Test func whatEndsTheConnectionEachTimeEndsTheStage() async throws {
    let toy = try await SyntheticSurvey(1)
    let stage = Severed(moment: .atTheEnd, address: toy.address, cuts: .init(100))
    for seconds in [20.0, 0] {
      let place = try await place(toy, seconds)
      let error = await #expect(throws: (any Error).self) { try await place.perform(stage) }
      #expect("\(try #require(error))".contains("the connection to the database was lost"))
      #expect(try await toy.numbers("SELECT count(*) FROM public.written") == [0])
    }
  }
}
