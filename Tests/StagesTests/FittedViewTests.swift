import Foundation
import Morphology
import PNG
import PostgreSQL
import StagesSupport
import TestSupport
import Testing

@testable import Catalogue
@testable import Stages

/// Sources that fill a small part of their images.
@Suite("Views that fit what is on them") struct FittedViewTests {
  private func sizes(
    _ small: Double, _ median: Double, _ large: Double, measured: Int = 100, field: Double = 900
  ) -> SourceSizes {
    SourceSizes(
      images: 100, measured: measured, small: small, median: median, large: large, field: field)
  }

  @Test func imagesThatFitTheirSourcesAreShownWhole() {
    #expect(sizes(20, 40, 60, field: 90).framing(sizeFactor: 2) == nil)
    #expect(sizes(20, 40, 60, measured: 20).framing(sizeFactor: 2) == nil)
    #expect(sizes(20, 40, 60, measured: 20).words(nil).contains("known of 20 of 100"))
  }

  @Test func wideImagesAreShownAsFarAsTheirSourcesReach() throws {
    let framing = try #require(sizes(20, 40, 60).framing(sizeFactor: 2))
    #expect(framing.least == 2 * 40 && framing.most == 900 && framing.usual == 2 * 60)
    #expect(sizes(20, 40, 60).words(framing).contains("of images of 900″"))
  }

  @Test func whatIngestMeasuresDecidesTheViewsAndStaysWithTheRun() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      for index in 0..<12 {
        try fixture.file("png/s\(index).png", Self.picture(spread: index % 2 == 0 ? 2 : 4))
      }
      try await fixture.ingest(images: [folder + "/png"]) { $0.cutting.pixelScale = 2 }
      let extents = try fixture.rows(
        "SELECT source_extent FROM reber.cutout ORDER BY cutout_id", as: Float.self)
      #expect(extents.count == 12)
      #expect(extents.allSatisfy { $0 > 8 && $0 < 40 })
      // Another ingest measures what an older version did not.
      try Connection(fixture.address).execute("UPDATE reber.cutout SET source_extent = NULL")
      try await fixture.ingest(images: [folder + "/png"]) {
        $0.cutting.pixelScale = 2
        $0.cutting.tolerance = 1
      }
      #expect(
        try fixture.rows(
          "SELECT source_extent FROM reber.cutout ORDER BY cutout_id", as: Float.self) == extents)
      var stage = PretrainStage.toy(1)
      stage.surveys = ["sky"]
      _ = try await fixture.workplace.perform(stage)
      #expect(fixture.notes.all.contains("views show"))
      let kept = try fixture.rows(
        """
        SELECT (parameters -> 'preprocessing' -> 'framing' ->> 'sizeFactor')::float8
        FROM reber.run WHERE stage = 'pretrain'
        """, as: Double.self)
      #expect(kept == [Framing.usualSizeFactor])
    }
  }

  @Test func sourcesOnOneImageAreCutAtTheirBoxes() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      // A bright pixel 5 columns from the left and 7 rows from the top.
      try fixture.file("png/field.png", Self.picture(side: 100, bright: (5, 7)))
      try fixture.file("png/other.png", Self.picture(side: 100))
      let catalogue = try fixture.file(
        "boxes.csv",
        """
        name,file,left,top,w,h
        one,field.png,1,3,8,8
        two,field.png,40,50,20,10
        three,other.png,45,45,10,10
        far,other.png,300,45,10,10
        bad,other.png,left,45,10,10
        """)
      let report = try await fixture.ingest(catalogue, images: [folder + "/png"]) {
        $0.columns = [
          "image": "file", "x": "left", "y": "top", "box_width": "w", "box_height": "h",
        ]
      }
      #expect(report.sources == 4 && report.cutouts == 3)
      let rejected = try fixture.rejected()
      #expect(
        rejected == [
          "boxes.csv: its left 'left' is no number",
          "other.png: the pixel of 'far' lies outside it",
        ])
      let found = try fixture.rows(
        """
        SELECT name, width, source_extent, off_image > 0
        FROM reber.cutout JOIN reber.source USING (survey_id, source_id) ORDER BY source_id
        """, as: String.self, Int.self, Float.self, Bool.self)
      #expect(found.map(\.0) == ["one", "two", "three"])
      #expect(found.map(\.2) == [8, 20, 10] && found.map(\.3) == [true, false, false])
      #expect(found.allSatisfy { Float($0.1) > $0.2 })
      // The bright pixel is the middle of the first one's box.
      try await fixture.workplace.database.with { database in
        let survey = try Survey.named("sky", in: database)
        let cutout = try #require(StoredCutout.next(1, of: survey, after: 0, in: database).first)
        let brightest = try #require(
          cutout.values.indices.filter { cutout.values[$0].isFinite }
            .max { cutout.values[$0] < cutout.values[$1] })
        #expect(abs(brightest % cutout.width - (cutout.width - 1) / 2) <= 1)
        #expect(abs(brightest / cutout.width - (cutout.height - 1) / 2) <= 1)
      }
    }
  }

  /// A grey picture of a blob in the middle, or of one bright pixel.
  private static func picture(
    side: Int = 120, spread: Double = 3, bright: (x: Int, y: Int)? = nil
  ) throws -> Data {
    var values = [UInt8](repeating: 0, count: side * side)
    for index in values.indices {
      let (x, y) = (index % side, index / side)
      if let bright {
        values[index] = (x, y) == bright ? 250 : 1
      } else {
        let distance = hypot(Double(x) - Double(side - 1) / 2, Double(y) - Double(side - 1) / 2)
        values[index] = UInt8(250 * exp(-0.5 * distance * distance / (spread * spread)))
      }
    }
    return Data(try PNGImage.encode(grey: values, width: side, height: side))
  }
}
