import Catalogue
import Digest
import PostgreSQL
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

  @Test func theDigestIsThatOfTheRowsAsTextInOrderOfName() throws {
    let sky = try ClassifiedSky()
    _ = try sky.publish()
    let columns = try sky.database.rows(
      """
      SELECT format('%I', attname) FROM pg_attribute
      WHERE attrelid = 'catalogue.sky'::regclass AND attnum > 0 ORDER BY attnum
      """, as: String.self)
    // COPY divides cells by tabs and writes \N for null; nothing here needs more.
    let cells = columns.map { "coalesce(\($0)::text, '\\N')" }.joined(separator: ", ")
    let text = try sky.database.row(
      SQL(
        raw: """
          SELECT string_agg(
              replace(replace(concat_ws(E'\\t', \(cells)), E'\\tfalse\\t', E'\\tf\\t'),
                  E'\\ttrue\\t', E'\\tt\\t') || E'\\n', '' ORDER BY name COLLATE "C")
          FROM catalogue.sky
          """), as: String.self)
    let digest = try sky.database.row(
      "SELECT sha256 FROM reber.catalogue WHERE name = 'sky'", as: String.self)
    #expect(digest == SHA256.hash(Array(text.utf8)).hex)
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
