import PostgreSQL
import TestSupport
import Testing

/// A second connection works beside the first one, and what goes wrong on either is told.
@Suite struct SideConnectionTests {
  @Test func whatIsAskedForIsDoneInOrder() throws {
    let database = try Connection(try TestServer.newDatabase())
    try database.script("CREATE TABLE done (step integer)")
    try database.besideAnother { side in
      for step in 1...9 {
        try side.later { try $0.execute("INSERT INTO done VALUES (\(step)::integer)") }
      }
    }
    let steps = try database.rows("SELECT step FROM done ORDER BY ctid", as: Int.self)
    #expect(steps == Array(1...9))
  }

  @Test func itIsInTheRoleOfTheFirst() throws {
    let database = try Connection(try TestServer.newDatabase())
    try database.script("SET ROLE pg_monitor")
    var role = ""
    try database.besideAnother { side in
      try side.now { role = try $0.row("SELECT current_user::text", as: String.self) }
    }
    #expect(role == "pg_monitor")
  }

  @Test func whatFailsIsToldAndNothingBehindItIsDone() throws {
    let database = try Connection(try TestServer.newDatabase())
    try database.script("CREATE TABLE done (step integer)")
    let error = #expect(throws: PostgresError.self) {
      try database.besideAnother { side in
        try side.later { try $0.script("BEGIN; INSERT INTO done VALUES (1)") }
        try side.later { try $0.script("SELECT 1 / 0") }
        try side.wait()
      }
    }
    #expect(error?.state?.rawValue == "22012")
    #expect(try database.row("SELECT count(*) FROM done", as: Int.self) == 0)
  }

  /// It would sleep for an hour.
  @Test func whatItIsAtIsStoppedWhereTheFirstFails() throws {
    let database = try Connection(try TestServer.newDatabase())
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try database.besideAnother { side in
        try side.now { try $0.script("SET application_name = 'beside'") }
        try side.later { try $0.script("SELECT pg_sleep(3600)") }
        while try !database.row(
          """
          SELECT EXISTS (
              SELECT FROM pg_stat_activity WHERE application_name = 'beside' AND query ~ '^SELECT pg_sleep'
          )
          """, as: Bool.self)
        {}
        throw Stop()
      }
    }
  }
}
