import Astronomy
import Catalogue
import PostgreSQL
import Testing

/// A survey's own columns go with the catalogue that is published of it.
@Suite("Own columns of a published catalogue") struct OwnColumnTests {
  private let sky: ClassifiedSky

  init() throws {
    sky = try ClassifiedSky()
    try sky.database.script(
      """
      ALTER TABLE survey.sky ADD class text, ADD e_ra real, ADD shape double precision[], ADD total real;
      UPDATE survey.sky SET class = 'S', e_ra = 0.5, shape = '{1.5,NULL}', total = 7;
      INSERT INTO reber.survey_column
          (survey_id, name, ordinal, datatype, unit, ucd, description, mapped_to, run_id, stored_as)
      SELECT survey_id, own.name, place, 'double', own.unit, own.ucd, said, own.mapped, run_id, lower(own.name)
      FROM reber.survey_column, (VALUES
          ('Class', 1, NULL, 'src.class', 'S, M or C', NULL),
          ('E_RA', 2, 'arcsec', 'stat.error;pos.eq.ra', 'Error of the position', NULL),
          ('Shape', 3, NULL, NULL, NULL, NULL),
          ('Total', 4, 'mJy', 'phot.flux', 'Total flux', 'total_flux')
      ) AS own (name, place, unit, ucd, said, mapped);
      """)
  }

  private func names(_ chosen: [String]? = nil, without: [String] = []) throws -> [String] {
    try Publication.ownColumns(
      chosen, without: without, of: sky.fixture.survey, in: sky.database)
  }

  @Test func allThatNothingWasTakenFromAreChosen() throws {
    #expect(try names() == ["Field", "Class", "E_RA", "Shape"])
    #expect(try names(["total", "Field"]) == ["Field", "Total"])
    #expect(try names(without: ["e_ra", "Shape"]) == ["Field", "Class"])
    #expect(try names([]) == [])
    let error = #expect(throws: CatalogueError.self) { try names(["E_RAJ"]) }
    #expect(error?.description.contains("is 'E_RA' meant?") == true)
  }

  @Test func theyHaveTheirUnitsAndSuffixesWhereOursHaveTheName() throws {
    let published = try sky.publish(columns: try names())
    let own = published.columns.suffix(4)
    #expect(own.map(\.name) == ["field", "class_survey", "e_ra", "shape"])
    #expect(own.map(\.type) == ["text", "text", "real", "double precision[]"])
    #expect(own.map(\.unit) == [nil, nil, "arcsec", nil])
    #expect(own.map(\.ucd) == [nil, "src.class", "stat.error;pos.eq.ra", nil])
    #expect(own.map(\.description?.isEmpty) == [false, false, false, false])
    let comment = try sky.database.row(
      """
      SELECT col_description(attrelid, attnum) FROM pg_attribute
      WHERE attrelid = 'catalogue.sky'::regclass AND attname = 'e_ra'
      """, as: String.self)
    #expect(comment == "Error of the position [arcsec] (UCD stat.error;pos.eq.ra)")
    for (comment, parts) in [
      (comment, ["Error of the position", "arcsec", "stat.error;pos.eq.ra"]),
      ("Flags [see (2)], none", ["Flags [see (2)], none", nil, nil]),
      ("Ratio (UCD arith.ratio)", ["Ratio", nil, "arith.ratio"]),
      ("Flux (peak) [mJy beam-1]", ["Flux (peak)", "mJy beam-1", nil]),
    ] {
      let read = try sky.database.row(
        "SELECT * FROM reber.read_comment(\(comment))", as: String?.self, String?.self, String?.self
      )
      #expect([read.0, read.1, read.2] == parts)
    }
    let row: SQL = "SELECT field, class_survey, e_ra FROM catalogue.sky WHERE name = 's8'"
    let (field, type, error) = try sky.database.row(
      row, as: String.self, String.self, Float.self)
    #expect(field == "F1" && type == "S" && error == 0.5)
    #expect(
      try PublishedCatalogue.named("sky", in: sky.database).columns.count == published.columns.count
    )
  }

  @Test func vectorsAreReadAsSuch() throws {
    let published = try sky.publish(columns: ["Shape"])
    var cells: [Value] = []
    try published.read(in: sky.database) { rows in cells += rows.compactMap(\.last) }
    #expect(cells.count == 12)
    guard case .reals(let elements) = cells[0] else {
      Issue.record("a vector was published")
      return
    }
    #expect(elements.count == 2 && elements[0] == 1.5 && elements[1].isNaN)
  }
}
