import Foundation
import PostgreSQL
import TestSupport
import Testing

@Suite struct DatabaseTests {
  @Test(.timeLimit(.minutes(20))) func callersTakeTurns() async throws {
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

  /// What the server ends is made anew, prepared as the first connection was; nothing of what was lost is done
  /// again by itself.
  @Test func aLostConnectionIsMadeAgain() async throws {
    let address = try TestServer.newDatabase()
    let database = try await Database(address) {
      try $0.script("SET application_name = 'prepared'")
    }
    let session = try await database.with { try $0.row("SELECT pg_backend_pid()", as: Int32.self) }
    _ = try Connection(address).row("SELECT pg_terminate_backend(\(session))", as: Bool.self)
    let loss = await #expect(throws: PostgresError.self) {
      try await database.with { _ = try $0.execute("SELECT pg_sleep(5)") }
    }
    #expect(loss?.isLostConnection == true)
    let isOpen = try await database.with { $0.isOpen }
    #expect(!isOpen)
    try await database.reconnect(within: 5)
    let name = try await database.with {
      #expect($0.isOpen)
      return try $0.row("SHOW application_name", as: String.self)
    }
    #expect(name == "prepared")
  }

  /// Of several hosts the first that answers, and is what is asked for, is taken, in either form of an address.
  @Test func severalHostsAreTried() async throws {
    let address = try TestServer.newDatabase()
    let parts = try #require(URLComponents(string: address))
    let host = try #require(parts.queryItems?.first { $0.name == "host" }?.value)
    let name = parts.path.dropFirst()
    let user = try #require(parts.queryItems?.first { $0.name == "user" }?.value ?? parts.user)
    for form in [
      "postgresql:///\(name)?host=/nowhere,\(host)&user=\(user)&target_session_attrs=read-write",
      "host=/nowhere,\(host) user=\(user) dbname=\(name) target_session_attrs=read-write",
    ] {
      let isStandby = try await Database(form).with { try $0.isStandby() }
      #expect(!isStandby)
    }
    let error = await #expect(throws: PostgresError.self) {
      try await Database("host=\(host) user=\(user) dbname=\(name) target_session_attrs=standby")
    }
    #expect(error?.isConnectionFailure == true && error?.isLostConnection == false)
  }
}
