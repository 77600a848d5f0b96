import Astronomy
import Catalogue
import PostgreSQL
import Testing

@Suite("The sphere in SQL") struct SkyTests {
  @Test func designationsAreTruncated() throws {
    let fixture = try Fixture()
    // Checked with astropy: SkyCoord(…).to_string('hmsdms', sep='', precision=…), truncated.
    let cases: [(Double, Double, String)] = [
      (0, 0, "J000000.00+000000.0"), (153.054583, 33.748611, "J101213.09+334454.9"),
      (359.999999, -0.00001, "J235959.99-000000.0"), (10.4509395, -9.28422, "J004148.22-091703.1"),
    ]
    for (ra, dec, text) in cases {
      let made = try fixture.database.row(
        "SELECT reber.designation(\(ra), \(dec))", as: String.self)
      #expect(made == text)
    }
  }

  /// Who loads a table writes the designations that the server would, and a position that changes has another.
  @Test func designationsAreTheSameEverywhere() throws {
    let fixture = try Fixture(sources: 2000)
    let database = fixture.database
    let differing: SQL = """
      SELECT count(*) FROM reber.source WHERE designation IS DISTINCT FROM reber.designation(ra, "dec")
      """
    #expect(try database.row(differing, as: Int.self) == 0)
    try database.execute("UPDATE reber.source SET ra = ra / 3, dec = -dec / 7, designation = 'J'")
    #expect(try database.row(differing, as: Int.self) == 0)
    let rows = try database.rows(
      "SELECT ra, dec, designation FROM reber.source", as: Double.self, Double.self, String.self)
    for (ra, dec, text) in rows { #expect(SkyPosition(ra: ra, dec: dec).designation == text) }
  }

  @Test func separationsHoldAtAllScales() throws {
    let fixture = try Fixture()
    // By astropy.coordinates.angular_separation, degrees.
    let cases: [(Double, Double, Double, Double, Double)] = [
      (10, 20, 10, 20 + 1e-7, 1e-7), (0, 90, 180, 90, 0), (0, 0, 180, 0, 180),
      (359.9999, 0, 0.0001, 0, 0.0002), (10.45, -9.28, 205.1, 47.3, 139.99930041415203),
    ]
    for (ra1, dec1, ra2, dec2, wanted) in cases {
      let found = try fixture.database.row(
        "SELECT reber.separation(\(ra1), \(dec1), \(ra2), \(dec2))", as: Double.self)
      #expect(abs(found - wanted) < 1e-8, "\(ra1) \(dec1) \(ra2) \(dec2): \(found)")
    }
  }

  /// PostgreSQL's own packages bring q3c; another server, which `REBER_POSTGRES` names, need not.
  @Test(.disabled(if: Fixture.isOtherServer, "REBER_POSTGRES names a server, which has no q3c"))
  func aConeSearchUsesTheIndex() throws {
    let fixture = try Fixture(sources: 61_200)
    let database = fixture.database
    let has = try database.row(
      "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'q3c')", as: Bool.self)
    try #require(has, "tools/install installs q3c")
    try database.script("ANALYZE reber.source")
    let plan = try database.rows(
      "EXPLAIN SELECT name FROM reber.source WHERE q3c_radial_query(ra, dec, 200.2, 45.5, 1.5)",
      as: String.self
    ).joined(separator: "\n")
    #expect(plan.contains("Index"), "\(plan)")
    #expect(!plan.contains("Seq Scan"), "\(plan)")
    let near = try database.rows(
      "SELECT name FROM reber.source WHERE q3c_radial_query(ra, dec, 200.2, 45.5, 1.5) ORDER BY name",
      as: String.self)
    let exact = try database.rows(
      """
      SELECT name FROM reber.source WHERE reber.separation(ra, dec, 200.2, 45.5) < 1.5
      ORDER BY name
      """, as: String.self)
    #expect(near == exact && !near.isEmpty)
  }

  @Test func neighboursAreThoseOfBruteForce() throws {
    let fixture = try Fixture(sources: 40)
    let database = fixture.database
    let vectors = (0..<40).map { index -> [Float] in
      (2..<10).map { column -> Float in
        let wobble = (index + 1) * (column * 37 + index) % 101
        return Float(wobble) / 50 - 1
      }
    }
    let stored = try fixture.addCutouts()
    let run = try Fixture.newRun(.pretrain, in: database)
    let id = try Model.write(
      run: run, kind: .encoder, description: JSON(text: "{}"), weights: [1], sha256: "00",
      in: database)
    let model = try Model.find(.encoder, numbered: id, in: database)
    try model.beginEmbeddings(of: fixture.survey, in: database)
    try model.write(
      stored.enumerated().map {
        Embedding(cutout: $1.id, source: $1.source, vector: vectors[$0])
      }, of: fixture.survey, run: run, in: database)
    try model.finishEmbeddings(of: fixture.survey, in: database)
    func cosine(_ a: [Float], _ b: [Float]) -> Double {
      func dot(_ x: [Float], _ y: [Float]) -> Double {
        zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      }
      return 1 - dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    }
    let wanted = (0..<40).filter { $0 != 3 }
      .sorted { cosine(vectors[3], vectors[$0]) < cosine(vectors[3], vectors[$1]) }
      .prefix(5).map { "s\($0)" }
    let found = try database.rows(
      "SELECT name FROM reber.neighbours('sky', 's3', 5)", as: String.self)
    #expect(found == Array(wanted))
  }
}
