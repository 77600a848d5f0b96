import Foundation
import PostgreSQL
import TestSupport
import Testing

@Suite struct DatabaseTests {
  @Test(.timeLimit(.minutes(1))) func callersTakeTurns() async throws {
    let database = try await Database(try TestServer.newDatabase())
    try await withThrowingTaskGroup(of: (Int, Int, pthread_t).self) { group in
      for number in 0..<60 {
        group.addTask {
          try await database.with { connection in
            let answer = try connection.row(
              "SELECT \(number), pg_sleep(0.002)::text", as: Int.self, String.self)
            return (number, answer.0, pthread_self())
          }
        }
      }
      var threads: Set<pthread_t> = []
      for try await (asked, answered, thread) in group {
        #expect(asked == answered)
        threads.insert(thread)
      }
      #expect(threads.count == 1, "a connection's work stays on its thread")
    }
  }
}
