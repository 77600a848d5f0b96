import Catalogue
import Digest
import Foundation
import PNG
import PostgreSQL
import Stages
import TestSupport
import Testing

@Suite struct IngestImageTests {
  /// Three sources 36″ apart on the equator of the test images.
  private let text = """
    name,ra,dec,image,maj
    a,150.0,2.0,,10
    b,150.01,2.0,cut/second.fits,20
    c,150.02,2.0,,60
    """

  private func position(_ index: Int) -> (ra: Double, dec: Double) {
    (150 + 0.01 * Double(index), 2)
  }

  private func names(_ fixture: IngestFixture) throws -> [String] {
    try fixture.rows(
      """
      SELECT source.name FROM reber.cutout JOIN reber.source USING (survey_id, source_id)
      WHERE is_current ORDER BY source.name
      """, as: String.self)
  }

  @Test func cutoutsAreFoundByNameByObjectAndByPosition() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try fixture.file("images/cut/second.fits", TestImage(centre: (10, 10)).content)
      try fixture.file("images/A9.fits", TestImage(centre: (150.003, 2), object: "a").content)
      try fixture.file("images/x.fits", TestImage(centre: (150.0205, 2)).content)
      try fixture.file("images/nowhere.fits", TestImage(centre: (50, 2)).content)
      let report = try await fixture.ingest(
        fixture.file("c.csv", text), images: [folder + "/images"])
      let metrics = try #require(report.images?.metrics)
      #expect(metrics.decisions == ImageDecisions(byName: 2, byPosition: 1))
      #expect(metrics.cutouts == 3 && metrics.written == 3 && metrics.rejected == 1)
      #expect(
        try fixture.rejected() == [
          "nowhere.fits: no source is named like it, and none lies within 10.0″ of its centre"
        ])
      let row = try #require(
        try fixture.rows(
          """
          SELECT width, bitpix, pixel_scale, wcs, pixels, encode(image_sha256, 'hex')
          FROM reber.cutout JOIN reber.cutout_pixels USING (survey_id, cutout_id)
          JOIN reber.source USING (survey_id, source_id) WHERE name = 'c'
          """,
          as: Int32.self, Int16.self, Float.self, JSON.self, [UInt8].self, String.self
        ).first)
      #expect(row.0 == 20 && row.1 == -32 && abs(row.2 - 2) < 1e-5)
      #expect(row.3.text.contains("\"BUNIT\": \"Jy/beam\"") && row.3.text.contains("CRVAL1"))
      let pixel = row.4[4 * 45..<4 * 46].enumerated().reduce(UInt32(0)) {
        $0 | UInt32($1.element) << (8 * UInt32($1.offset))
      }
      #expect(Float(bitPattern: pixel) == 205, "column 5 of row 2 from the bottom")
      #expect(row.5 == (try SHA256.hash(file: folder + "/images/x.fits").hex))
    }
  }

  @Test func theHeaderDescribesTheSurveyUnlessTheUserDoes() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try fixture.file("images/a.fits", TestImage().content)
      try await fixture.ingest(fixture.file("c.csv", text), images: [folder + "/images"]) {
        $0.observation.frequency = 3e9
      }
      let database = try Connection(fixture.address)
      let sky = try Survey.named("sky", in: database).observation
      #expect(sky.frequency == 3e9 && sky.beamMajor == 6 && sky.beamMinor == 5)
      #expect(sky.beamAngle == 30 && abs((sky.pixelScale ?? 0) - 2) < 1e-5)
    }
  }

  @Test func aMosaicIsCutAtItsSources() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      // 'a' lies at pixel 59.5, 'b' at 41.5, 'c' at 23.5: east is to the left.
      let mosaic = TestImage(width: 120, height: 60)
      try fixture.file("m.fits", mosaic.content)
      let report = try await fixture.ingest(
        fixture.file("c.csv", text + "\nfar,160,2,,5\nedge,150.033,2,,5"),
        images: [folder + "/m.fits"]
      ) { $0.cutting.size = 20 }
      let metrics = try #require(report.images?.metrics)
      #expect(metrics.decisions.mosaics == 1 && metrics.cutouts == 4)
      #expect(metrics.partlyOffImage == 1)
      #expect(report.withoutImage == 1 && report.firstWithoutImage == ["far"])
      let rows = try fixture.rows(
        """
        SELECT name, width, off_image, non_finite, at_edge FROM reber.cutout
        JOIN reber.source USING (survey_id, source_id) ORDER BY name
        """, as: String.self, Int32.self, Float.self, Float.self, Bool.self)
      #expect(rows.map(\.0) == ["a", "b", "c", "edge"])
      #expect(rows.allSatisfy { $0.1 == 10 })
      #expect(rows.map(\.4) == [false, false, false, true])
      #expect(rows[3].2 == rows[3].3 && rows[3].2 > 0.2 && rows[3].2 < 0.8)
      // b lies at pixel (41.51, 29.5), up to the bend of the projection.
      let values = try values(of: "b", fixture)
      #expect(values[0] == Float(37 + 100 * 25) && values[99] == Float(46 + 100 * 34))
    }
  }

  /// What a header says of an image is asked for once, whatever was cut from it.
  @Test func anImageIsARowThatItsCutoutsPointTo() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let content = TestImage(width: 120, height: 60).content
      try fixture.file("m.fits", content)
      try fixture.file("copy.fits", content)
      try await fixture.ingest(
        fixture.file("c.csv", text), images: [folder + "/m.fits", folder + "/copy.fits"]
      ) { $0.cutting.size = 20 }
      let image = try #require(
        try fixture.rows(
          """
          SELECT file, bytes, beam_major, frequency_hz, footprint, wcs,
              (SELECT count(*) FROM reber.cutout WHERE cutout.survey_id = image.survey_id
                  AND image_sha256 = image.sha256)
          FROM reber.image WHERE unit = 'Jy/beam' AND (width, height) = (120, 60)
          """,
          as: String.self, Int.self, Float.self, Double.self, [Double].self, JSON.self, Int.self
        ).first)
      #expect(image.0 == folder + "/m.fits" && image.1 == content.count && image.6 == 3)
      #expect(image.2 == 6 && image.3 == 1.4e9 && image.5.text.contains("CRPIX1"))
      // 240″ by 120″ about the centre, from the south-east.
      let expected = [
        150.033354, 1.98333, 149.966646, 1.98333, 149.966646, 2.01667, 150.033354, 2.01667,
      ]
      #expect(zip(image.4, expected).allSatisfy { abs($0 - $1) < 1e-4 }, "\(image.4)")
      #expect(try fixture.count("SELECT count(*) FROM reber.image") == 1)
      #expect(throws: PostgresError.self) {
        try Connection(fixture.address).execute("UPDATE reber.image SET epoch = 2000")
      }
    }
  }

  private func values(of name: String, _ fixture: IngestFixture) throws -> [Float] {
    let database = try Connection(fixture.address)
    let survey = try Survey.named("sky", in: database)
    let source = try #require(
      try StoredSource.all(of: survey, in: database).first { $0.name == name })
    return try StoredCutout.next(
      1, of: survey, after: 0, .sources([source.id]), in: database
    ).first?.values ?? []
  }

  /// A pixel of the image is twice as wide as high: views turn cutouts, whose pixels must be square.
  @Test func pixelsThatAreNotSquareBecomeSo() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let image = TestImage(width: 61, height: 120, aspect: 2) { Float(10 * $0 + 1000 * $1) }
      try fixture.file("m.fits", image.content)
      let small = TestImage(width: 5, height: 10, centre: (10, 10), aspect: 2)
      try fixture.file("small/b.fits", small.content)
      let report = try await fixture.ingest(
        fixture.file("c.csv", "name,ra,dec\na,150.0,2.0\nb,10,10\n"),
        images: [folder + "/m.fits", folder + "/small"]
      ) { $0.cutting.size = 20 }
      let rows = try fixture.rows(
        """
        SELECT name, width, height, pixel_scale, wcs #>> '{CDELT1}' FROM reber.cutout
        JOIN reber.source USING (survey_id, source_id) ORDER BY name
        """, as: String.self, Int32.self, Int32.self, Float.self, String.self)
      #expect(rows.map(\.1) == [10, 10] && rows.map(\.2) == [10, 10])
      #expect(
        rows.allSatisfy { abs($0.3 - 2) < 1e-4 && abs((Double($0.4) ?? 0) * 3600 + 2) < 1e-6 })
      // The source lies in the middle of column 30, which is 61 of the square ones' edges: 60.5.
      let values = try values(of: "a", fixture)
      #expect(values[0] == 10 * 27.75 + 1000 * 55 && values[1] == 10 * 28.25 + 1000 * 55)
      #expect(values[10] - values[0] == 1000)
      let warnings = report.images?.metrics.warnings ?? []
      #expect(warnings.count == 1 && warnings[0].contains("and 1 more"))
      #expect(warnings[0].contains("its pixels are not square, 4.0 × 2.0″"))
    }
  }

  @Test func whatIsNotTheTotalIntensityIsSaid() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      var image = TestImage()
      image.more = [
        ("CTYPE3", "'STOKES'"), ("CRVAL3", "2.0"), ("CRPIX3", "1.0"), ("CDELT3", "1.0"),
      ]
      try fixture.file("a.fits", image.content)
      let report = try await fixture.ingest(
        fixture.file("c.csv", text), images: [folder + "/a.fits"])
      #expect(report.images?.metrics.warnings?[0].contains("it is of Stokes Q") == true)
    }
  }

  @Test func whatIsWrongWithABeamIsSaid() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try fixture.file("a.fits", TestImage(beam: "6.0").content)
      let report = try await fixture.ingest(
        fixture.file("c.csv", text), images: [folder + "/a.fits"])
      #expect(report.images?.metrics.warnings?[0].contains("its BMAJ of 6.0° is wider") == true)
      let database = try Connection(fixture.address)
      #expect(try Survey.named("sky", in: database).observation.beamMajor == nil)
    }
  }

  @Test(arguments: ["link", "link/", "holder"]) func linksAreFollowed(given: String) async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try fixture.file("real/a.fits", TestImage().content)
      let files = FileManager.default
      try files.createDirectory(atPath: folder + "/holder", withIntermediateDirectories: true)
      for (link, place) in [
        ("link", "real"), ("holder/sub", "real"), ("holder/again", "holder"),
        ("holder/b.fits", "real/a.fits"),
      ] {
        try files.createSymbolicLink(
          atPath: folder + "/" + link, withDestinationPath: folder + "/" + place)
      }
      let report = try await fixture.ingest(
        fixture.file("c.csv", text), images: [folder + "/" + given])
      #expect(report.images?.metrics.cutouts == 1)
    }
  }

  @Test(arguments: ["a.fits.bz2", "a.bz2.fits", "a.fz", "a.FITS.GZ"])
  func packedImagesAreKnownByTheirContent(name: String) async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try fixture.file("raw", TestImage().content)
      let program = name.contains("bz2") ? "bzip2" : name.contains("GZ") ? "gzip" : "cat"
      let script = "cd \(folder) && mkdir i && \(program) < raw > i/\(name)"
      #expect(Validator.run("sh", ["-c", script])?.status == 0)
      let report = try await fixture.ingest(fixture.file("c.csv", text), images: [folder + "/i"])
      #expect(report.images?.metrics.cutouts == 1)
    }
  }

  @Test(arguments: [(0.0, 20.0), (180.0, 89.995), (42.0, -90.0)])
  func mosaicsMayLieAcrossTheMeridianAndOverThePoles(_ ra: Double, _ dec: Double) async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let step = 0.005 / max(cos(dec * .pi / 180), 5e-5)
      var text = "name,ra,dec\nmiddle,\(ra),\(dec)\n"
      text += "east,\((ra + step).truncatingRemainder(dividingBy: 360)),\(dec)\n"
      text += "west,\((ra - step + 360).truncatingRemainder(dividingBy: 360)),\(dec)\n"
      text += "far,\(ra),\(dec > 0 ? dec - 1 : dec + 1)\n"
      try fixture.file("m.fits", TestImage(width: 200, height: 200, centre: (ra, dec)).content)
      let report = try await fixture.ingest(
        fixture.file("c.csv", text), images: [folder + "/m.fits"])
      #expect(report.cutouts == 3 && report.firstWithoutImage == ["far"])
    }
  }

  @Test func theSizeMayFollowTheSource() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try fixture.file("m.fits", TestImage(width: 120, height: 120).content)
      try await fixture.ingest(
        fixture.file("c.csv", text), images: [folder + "/m.fits"]
      ) {
        $0.columns = ["major_axis": "maj"]
        $0.cutting.size = 24
        $0.cutting.sizeFactor = 2
      }
      let widths = try fixture.rows(
        """
        SELECT width FROM reber.cutout JOIN reber.source USING (survey_id, source_id) ORDER BY name
        """, as: Int32.self)
      #expect(widths == [12, 20, 60])
    }
  }

  @Test func theMosaicWhereASourceLiesFarthestFromTheEdgeIsTaken() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let first = TestImage(width: 100, height: 100, centre: (149.99, 2), value: { _, _ in 1 })
      let second = TestImage(width: 100, height: 100, centre: (150.02, 2), value: { _, _ in 2 })
      // Centred best of all, but blank: it shows nothing.
      let blank = TestImage(
        width: 100, height: 100, centre: (150.0, 2), value: { _, _ in .nan })
      try fixture.file("m/1.fits", first.content)
      try fixture.file("m/2.fits", second.content)
      try fixture.file("m/0.fits", blank.content)
      let report = try await fixture.ingest(
        fixture.file("c.csv", text), images: [folder + "/m"]
      ) { $0.cutting.size = 10 }
      #expect(report.images?.metrics.decisions.mosaics == 3)
      #expect(try values(of: "a", fixture).first == 1)
      #expect(try values(of: "b", fixture).first == 2)
      #expect(try values(of: "c", fixture).first == 2)
    }
  }

  @Test func aSourceThatIsBlankOnEveryImageIsCounted() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let half = TestImage(width: 100, height: 100, value: { x, _ in x < 35 ? .nan : 1 })
      try fixture.file("m.fits", half.content)
      let report = try await fixture.ingest(
        fixture.file("c.csv", text), images: [folder + "/m.fits"]
      ) { $0.cutting.size = 30 }
      #expect(report.images?.metrics.cutouts == 1)
      #expect(report.firstWithoutImage == ["b", "c"])
      #expect(
        try fixture.rows("SELECT name FROM reber.source_without_image ORDER BY 1", as: String.self)
          == ["b", "c"])
      #expect(try values(of: "a", fixture).filter(\.isNaN).isEmpty)
    }
  }

  @Test func imagesThatSeveralSourcesNameAreCutAtThose() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let fields = "name,ra,dec,image\na,150,2,f1\nb,150.01,2,f1\nc,150,2,f2\n"
      for name in ["f1", "f2"] {
        try fixture.file("m/\(name).fits", TestImage(width: 60, height: 60).content)
      }
      let report = try await fixture.ingest(
        fixture.file("c.csv", fields), images: [folder + "/m"]
      ) { $0.cutting.size = 40 }
      #expect(report.images?.metrics.decisions == ImageDecisions(mosaics: 2))
      #expect(
        try fixture.rows(
          "SELECT count(*), min(width), max(width) FROM reber.cutout", as: Int.self, Int32.self,
          Int32.self
        )
        .map { [$0.0, Int($0.1), Int($0.2)] } == [[3, 20, 20]])
    }
  }

  @Test func whatTheImagesAreCanBeSaid() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try fixture.file("m/m.fits", TestImage(width: 100, height: 100).content)
      let whole = try await fixture.ingest(
        fixture.file("c.csv", text), images: [folder + "/m"]
      ) { $0.cutting.takenAs = .cutouts }
      #expect(whole.images?.metrics.decisions.byPosition == 1)
      #expect(try names(fixture) == ["a"])
      let cut = try await fixture.ingest(images: [folder + "/m"]) {
        $0.cutting.takenAs = .mosaics
        $0.cutting.size = 20
      }
      #expect(cut.images?.metrics.written == 3 && cut.images?.run == 3)
      let widths = try fixture.rows(
        "SELECT width FROM reber.cutout WHERE is_current", as: Int32.self)
      #expect(widths == [10, 10, 10])
      #expect(try fixture.count("SELECT count(*) FROM reber.cutout WHERE NOT is_current") == 1)
    }
  }

  @Test func theSameImagesChangeNothingAndAChangedOneReplacesItsCutout() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      for name in ["a", "b", "c"] {
        try fixture.file("i/\(name).fits", TestImage().content)
      }
      let catalogue = try fixture.file("c.csv", text.replacing("cut/second.fits", with: ""))
      try await fixture.ingest(catalogue, images: [folder + "/i"])
      let before = try fixture.content()
      let again = try await fixture.ingest(catalogue, images: [folder + "/i"])
      #expect(again.images?.alreadyDone == true)
      #expect(try fixture.content() == before)
      try fixture.file("i/b.fits", TestImage(value: { x, _ in Float(x) }).content)
      let changed = try await fixture.ingest(catalogue, images: [folder + "/i"])
      #expect(changed.images?.metrics.written == 1 && changed.images?.metrics.unchanged == 2)
      let after = try fixture.content()
      #expect(after[0] == before[0] && after[1] != before[1] && after[2] == before[2])
      #expect(try fixture.count("SELECT count(*) FROM reber.cutout WHERE is_current") == 3)
      #expect(try fixture.count("SELECT count(*) FROM reber.cutout") == 4)
    }
  }

  /// The header counts as well as the pixels; and what was ingested before is ingested again where another came between.
  @Test func aMendedHeaderAndAnImageThatIsTakenBackToMakeNewCutouts() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let mosaic = TestImage(width: 100, height: 100)
      let catalogue = try fixture.file("c.csv", "name,ra,dec\na,150.0,2.0\nb,150.01,2.0\n")
      func ingested(_ image: TestImage) async throws -> Int? {
        try fixture.file("m.fits", image.content)
        return try await fixture.ingest(catalogue, images: [folder + "/m.fits"]) {
          $0.cutting.size = 20
        }.images?.metrics.written
      }
      #expect(try await ingested(mosaic) == 2)
      var mended = mosaic
      mended.beam = "\(12.0 / 3600)"
      #expect(try await ingested(mended) == 2)
      #expect(try await ingested(mosaic) == 2)
      let beams = try fixture.rows(
        "SELECT round((wcs ->> 'BMAJ')::numeric * 3600)::float8 FROM reber.cutout WHERE is_current",
        as: Double.self)
      #expect(beams == [6, 6])
      #expect(fixture.notes.all.contains("has changed it since"))
    }
  }

  /// Two parts of a catalogue, each with its mosaic, which overlap: the same calls once more end as they ended.
  @Test func callsThatAreRepeatedEndAsBefore() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let parts = ["a,150.0,2.0", "b,150.01,2.0\nc,150.02,2.0"]
      func ingestAll() async throws -> [Float] {
        for (index, rows) in parts.enumerated() {
          let image = TestImage(width: 100, height: 100) { _, _ in Float(index) }
          try fixture.file("\(index)/image.fits", image.content)
          try await fixture.ingest(
            fixture.file("\(index).csv", "name,ra,dec\n\(rows)\n"), images: [folder + "/\(index)"]
          ) { $0.cutting.size = 20 }
        }
        return try ["a", "b", "c"].compactMap { try values(of: $0, fixture).first }
      }
      #expect(try await ingestAll() == [1, 1, 1])
      #expect(try await ingestAll() == [1, 1, 1])
      #expect(try await ingestAll() == [1, 1, 1])
    }
  }

  @Test func anImageThatNamesItsObjectIsTakenWhole() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let aside = TestImage(width: 41, height: 41, centre: (150.004, 2), object: "a")
      let wide = TestImage(width: 301, height: 301, centre: (160, 2), object: "far")
      let pointing = TestImage(width: 301, height: 301, centre: (170, 2), object: "one")
      for (name, image) in [("aside", aside), ("wide", wide), ("pointing", pointing)] {
        try fixture.file("i/\(name).fits", image.content)
      }
      let report = try await fixture.ingest(
        fixture.file(
          "c.csv", "name,ra,dec\na,150,2\nfar,160,2\none,170,2\ntwo,170.05,2\n"),
        images: [folder + "/i"]
      ) { $0.cutting.size = 40 }
      #expect(report.images?.metrics.decisions == ImageDecisions(byName: 2, mosaics: 1))
      let widths = try fixture.rows(
        "SELECT width FROM reber.cutout ORDER BY source_id", as: Int32.self)
      #expect(widths == [41, 301, 20, 20])
    }
  }

  /// Sources near the edge that two tiles share lie at other places on each.
  @Test func tilesOfOneMosaicAreNoTwins() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      for (name, ra) in [("a", 150.0), ("b", 150.02)] {
        try fixture.file(
          "i/\(name).fits", TestImage(width: 120, height: 60, centre: (ra, 2)).content)
      }
      let report = try await fixture.ingest(
        fixture.file("c.csv", "name,ra,dec\nx,150.01,2.01\ny,150.005,2.01\n"),
        images: [folder + "/i"]
      ) { $0.cutting.size = 20 }
      #expect(report.images?.metrics.cutouts == 2 && report.images?.metrics.warnings == nil)
    }
  }

  @Test func anotherPixelScaleMakesNewCutouts() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let grey = (0..<64).map { UInt8($0) }
      try fixture.file("a.png", Data(try PNGImage.encode(grey: grey, width: 8, height: 8)))
      for scale in [Float(2), 3] {
        try await fixture.ingest(
          fixture.file("c.csv", "name,ra,dec\na,150.0,2.0\n"), images: [folder + "/a.png"]
        ) { $0.cutting.pixelScale = scale }
      }
      let scale = try fixture.rows(
        "SELECT pixel_scale FROM reber.cutout WHERE is_current", as: Float.self
      ).first
      #expect(scale == 3)
    }
  }

  @Test func imagesOfNoiseAreNotTakenForTheSky() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let sky = TestImage(width: 100, height: 100)
      let noise = TestImage(width: 100, height: 100) { _, _ in 0.5 }
      try fixture.file("i/a_rms.fits", noise.content)
      try fixture.file("i/m.fits", sky.content)
      let report = try await fixture.ingest(
        fixture.file("c.csv", "name,ra,dec\na,150.0,2.0\n"), images: [folder + "/i"]
      ) { $0.cutting.size = 20 }
      #expect(try values(of: "a", fixture)[0] != 0.5)
      let said = report.images?.metrics.warnings?.first ?? ""
      #expect(said.contains("1 sources lie at the same place") && said.contains("i/m.fits, not of"))
    }
  }

  @Test func whatANamedImageDoesNotShowIsSaid() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try fixture.file("i/a.fits", TestImage(centre: (150.05, 2)).content)
      try fixture.file("i/b.fits", TestImage(centre: (150.01, 2)).content)
      try fixture.file("i/x.fits", TestImage(centre: (150.02, 2), object: "a").content)
      let report = try await fixture.ingest(
        fixture.file("c.csv", text.replacing("cut/second.fits", with: "")), images: [folder + "/i"])
      #expect(report.images?.metrics.decisions == ImageDecisions(byName: 2, byPosition: 1))
      let said = report.images?.metrics.warnings ?? []
      #expect(said.count == 1 && said[0].contains("i/a.fits: it is called like source 'a'"))
    }
  }

  @Test func sourcesWithoutAPixelAreSetAsideAndTheOthersCut() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try fixture.file("i/f.fits", TestImage(width: 100, height: 100).content)
      let table = "name,image,x,y\nA,f.fits,N/A,50\nB,f.fits,60,50\nC,f.fits,-5,50\n"
      let report = try await fixture.ingest(
        fixture.file("c.csv", table), images: [folder + "/i"]
      ) { $0.columns = ["x": "x", "y": "y"] }
      #expect(report.images?.metrics.cutouts == 1)
      #expect(
        try fixture.rejected().sorted() == [
          "f.fits: the catalogue has no pixel for 'A'", "f.fits: the pixel of 'C' lies outside it",
        ])
    }
  }

  @Test func unreadableImagesAreSetAsideAndTheRestKept() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try fixture.file("i/a.fits", TestImage().content)
      try fixture.file("i/b.fits", TestImage().content.prefix(3000))
      try fixture.file("i/c.fits", Data("no image".utf8))
      try fixture.file(
        "i/blank.fits", TestImage(centre: (150.02, 2), object: "c", value: { _, _ in .nan }).content
      )
      let catalogue = try fixture.file("c.csv", text.replacing("cut/second.fits", with: ""))
      let report = try await fixture.ingest(catalogue, images: [folder + "/i"])
      #expect(report.images?.metrics.cutouts == 1 && report.images?.metrics.rejected == 3)
      let rejected = try fixture.rejected()
      #expect(rejected.count == 3 && rejected.contains { $0.hasPrefix("b.fits: ") })
      #expect(rejected.contains("blank.fits: 'c' is shown by \(folder)/i/c.fits already"))
      #expect(
        try fixture.rows(
          "SELECT name FROM reber.rejected WHERE file LIKE '%/b.fits'", as: String.self)
          == ["b"])
    }
  }

  @Test func whereNoImageCanBeUsedTheRunFails() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let catalogue = try fixture.file("c.csv", text)
      try fixture.file("i/a.fits", TestImage().content.prefix(2000))
      await #expect(throws: IngestError.self) {
        try await fixture.ingest(catalogue, images: [folder + "/i"])
      }
      #expect(
        try fixture.rows("SELECT status FROM reber.run ORDER BY run_id", as: String.self)
          == ["finished", "failed"])
      try FileManager.default.createDirectory(
        atPath: folder + "/none", withIntermediateDirectories: true)
      await #expect(throws: IngestError.noImages(folder: folder + "/none")) {
        try await fixture.ingest(images: [folder + "/none"])
      }
      await #expect(throws: IngestError.notFound("/nowhere")) {
        try await fixture.ingest(images: ["/nowhere"])
      }
    }
  }

  @Test func imagesWithoutACatalogueAreSources() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try fixture.file("i/one.fits", TestImage(object: "3C 1").content)
      let png = try PNGImage.encode(grey: [0, 10, 20, 30, 40, 50], width: 3, height: 2)
      try fixture.file("i/x/two.png", Data(png))
      try fixture.file("i/y/two.png", Data(png))
      try fixture.file("i/bad.png", Data(png.prefix(20)))
      let report = try await fixture.ingest(images: [folder + "/i"]) {
        $0.cutting.pixelScale = 1.5
      }
      #expect(report.images?.metrics.cutouts == 3 && report.images?.metrics.rejected == 1)
      let rows = try fixture.rows(
        """
        SELECT source.name, source.ra, object FROM reber.source JOIN survey.sky USING (source_id)
        ORDER BY source.name
        """, as: String.self, Double?.self, String?.self)
      #expect(rows.map(\.0) == ["one", "x/two", "y/two"])
      #expect(abs((rows[0].1 ?? 0) - 150) < 1e-9 && rows[1].1 == nil)
      #expect(rows[0].2 == "3C 1")
      // From the bottom row up.
      #expect(try values(of: "x/two", fixture) == [30, 40, 50, 0, 10, 20])
      #expect(
        try fixture.rows(
          "SELECT DISTINCT pixel_scale, bitpix FROM reber.cutout WHERE wcs IS NULL", as: Float.self,
          Int16.self
        ).map { "\($0.0) \($0.1)" } == ["1.5 8"])
      let again = try await fixture.ingest(images: [folder + "/i"]) {
        $0.cutting.pixelScale = 1.5
      }
      #expect(again.images?.alreadyDone == true)
      try fixture.file("i/three.png", Data(png))
      let more = try await fixture.ingest(images: [folder + "/i"]) { $0.cutting.pixelScale = 1.5 }
      #expect(more.images?.metrics.written == 1 && more.images?.metrics.unchanged == 3)
      #expect(more.sources == 4)
    }
  }

  @Test func aChangedCatalogueMovesTheCutouts() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try fixture.file("m.fits", TestImage(width: 120, height: 60).content)
      let images = [folder + "/m.fits"]
      try await fixture.ingest(fixture.file("c.csv", text), images: images) {
        $0.cutting.size = 20
      }
      let moved = try fixture.file("c.csv", text.replacing("150.02,2.0", with: "150.02,2.005"))
      let report = try await fixture.ingest(moved, images: images) { $0.cutting.size = 20 }
      #expect(report.catalogue?.metrics.changes.changed == 1)
      #expect(report.images?.metrics.written == 1 && report.images?.metrics.unchanged == 2)
      #expect(
        try fixture.count(
          "SELECT count(*) FROM reber.run_parent WHERE run_id = 4 AND role = 'sources'") == 2)
    }
  }
}

/// What cannot be used is named, also where nothing else can be.
@Suite struct UnusableImageTests {
  @Test func theOnlyImageIsNamed() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      try await fixture.ingest(fixture.file("c.csv", "name,ra,dec\na,150,2\n"))
      let path = try fixture.file("nowhere.fits", TestImage(centre: (50, 2)).content)
      let error = await #expect(throws: IngestError.self) {
        try await fixture.ingest(images: [path])
      }
      #expect(error?.description.contains("\(path): no source") == true)
    }
  }
}
