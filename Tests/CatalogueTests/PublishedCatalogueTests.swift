import Catalogue
import Digest
import PostgreSQL
import TestSupport
import Testing

@Suite("Published catalogues") struct PublishedCatalogueTests {
  @Test func theQueryThatAstronomersCopy() throws {
    let sky = try ClassifiedSky()
    let published = try sky.publish()
    #expect(published.rows == 12)
    let found = try sky.database.rows(
      """
      SELECT name, ra, dec, class, probability FROM catalogue.sky
      WHERE class = 'head-tail' AND probability > 0.9 ORDER BY probability DESC
      """, as: String.self, Double.self, Double.self, String.self, Float.self)
    #expect(found.map(\.0) == ["s11", "s10"] && found[0].4 == 1)
    let names = published.columns.map(\.name)
    #expect(names.contains("p_head_tail") && names.contains("p_c_p_ellipse"))
    #expect(published.columns.allSatisfy { $0.ucd != nil && $0.description != nil })
    #expect(published.columns.first { $0.name == "ra" }?.unit == "deg")
  }

  /// What COPY writes of the table in order of name, made without COPY.
  private func text(of sky: ClassifiedSky) throws -> String {
    let columns = try sky.database.rows(
      """
      SELECT format('%I', attname) FROM pg_attribute
      WHERE attrelid = 'catalogue.sky'::regclass AND attnum > 0 ORDER BY attnum
      """, as: String.self)
    // COPY divides cells by tabs and writes \N for null; nothing here needs more.
    let cells = columns.map { "coalesce(\($0)::text, '\\N')" }.joined(separator: ", ")
    return try sky.database.row(
      SQL(
        raw: """
          SELECT string_agg(
              replace(replace(concat_ws(E'\\t', \(cells)), E'\\tfalse\\t', E'\\tf\\t'),
                  E'\\ttrue\\t', E'\\tt\\t') || E'\\n', '' ORDER BY name COLLATE "C")
          FROM catalogue.sky
          """), as: String.self)
  }

  private func digest(of sky: ClassifiedSky) throws -> String {
    try sky.database.row(
      "SELECT sha256 FROM reber.catalogue WHERE name = 'sky'", as: String.self)
  }

  @Test func theDigestIsThatOfTheBlocksOfRowsAsTextInOrderOfName() throws {
    let sky = try ClassifiedSky()
    _ = try sky.publish()
    let list = SHA256.hash(Array(try text(of: sky).utf8)).hex + "\n"
    let (found, expected) = (try digest(of: sky), SHA256.hash(Array(list.utf8)).hex)
    #expect(found == expected)
  }

  private static func digestLine(of sky: ClassifiedSky, inBlocksOf rows: Int) -> String {
    """
    psql -X '\(sky.fixture.address)' -c 'COPY (SELECT * FROM catalogue.sky ORDER BY name COLLATE "C") TO STDOUT' \
      | split -l \(rows) --filter=sha256sum | cut -d' ' -f1 | sha256sum
    """
  }

  /// The line of the README repeats the digest.
  @Test(arguments: [1, 4, 5, 12, 65_536]) func aShellRepeatsTheDigest(blockRows: Int) throws {
    let sky = try ClassifiedSky()
    var publication = try sky.publication()
    publication.blockRows = blockRows
    let published = try sky.publish(publication)
    let line = Self.digestLine(of: sky, inBlocksOf: blockRows)
    let (found, expected) = (Validator.run("bash", ["-c", line]), try digest(of: sky))
    #expect(found?.output == expected + "  -\n")
    #expect(try published.isAsPublished(in: sky.database) == true)
    // Rows may lie anywhere, but have to be what they were.
    try sky.database.script("UPDATE catalogue.sky SET rms = rms WHERE name = 's0'")
    #expect(try published.isAsPublished(in: sky.database) == true)
    try sky.database.script("UPDATE catalogue.sky SET ra = ra + 1e-12 WHERE name = 's7'")
    #expect(try published.isAsPublished(in: sky.database) == false)
  }

  /// The same of names that COPY escapes, or that stand elsewhere in other orders, in databases of any collation.
  @Test(arguments: [
    "", "TEMPLATE template0 LOCALE 'C'",
    "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8'",
  ])
  func aShellRepeatsTheDigestOfAnyNames(options: String) throws {
    let names = [
      "b\\c", "b\tc", "b\nc", "b\"c'", "\\N", "é", "Z", "z", "日本", "b c", "b-c", "a;€\r",
    ]
    let sky = try ClassifiedSky(named: { names[$0] }, madeWith: options)
    var publication = try sky.publication()
    publication.blockRows = 5
    let published = try sky.publish(publication)
    let found = Validator.run("bash", ["-c", Self.digestLine(of: sky, inBlocksOf: 5)])
    let expected = try digest(of: sky)
    #expect(found?.output == expected + "  -\n")
    #expect(try published.isAsPublished(in: sky.database) == true)
    let stored = try sky.database.rows("SELECT name FROM catalogue.sky", as: String.self)
    #expect(Set(stored) == Set(names))
  }

  /// Versions before digested all rows as one.
  @Test func anOlderDigestIsUnderstood() throws {
    let sky = try ClassifiedSky()
    let published = try sky.publish()
    let whole = SHA256.hash(Array(try text(of: sky).utf8)).hex
    try sky.database.execute("UPDATE reber.catalogue SET block_rows = NULL, sha256 = \(whole)")
    #expect(try published.isAsPublished(in: sky.database) == true)
  }

  /// Pieces that several do, one of them too late, come to what one process makes of them.
  @Test func severalDoThePieces() throws {
    let (alone, sky) = (try ClassifiedSky(), try ClassifiedSky())
    var publication = try alone.publication()
    publication.blockRows = 5
    try alone.publish(publication)

    publication = try sky.publication()
    publication.blockRows = 5
    let (database, other) = (sky.database, try Connection(sky.fixture.address))
    try publication.begin(in: database)
    try publication.join(in: other)
    #expect(throws: CatalogueError.beingPublished("sky")) {
      try sky.publication().begin(in: Connection(sky.fixture.address))
    }
    let (frozen, quick) = (
      try publication.worker(1, in: database), try publication.worker(2, in: other)
    )
    var late: [Piece] = []
    while let piece = try Piece.claim(by: frozen, for: 60, in: database) { late.append(piece) }
    try database.execute("UPDATE reber.piece SET lease_ends = clock_timestamp()")
    try publication.prepare(other)
    while let piece = try Piece.claim(by: quick, for: 60, in: other) {
      #expect(try publication.perform(piece, in: other))
    }
    for piece in late { #expect(try !publication.perform(piece, in: database)) }
    let built = try publication.finish(in: database)
    try Run.finish(publication.run, in: database) { try built.publish(in: $0) }
    for piece in late { #expect(try !publication.perform(piece, in: database)) }
    let (made, expected) = (try digest(of: sky), try digest(of: alone))
    #expect(made == expected)
  }

  /// Who is frozen while it reads a block keeps nobody waiting, whoever it is: nothing ends its connection.
  @Test func whoIsFrozenAmidABlockKeepsNobodyWaiting() async throws {
    let sky = try ClassifiedSky { "s\($0)" + String(repeating: "x", count: 60_000) }
    let publication = try sky.publication()
    try publication.begin(in: sky.database)
    let relay = try Relay(to: sky.fixture.address, freezingAfter: 100_000)
    let frozen = try await Database(relay.address)
    let worker = try publication.worker(1, in: sky.database)
    var pieces: [Piece] = []
    while let piece = try Piece.claim(by: worker, for: 60, in: sky.database) {
      pieces.append(piece)
    }
    let block = try #require(pieces.first { $0.keys.lowerBound >= 0 })
    let reading = Task {
      try await frozen.with { database in
        try publication.prepare(database)
        return try publication.perform(block, in: database)
      }
    }
    let sends: SQL = """
      SELECT EXISTS (
          SELECT FROM pg_stat_activity
          WHERE application_name = \("reber publish \(publication.run)") AND wait_event = 'ClientWrite'
      )
      """
    while try !sky.database.row(sends, as: Bool.self) {
      try await Task.sleep(for: .milliseconds(5))
    }
    try sky.database.execute("UPDATE reber.piece SET lease_ends = clock_timestamp()")
    while let piece = try Piece.claim(by: worker, for: 60, in: sky.database) {
      #expect(try publication.perform(piece, in: sky.database))
    }
    let built = try publication.finish(in: sky.database)
    try Run.finish(publication.run, in: sky.database) {
      try built.publish(in: $0) {
        Issue.record("\($0)")
        relay.end()
      }
    }
    #expect(try sky.database.row(sends, as: Bool.self))
    relay.end()
    _ = await reading.result
  }

  @Test func publishingAgainReplacesTheTable() throws {
    let sky = try ClassifiedSky()
    for _ in 0..<2 { _ = try sky.publish() }
    #expect(try PublishedCatalogue.all(in: sky.database).map(\.name) == ["sky"])
    let relations = try sky.database.rows(
      "SELECT relname::text FROM pg_class WHERE relnamespace = 'catalogue'::regnamespace ORDER BY 1",
      as: String.self)
    #expect(
      relations.filter { !$0.contains("q3c") } == [
        "everything", "sky", "sky_class_probability_idx", "sky_dec_ra_idx", "sky_floor_ra_idx",
        "sky_pkey", "sky_probability_idx", "sky_total_flux_idx", "sky_unlikeness_idx",
      ])
  }

  @Test func aTableOfSomebodyElseStays() throws {
    let sky = try ClassifiedSky()
    try sky.database.script("CREATE TABLE catalogue.mine (note text)")
    #expect(throws: CatalogueError.self) { try sky.publish(as: "mine") }
    #expect(try sky.database.row("SELECT count(*) FROM catalogue.mine", as: Int.self) == 0)
  }
}
