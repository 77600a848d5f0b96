import Catalogue
import Foundation
import PostgreSQL
import TestSupport
import Testing

/// One question over all published catalogues.
@Suite struct EverythingTests {
  private func columns(_ database: Connection) throws -> [String] {
    try database.rows(
      """
      SELECT attname::text FROM pg_attribute
      WHERE attrelid = 'catalogue.everything'::regclass AND attnum > 0 ORDER BY attnum
      """, as: String.self)
  }

  @Test func theViewHasWhatAllCataloguesShare() throws {
    let sky = try ClassifiedSky(as: .pipeline)
    let database = sky.database
    try sky.publish(columns: ["Field"])
    #expect(try columns(database).contains("field"))
    try sky.publish(as: "other")
    #expect(try !columns(database).contains("field"))
    #expect(
      try columns(database).starts(with: ["catalogue", "survey", "name", "designation", "ra"]))
    #expect(try columns(database).contains("p_head_tail"))
    let counts = try database.table(
      "SELECT catalogue, count(*) FROM catalogue.everything GROUP BY 1", by: String.self, Int.self)
    #expect(counts == ["sky": 12, "other": 12])
    // Both are replaced as ever, also by who does not own the view, and while somebody's view reads it.
    try database.script(
      "RESET ROLE; CREATE VIEW public.mine AS SELECT name, p_head_tail FROM catalogue.everything")
    try Role.pipeline.take(in: database)
    try sky.publish(as: "other", columns: ["Field"])
    #expect(try columns(database).contains("field"))
    #expect(throws: CatalogueError.taken("everything")) { try sky.publish(as: "everything") }
    // What was published is taken back; the columns that a view of somebody reads stay.
    try database.script("RESET ROLE")
    #expect(try database.rows("SELECT name FROM public.mine", as: String.self).count == 24)
    for name in ["other", "sky"] {
      let run = try PublishedCatalogue.named(name, in: database).run
      _ = try TakingBack(.run(run)).perform(by: Fixture.user, in: database)
    }
    #expect(try database.rows("SELECT name FROM public.mine", as: String.self).isEmpty)
    try database.script("DROP VIEW public.mine; SELECT reber.make_everything()")
    #expect(try database.row("SELECT to_regclass('catalogue.everything') IS NULL", as: Bool.self))
  }

  @Test func twoFirstCataloguesMakeTheViewOneAfterTheOther() throws {
    let fixture = try Fixture()
    let other = try Connection(fixture.address)
    try other.script("SET lock_timeout = '50ms'")
    try fixture.database.transaction { database in
      try database.execute("SELECT reber.make_everything(false)")
      #expect {
        try other.execute("SELECT reber.make_everything(false)")
      } throws: { ($0 as? PostgresError)?.state == .lockNotAvailable }
    }
    try other.execute("SELECT reber.make_everything()")
  }

  @Test func theSurveyIsCalledAsItIsNow() throws {
    let sky = try ClassifiedSky()
    try sky.publish()
    try sky.fixture.survey.rename(to: "heaven", by: Fixture.user, in: sky.database)
    #expect(
      try sky.database.rows("SELECT DISTINCT survey FROM catalogue.everything", as: String.self)
        == ["heaven"])
  }

  /// Source s3 is most like s4 and then s2, and so on.
  private func embed(_ sky: ClassifiedSky) throws {
    let database = sky.database
    let run = try Fixture.newRun(.pretrain, in: database)
    let id = try Model.write(
      run: run, kind: .encoder, description: JSON(text: "{}"), weights: [1], sha256: "00",
      in: database)
    let model = try Model.find(.encoder, numbered: id, in: database)
    let cutouts = try StoredCutout.next(12, of: sky.fixture.survey, after: 0, in: database)
    try model.beginEmbeddings(of: sky.fixture.survey, in: database)
    let rows = cutouts.enumerated().map { index, cutout in
      let angle = Float(index * index) / 200
      return Embedding(
        cutout: cutout.id, source: cutout.source, vector: [cos(angle), sin(angle)])
    }
    try model.write(rows, of: sky.fixture.survey, run: run, in: database)
    try model.finishEmbeddings(of: sky.fixture.survey, in: database)
  }

  @Test func aQuestionOfClassProbabilityPlaceFluxAndLook() throws {
    let sky = try ClassifiedSky()
    let database = sky.database
    try sky.publish()
    try embed(sky)
    func names(_ arguments: SQL) throws -> [String] {
      try database.rows("SELECT name FROM reber.find(\(arguments))", as: String.self)
    }
    // The truth in plain SQL.
    let plain = try database.rows(
      """
      SELECT name FROM catalogue.sky
      WHERE class = 'head-tail' AND probability >= 0.7 ORDER BY probability DESC
      """, as: String.self)
    #expect(plain.count == 4)
    #expect(try names("of_class => 'head-tail', min_probability => 0.7") == plain)
    #expect(try names("of_class => 'head-tail', max_flux => 8").sorted() == ["s6", "s7", "s8"])
    #expect(
      try names("centre_ra => 5, centre_dec => -84.75, radius => 0.2").sorted() == [
        "s3", "s4", "s5", "s6", "s7",
      ])
    #expect(
      try names("like_survey => 'sky', like_source => 's3', how_many => 4") == [
        "s2", "s4", "s1", "s0",
      ])
    #expect(
      try names(
        """
        of_class => 'head-tail', min_probability => 0.6, centre_ra => 5, centre_dec => -84.75, radius => 0.5,
        min_flux => 7, like_survey => 'sky', like_source => 's3'
        """) == ["s7", "s8", "s9", "s10"])
    let error = #expect(throws: PostgresError.self) {
      try names("like_survey => 'sky', like_source => 'nobody'")
    }
    #expect(error?.message.contains("nobody") == true)
    let odd: [(SQL, String)] = [
      ("min_probability => 80", "from 0 to 1"), ("centre_ra => 5, radius => 1", "go together"),
      ("centre_ra => -5, centre_dec => 1, radius => 1", "from 0 to 360"),
      ("centre_ra => 5, centre_dec => 95, radius => 1", "from -90 to 90"),
      ("centre_ra => 5, centre_dec => 1, radius => -1", "from 0 to 180"),
      ("centre_ra => 'NaN', centre_dec => 1, radius => 1", "from 0 to 360"),
      ("min_flux => 2, max_flux => 1", "the smaller one first"),
      ("like_source => 's3'", "go together"), ("how_many => -1", "number of rows"),
      ("of_class => 'headtail'", "no class headtail"),
      ("like_survey => 'skies', like_source => 's3'", "survey skies has no source s3"),
    ]
    for (arguments, words) in odd {
      let error = #expect(throws: PostgresError.self) { try names(arguments) }
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
  }

  /// The indexes of each catalogue are used through the view.
  @Test(.disabled(if: Fixture.isOtherServer, "REBER_POSTGRES names a server, which has no q3c"))
  func theViewHidesNoIndex() throws {
    let sky = try ClassifiedSky()
    let database = sky.database
    try sky.publish()
    try sky.publish(as: "other")
    try database.script(
      "SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off")
    func plan(_ condition: String) throws -> String {
      try database.rows(
        SQL(raw: "EXPLAIN SELECT name FROM catalogue.everything WHERE \(condition)"),
        as: String.self
      ).joined(separator: "\n")
    }
    let best = try plan("class = 'head-tail' ORDER BY probability DESC LIMIT 5")
    #expect(best.contains("Merge Append") && !best.contains("Sort\n"), "\(best)")
    for table in ["sky_class_probability_idx", "other_class_probability_idx"] {
      #expect(best.contains(table), "\(best)")
    }
    try database.script("RESET enable_bitmapscan")
    let near = try plan("q3c_radial_query(ra, dec, 5, -84.75, 0.1)")
    #expect(
      near.contains("sky_q3c_ang2ipix_idx") && near.contains("other_q3c_ang2ipix_idx"), "\(near)")
  }
}
