import Catalogue
import PostgreSQL
import Testing

/// A table that is published again takes the place of the one before, and nobody notices.
@Suite("Publishing again") struct RepublishingTests {
  /// What somebody asks on and on, with no patience, while the table is published again and again.
  private static let questions = [
    "SELECT count(*) FROM catalogue.sky", "SELECT count(*) FROM bright",
    "SELECT count(*) FROM very_bright",
    "SELECT count(*) FROM catalogue.sky JOIN bright USING (name)",
  ]

  private static let views = """
    CREATE VIEW bright AS SELECT * FROM catalogue.sky WHERE total_flux >= 0;
    CREATE VIEW very_bright AS SELECT bright.name, class FROM bright JOIN reber.class ON class = reber.class.name;
    """

  @Test func readersWithoutPatienceNeverFail() async throws {
    let sky = try ClassifiedSky()
    try sky.publish()
    try sky.database.script(Self.views)
    let address = sky.fixture.address
    let readers = (0..<3).map { _ in
      Task { try await Self.read(address, untilPublished: 26) }
    }
    let begun: SQL = """
      SELECT count(*) FROM pg_locks
      WHERE locktype = 'advisory' AND (classid, objid) = (7, 7)
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      """
    while try sky.database.row(begun, as: Int.self) < readers.count {
      try await Task.sleep(for: .milliseconds(5))
    }
    for _ in 0..<25 { try sky.publish() }
    for reader in readers { #expect(try await reader.value > 0) }
  }

  /// Asks all questions in turn until so many publications are done; gives how often.
  private static func read(_ address: String, untilPublished publications: Int) async throws -> Int
  {
    let done: SQL =
      "SELECT count(*) FROM reber.run WHERE stage = 'publish' AND status = 'finished'"
    return try await Database(address).with { database in
      // Alone on a machine 100 ms do; here all tests share two processors.
      try database.script("SET lock_timeout = '1s'; SELECT pg_advisory_lock_shared(7, 7)")
      var turns = 0
      while try database.row(done, as: Int.self) < publications {
        for question in questions {
          #expect(try database.row(SQL(raw: question), as: Int.self) == 12, "\(question)")
        }
        turns += 1
      }
      return turns
    }
  }

  @Test func itWaitsForAReaderAndLetsOthersRead() async throws {
    let sky = try ClassifiedSky()
    try sky.publish()
    let reader = try Connection(sky.fixture.address)
    try reader.script("SET application_name = 'a notebook'; BEGIN; SELECT FROM catalogue.sky")
    let process = try reader.row("SELECT pg_backend_pid()", as: Int.self)
    let other = try Connection(sky.fixture.address)
    try other.script("SET lock_timeout = '1s'")
    let publication = try sky.publication()
    var (seen, said) = (0, "")
    _ = try sky.publish(publication) {
      said = $0
      for _ in 0..<20 {
        seen += (try? other.row("SELECT count(*) FROM catalogue.sky", as: Int.self)) ?? 0
      }
      try? reader.script("COMMIT")
    }
    #expect(seen == 240)
    #expect(said.contains("(a notebook) to let go of catalogue.sky"), "\(said)")
    #expect(said.hasSuffix("SELECT pg_terminate_backend(\(process))"), "\(said)")
    #expect(try PublishedCatalogue.named("sky", in: sky.database).run == publication.run)
  }

  /// Who takes its lock within 20 ms or not at all would never move autovacuum to give way.
  @Test func autovacuumIsKeptAway() throws {
    let sky = try ClassifiedSky()
    try sky.publish()
    let publication = try sky.publication()
    let built = try publication.build(in: sky.database)
    let locked = try Run.finish(publication.run, in: sky.database) { database in
      _ = try built.publish(in: database)
      return try database.rows(
        """
        SELECT relation::regclass::text FROM pg_locks
        WHERE pid = pg_backend_pid() AND mode = 'ShareUpdateExclusiveLock' AND relation IN (
            SELECT oid FROM pg_class WHERE relnamespace = 'catalogue'::regnamespace AND relkind = 'r'
        ) ORDER BY 1
        """, as: String.self)
    }
    #expect(locked == ["catalogue._replaced_\(publication.run)", "catalogue.sky"])
  }

  @Test func whatPeopleMadeOfTheTableStays() throws {
    let sky = try ClassifiedSky()
    try sky.publish()
    let database = sky.database
    let role = "r\(sky.fixture.address.hashValue.magnitude)"
    try database.script(Self.views)
    try database.script(
      """
      CREATE ROLE \(role);
      CREATE VIEW mine WITH (security_barrier = true) AS
          SELECT name AS "Name", p_head_tail * 100 AS percent FROM catalogue.sky;
      ALTER VIEW mine OWNER TO \(role);
      COMMENT ON VIEW mine IS 'in percent';
      GRANT SELECT ON catalogue.sky TO \(role) WITH GRANT OPTION;
      GRANT UPDATE (label) ON catalogue.sky TO PUBLIC;
      REVOKE ALL ON catalogue.sky FROM reber_reader;
      COMMENT ON TABLE catalogue.sky IS 'the good one';
      COMMENT ON COLUMN catalogue.sky.rms IS 'not to be trusted';
      CREATE INDEX loud ON catalogue.sky (lower(name)) WHERE total_flux > 3;
      """)
    let question = SQL(
      raw: """
        SELECT string_agg(grants::text, ' ' ORDER BY grants::text)
        FROM pg_class, unnest(relacl) AS grants WHERE oid = 'catalogue.sky'::regclass
        UNION ALL SELECT attacl::text FROM pg_attribute
        WHERE attrelid = 'catalogue.sky'::regclass AND attacl IS NOT NULL
        UNION ALL SELECT obj_description('catalogue.sky'::regclass)
        UNION ALL SELECT concat_ws(' ', attname, col_description(attrelid, attnum)) FROM pg_attribute
        WHERE attrelid = 'catalogue.sky'::regclass AND attname IN ('rms', 'ra')
        UNION ALL SELECT split_part(pg_get_indexdef(indexrelid), ' USING ', 2) FROM pg_index
        WHERE indrelid = 'catalogue.sky'::regclass
        UNION ALL SELECT concat_ws(' ', relname, relowner::regrole, relacl, reloptions, pg_get_viewdef(oid))
        FROM pg_class WHERE relname IN ('mine', 'bright', 'very_bright')
        UNION ALL SELECT obj_description('mine'::regclass)
        ORDER BY 1
        """)
    let before = try database.rows(question, as: String.self)
    try sky.publish()
    #expect(try database.rows(question, as: String.self) == before)
    #expect(before.contains("the good one") && before.contains("rms not to be trusted"))
    #expect(try database.row("SELECT max(percent) FROM mine", as: Double.self) == 100)
    try database.script("DROP VIEW mine; DROP VIEW very_bright; DROP VIEW bright")
    try database.script(
      "SELECT reber.make_everything(false); DROP TABLE catalogue.sky; DROP ROLE \(role)")
  }

  @Test(arguments: [
    ("CREATE MATERIALIZED VIEW kept AS SELECT * FROM catalogue.sky", "materialized view kept"),
    (
      "CREATE TABLE note (name text REFERENCES catalogue.sky)",
      "constraint note_name_fkey on table note"
    ),
    (
      "CREATE FUNCTION few(catalogue.sky) RETURNS int LANGUAGE sql RETURN 1",
      "function few(catalogue.sky)"
    ),
    (
      "ALTER TABLE catalogue.sky ADD CHECK (rms > 0)",
      "constraint sky_rms_check on table catalogue.sky"
    ),
    (
      """
      ALTER TABLE catalogue.sky ADD mine int; CREATE VIEW more AS SELECT mine FROM catalogue.sky
      """, "view more, which reads column mine"
    ),
    ("ALTER TABLE catalogue.sky ENABLE ROW LEVEL SECURITY", "row level security"),
  ])
  func whatCannotBeLedOverIsNamed(_ statement: String, _ reason: String) throws {
    let sky = try ClassifiedSky()
    let first = try sky.publish()
    try sky.database.script(statement)
    #expect(throws: CatalogueError.irreplaceable(catalogue: "sky", because: [reason])) {
      try sky.publish()
    }
    #expect(try PublishedCatalogue.named("sky", in: sky.database).run == first.run)
  }
}

/// What publications leave where they are stopped, and two at once.
@Suite("Publications and each other") struct PublicationsAtOnceTests {
  private func tables(_ database: Connection) throws -> [String] {
    try database.rows(
      """
      SELECT relname::text FROM pg_class
      WHERE relnamespace = 'catalogue'::regnamespace AND relkind = 'r' ORDER BY 1
      """, as: String.self)
  }

  @Test func twoOfOneNameAreRefused() throws {
    let sky = try ClassifiedSky()
    let other = try Connection(sky.fixture.address)
    _ = try other.row(
      "SELECT pg_advisory_lock(hashtext('reber.catalogue'), hashtext('sky')) IS NULL", as: Bool.self
    )
    #expect(throws: CatalogueError.beingPublished("sky")) { try sky.publish() }
    try sky.publish(as: "other")
  }

  /// Whoever is about to join a run whose table goes has to find that nothing of it is there.
  @Test func whatIsRemovedIsNotDivided() throws {
    let sky = try ClassifiedSky()
    let publication = try sky.publication()
    let run = publication.run
    try publication.begin(in: sky.database)
    try Run.letJoin(run, in: sky.database)
    try Publication.tidy(in: sky.database)
    let left = try sky.database.row(
      """
      SELECT divided_at IS NOT NULL, (SELECT count(*) FROM reber.piece WHERE run_id = \(run))
      FROM reber.run WHERE run_id = \(run)
      """, as: Bool.self, Int.self)
    #expect(left == (false, 0))
    #expect(try tables(sky.database).isEmpty)
  }

  @Test func aTypeOfTheNameIsNamedBeforeTheWork() throws {
    let sky = try ClassifiedSky()
    try sky.database.script("CREATE TYPE catalogue.sky AS ENUM ('a')")
    let publication = try sky.publication()
    #expect(throws: CatalogueError.self) { try publication.begin(in: sky.database) }
    #expect(try tables(sky.database).isEmpty)
  }

  @Test func whatWasLeftIsRemovedUnlessSomebodyIsAtIt() throws {
    let sky = try ClassifiedSky()
    let other = try Connection(sky.fixture.address)
    let busy = try Fixture.newRun(.publish, in: other)
    let killed = try sky.publication().run
    try Run.fail(killed, because: "killed", in: sky.database)
    try sky.database.script(
      """
      CREATE TABLE catalogue._publishing_\(killed) (name text);
      CREATE TABLE catalogue._replaced_\(killed) (name text);
      CREATE TABLE catalogue._publishing_\(busy) (name text);
      """)
    try sky.publish()
    #expect(try tables(sky.database) == ["_publishing_\(busy)", "sky"])
  }

  /// The catalogue stands under its name when its run is finished, and not before.
  @Test func theExchangeAndTheEndOfTheRunAreOne() throws {
    let sky = try ClassifiedSky()
    let publication = try sky.publication()
    let built = try publication.build(in: sky.database)
    struct Killed: Error {}
    #expect(throws: Killed.self) {
      try Run.finish(publication.run, in: sky.database) { database -> PublishedCatalogue in
        _ = try built.publish(in: database)
        throw Killed()
      }
    }
    #expect(try !PublishedCatalogue.stands("sky", of: publication.run, in: sky.database))
    #expect(try Run.numbered(publication.run, in: sky.database).status == "running")
    #expect(try tables(sky.database) == ["_publishing_\(publication.run)"])
    try sky.publish(publication)
    #expect(try PublishedCatalogue.stands("sky", of: publication.run, in: sky.database))
    #expect(try Run.numbered(publication.run, in: sky.database).status == "finished")
    #expect(try tables(sky.database) == ["sky"])
  }
}
