import Astronomy
import Catalogue
import Foundation
import PostgreSQL
import Stages
import Tables
import TestSupport
import Testing

/// Real surveys, those that are large in part.
@Suite(.enabled(if: SharedData.exists, "shared data are absent"))
struct IngestSharedDataTests {
  private let first = "first_mirabest/"

  private func files(_ folder: String, _ count: Int) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: SharedData.path(folder)).sorted()
      .prefix(count).map { SharedData.path(folder) + "/" + $0 }
  }

  @Test func cutoutsOfFIRSTByTheirNames() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let images = try files(first + "fits_crop150", 12)
      for (survey, catalogue) in [("csv", "catalogue.csv"), ("fits", "catalogue.fits")] {
        let report = try await fixture.ingest(SharedData.path(first + catalogue), images: images) {
          $0.survey = survey
        }
        #expect(report.sources == 928 && report.cutouts == 12 && report.rejected == 0)
        #expect(report.images?.metrics.decisions == ImageDecisions(byName: 12))
      }
      let database = try Connection(fixture.address)
      let observation = try Survey.named("csv", in: database).observation
      #expect(observation.frequency == 1.4e9 && abs((observation.beamMajor ?? 0) - 5.4) < 1e-5)
      #expect(abs((observation.pixelScale ?? 0) - 1.8) < 1e-4)
      let differing = try database.row(
        """
        SELECT count(*)
        FROM reber_partition.source_1 AS a
        JOIN reber_partition.source_2 AS b USING (name)
        WHERE (a.ra, a.dec, a.major_axis) IS DISTINCT FROM (b.ra, b.dec, b.major_axis)
        """, as: Int.self)
      #expect(differing == 0)
    }
  }

  @Test func fieldsOfFIRSTAreCutAtTheSourcesThatNameThem() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let report = try await fixture.ingest(
        SharedData.path(first + "fits_original300.pybdsf.srl.fits"),
        images: files(first + "fits_original300", 3)
      ) {
        $0.columns = ["name": "field+Source_id", "image": "field"]
        $0.cutting.size = 60
      }
      #expect(report.sources == 210)
      #expect(report.images?.metrics.decisions == ImageDecisions(mosaics: 3))
      let wrong = try fixture.count(
        """
        SELECT count(*) FROM reber.cutout JOIN survey.sky USING (source_id)
        JOIN reber.run_input ON run_input.sha256 = encode(image_sha256, 'hex')
        WHERE run_input.name NOT LIKE '%' || field || '%' OR width <> 34
        """)
      #expect(wrong == 0 && report.cutouts > 3)
      let native = try await fixture.ingest(images: [SharedData.path("first_3c_native")]) {
        $0.survey = "native"
      }
      #expect(native.sources == 8 && native.cutouts == 8)
      #expect(
        try fixture.rows(
          """
          SELECT source.ra FROM reber.source JOIN survey.native USING (source_id)
          WHERE source.name = '3C192'
          """, as: Double.self
        ).first.map { abs($0 - 121.3958) < 1e-3 } == true)
    }
  }

  /// The values are by `tools/oracles/lotss_cutouts.py`.
  @Test func theMosaicOfLoTSSShowsJustTheSourcesInItsFootprint() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let report = try await fixture.ingest(
        SharedData.path("lotss_dr1/lotss_dr1_P205+55.srl.fits"),
        images: [SharedData.path("lotss_dr1/P205+55-mosaic.fits")]
      ) { $0.cutting.size = 120 }
      #expect(report.sources == 6774 && report.cutouts == 27 && report.withoutImage == 6747)
      let table = try openTable(SharedData.path("lotss_dr1/in_footprint_P205+55.csv")).rows()
      let wanted = table.compactMap { row in if case .text(let name) = row[0] { name } else { nil }
      }
      let found = try fixture.rows(
        """
        SELECT name FROM reber.cutout JOIN reber.source USING (survey_id, source_id)
        """, as: String.self)
      #expect(found.count == 27 && Set(found) == Set(wanted))
      let database = try Connection(fixture.address)
      let survey = try Survey.named("sky", in: database)
      let names = Dictionary(
        uniqueKeysWithValues: try StoredSource.all(of: survey, in: database).map {
          ($0.id, $0.name)
        })
      // Name: share off the image, sum, value at column 40 of row 40.
      let golden: [String: (Double, Double, Double)] = [
        "ILTJ134042.29+545624.2": (0.1, 0.10775945153799768, 0.0034350513924961347),
        "ILTJ134040.88+545808.2": (0.1125, -0.03284571725939956, 0.000554424168191955),
        "ILTJ134018.41+545441.9": (0, 0.0270530205923165, 0.0002820587005901849),
      ]
      var compared = 0
      for cutout in try StoredCutout.next(100, of: survey, after: 0, in: database) {
        guard let name = names[cutout.source], let (share, sum, value) = golden[name] else {
          continue
        }
        compared += 1
        #expect(cutout.width == 80 && cutout.height == 80)
        let finite = cutout.values.filter { $0.isFinite }
        #expect(abs(Double(6400 - finite.count) / 6400 - share) < 1e-9)
        #expect(abs(finite.reduce(0.0) { $0 + Double($1) } - sum) < 1e-6)
        #expect(cutout.values[40 * 80 + 40] == Float(value))
      }
      #expect(compared == 3)
    }
  }

  @Test func mapsOfParkesAndScorpioAreCut() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let parkes = try await fixture.ingest(
        SharedData.path("parkes_1904-66/1904_comp.fits"),
        images: [SharedData.path("parkes_1904-66/1904-66_SIN.fits")]
      ) { $0.survey = "parkes" }
      #expect(parkes.sources == 51 && parkes.cutouts == 51 && parkes.rejected == 0)
      let name = "scorpio_atca/ScorpioExtendedSourceField"
      let scorpio = try await fixture.ingest(
        SharedData.path(name + ".pybdsf.srl.fits"), images: [SharedData.path(name + ".fits")]
      ) { $0.survey = "scorpio" }
      #expect(scorpio.sources == 24 && scorpio.cutouts == 24)
      let sizes = try fixture.rows(
        "SELECT DISTINCT width FROM reber.cutout JOIN reber.survey USING (survey_id) WHERE name = 'scorpio'",
        as: Int32.self)
      #expect(sizes == [89], "20 beams of 6.5″ along the shorter side of a pixel at the centre")
    }
  }

  @Test func collectionsOfPNG() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let bent = try await fixture.ingest(
        SharedData.path("first_radio_galaxy_dataset/catalogue.csv"),
        images: files("first_radio_galaxy_dataset/png/Bent", 6)
      ) { $0.survey = "rgz" }
      #expect(bent.sources == 1512 && bent.cutouts == 6)
      let emu = try await fixture.ingest(images: files("emu_radiogalaxynet_train/radio16", 2)) {
        $0.survey = "emu"
        $0.cutting.pixelScale = 2
        $0.observation = .init(frequency: 944e6, pixelScale: 2)
      }
      #expect(emu.sources == 2 && emu.cutouts == 2)
      let database = try Connection(fixture.address)
      let stored = try StoredCutout.next(
        9, of: Survey.named("emu", in: database), after: 0, in: database)
      #expect(stored.map(\.width) == [450, 450] && stored.map(\.pixelScale) == [2, 2])
      #expect(stored.allSatisfy { $0.values.max() == 65535 })
    }
  }
}
