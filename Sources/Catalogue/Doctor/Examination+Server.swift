import PostgreSQL

extension Examination {
  /// Settings that put at risk what was acknowledged, or make everything slow.
  private static let settings: [(name: String, bad: String, level: Finding.Level, why: String)] = [
    ("fsync", "off", .problem, "a crash of the machine can destroy the database"),
    ("full_page_writes", "off", .problem, "a crash of the machine can destroy the database"),
    (
      "synchronous_commit", "off", .note,
      "the last labels before a crash of the machine can be lost"
    ),
    ("autovacuum", "off", .problem, "tables grow and plans become slow"),
    ("data_checksums", "off", .note, "damage of the disk is only noticed by 'reber doctor --deep'"),
    ("jit", "on", .note, "short questions can take longer"),
  ]

  static func server(_ database: Connection) throws -> [Finding] {
    let (version, number) = try database.row(
      "SELECT current_setting('server_version'), current_setting('server_version_num')::integer",
      as: String.self, Int.self)
    var findings = [
      number >= 150_000
        ? Finding("server", .fine, "PostgreSQL \(version)")
        : Finding(
          "server", .problem, "PostgreSQL \(version)", advice: "Reber needs 15 or newer: upgrade it"
        )
    ]
    let now = try database.table(
      "SELECT name, setting FROM pg_settings WHERE name = ANY (\(settings.map(\.name)))",
      by: String.self, String.self)
    findings += settings.filter { now[$0.name] == $0.bad }.map {
      Finding(
        "server", $0.level, "\($0.name) is \($0.bad): \($0.why)",
        advice: "set it to \($0.bad == "off" ? "on" : "off")"
          + ($0.name == "data_checksums" ? " with pg_checksums, while the server is stopped" : ""))
    }
    return findings + (try memory(database))
  }

  private static func memory(_ database: Connection) throws -> [Finding] {
    try database.rows(
      """
      SELECT format('%s is %s', name, current_setting(name)), wanted
      FROM pg_settings
      JOIN (VALUES ('shared_buffers', 128 * 1024, '256MB or more'), ('work_mem', 16 * 1024, '32MB'))
          AS advised (name, least, wanted) USING (name)
      WHERE setting::bigint * CASE unit WHEN '8kB' THEN 8 ELSE 1 END < least
      ORDER BY name
      """, as: String.self, String.self
    ).map { Finding("server", .note, "\($0): large surveys want more", advice: "set it to \($1)") }
  }

  static func connections(_ database: Connection) throws -> [Finding] {
    let (used, most) = try database.row(
      """
      SELECT count(*), current_setting('max_connections')::bigint FROM pg_stat_activity
      WHERE backend_type = 'client backend'
      """, as: Int.self, Int.self)
    let idle = try database.rows(
      """
      SELECT format('process %s of %s has kept a transaction open since %s', pid, usename,
          \(raw: utc("xact_start")))
      FROM pg_stat_activity
      WHERE state LIKE 'idle in transaction%' AND xact_start < clock_timestamp() - interval '1 hour'
      ORDER BY xact_start
      """, as: String.self)
    let text = "\(used) of \(most) connections are in use"
    let count =
      used * 5 < most * 4
      ? Finding("connections", .fine, text)
      : Finding("connections", .problem, text, advice: "raise max_connections, or end some of them")
    return [count]
      + idle.map {
        Finding(
          "connections", .problem, "\($0): removed rows stay until it ends",
          advice: "end it, or SELECT pg_terminate_backend(its number)")
      }
  }

  static func extensions(_ database: Connection) throws -> [Finding] {
    let uses = [
      "q3c": "cone searches of large surveys",
      "vector": "sources like one of many, by class or place,",
    ]
    let states = try database.table(
      """
      SELECT name::text, coalesce(installed_version, '') FROM pg_available_extensions
      WHERE name = ANY (\(Array(uses.keys)))
      """, by: String.self, String.self)
    return uses.sorted { $0.key < $1.key }.map { name, use in
      switch states[name] {
      case nil:
        Finding(
          "extensions", .note, "the server has no \(name): \(use) work without its index, slower",
          advice: name == "q3c" ? "install postgresql-NN-q3c" : "install pgvector")
      case "":
        Finding(
          "extensions", .note, "\(name) is not used in this database",
          advice: "call 'reber db migrate' as a user who may CREATE EXTENSION \(name)")
      case let version?: Finding("extensions", .fine, "\(name) \(version)")
      }
    }
  }
}
