import Astronomy
import Failures
import Foundation
import PostgreSQL
import StagesSupport
import Tables
import TestSupport
import Testing

@testable import Catalogue
@testable import Stages

#if canImport(FoundationXML)
import FoundationXML
#endif

/// What is written for DaCHS; that DaCHS takes it is tried by `tools/tap`.
@Suite("Release by TAP") struct TAPReleaseTests {
  private static let hostile = "<b attribute=\"'x'\"> & \\schema \u{7} ]]> --><!--\n%s"

  /// A catalogue whose every text is hostile.
  private var descriptor: ResourceDescriptor {
    let types = ["text", "boolean", "smallint", "integer", "bigint", "real", "real[]"]
    let columns = [
      PublishedCatalogue.Column(name: "name", type: "text"),
      PublishedCatalogue.Column(name: "ra", type: "double precision", unit: "deg"),
      PublishedCatalogue.Column(name: "dec", type: "double precision", unit: "deg"),
      PublishedCatalogue.Column(name: "size", type: "real", unit: "mJy beam-1"),
    ]
    var metadata = Metadata(description: Self.hostile)
    metadata.credits = Credits(
      title: Self.hostile, authors: Self.hostile, reference: Self.hostile, licence: Self.hostile,
      copyright: Self.hostile)
    metadata.survey = metadata.credits
    return ResourceDescriptor(
      catalogue: PublishedCatalogue(
        name: "first", run: 3, classification: 2, survey: "toy", rows: 5, simulated: false,
        columns: columns
          + types.map {
            PublishedCatalogue.Column(
              name: Self.hostile + $0, type: $0, unit: Self.hostile, ucd: Self.hostile,
              description: Self.hostile)
          }),
      metadata: metadata, title: Self.hostile,
      survey: Survey(
        id: 1, name: "toy",
        observation: Survey.Observation(
          title: Self.hostile, frequency: 1.4e9, facility: Self.hostile, instrument: Self.hostile,
          epoch: 1999.5), simulated: false),
      indexed: ["name", "size", Self.hostile + "real"], sky: "6/1", example: (10, 20),
      hasImages: true)
  }

  @Test func hostileTextsAreText() throws {
    let document = try Elements(parsing: descriptor.text)
    let columns = document.all("column").filter { $0["tablehead"]?.hasPrefix("<b") == true }
    #expect(columns.count == 7)
    // White space that has a meaning in no attribute, and what XML cannot have at all, is another.
    let text = Self.hostile.replacing("\u{7}", with: "\u{FFFD}")
    #expect(columns.allSatisfy { $0["description"] == text && $0["ucd"] == text })
    // DaCHS makes Python of names.
    let names = columns.compactMap { $0["name"] }
    #expect(names[0] == "c__b_attribute_x_schema_stext")
    #expect(names.allSatisfy { $0.wholeMatch(of: /[a-z_]+/) != nil } && Set(names).count == 7)
    #expect(
      columns.map { $0["type"] } == [
        "unicode", "smallint", "smallint", "integer", "bigint", "real", "real[]",
      ])
    let size = document.all("column").first { $0["tablehead"] == "size" }
    #expect(size?["name"] == "quoted/size" && size?["unit"] == "mJy.beam**-1")
    // A macro of DaCHS begins with a backslash, of which two are one.
    let titles = document.texts("meta").filter { $0.hasPrefix("<b") }
    #expect(titles.count > 5 && titles.allSatisfy { $0.contains(#" \\schema "#) })
    let mixin = document.all("mixin").compactMap { $0["facility_name"] }.first
    #expect(mixin?.hasPrefix("'<b attribute=\"''x''\"> & /schema ") == true, "\(mixin ?? "")")
    #expect(document.all("index").compactMap { $0["columns"] }.contains("name"))
    #expect(!document.all("index").compactMap { $0["columns"] }.contains("size"))
  }

  /// A name in PostgreSQL and a short name of the registry have so many bytes and no more.
  @Test func longNamesFit() {
    var long = descriptor
    long.catalogue.name = String(repeating: "l", count: 59)
    #expect(long.schema.utf8.count == 63 && long.shortName("images").count == 16)
    #expect(ADQLName.declared("first") == "quoted/first")
    #expect(ADQLName.declared("p_head_tail") == "p_head_tail")
    long.catalogue.columns = ["a b", "a_b", "c_a_b", "a-b", "2mass", "Ω"].map {
      PublishedCatalogue.Column(name: $0, type: "text")
    }
    #expect(
      long.catalogue.namesForDaCHS == ["c_a_b_2", "a_b", "c_a_b", "c_a_b_3", "c_2mass", "c__"])
  }

  @Test func sameBytesAndWhatIsLeftOutIsSaid() async throws {
    let toy = try await SyntheticSurvey(64)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    try await toy.label(Array(0..<32))
    _ = try await toy.workplace.perform(FinetuneStage.toy())
    _ = try await toy.workplace.perform(ClassifyStage(survey: "toy"))
    var publishing = Publishing(survey: "toy")
    publishing.anyway = true
    _ = try await toy.workplace.perform(publishing)
    // All images but those of toy14, toy24, … have a sky.
    try await toy.workplace.database.with {
      try $0.forge(
        """
        UPDATE reber.cutout SET wcs = jsonb_build_object(
            'CTYPE1', 'RA---TAN', 'CTYPE2', 'DEC--TAN', 'CRPIX1', 16.5, 'CRPIX2', 16.5, 'CRVAL1', ra, 'CRVAL2', dec,
            'CDELT1', -2 / 3600.0, 'CDELT2', 2 / 3600.0)
        FROM reber.source
        WHERE source.source_id = cutout.source_id AND source.name NOT LIKE 'toy_4'
        """)
    }
    let folders = (0..<3).map { _ in TestServer.folder + "/tap-\(UUID())" }
    let bare = try await toy.workplace.release(TAPRelease("toy", to: folders[0]))
    #expect(bare.warnings.contains { $0.contains("images are not served") })
    #expect(
      bare.files.map(\.name) == ["README.md", "grants.sql", "public/provenance.json", "q.rd"])
    let address = "https://vo.example.org/cutout"
    let whole = try await toy.workplace.release(
      TAPRelease("toy", to: folders[1], cutouts: address))
    let again = try await toy.workplace.release(
      TAPRelease("toy", to: folders[2], cutouts: address))
    #expect(whole.files.map(\.sha256) == again.files.map(\.sha256))
    #expect(whole.files.map(\.name).contains("images.csv"))
    let rows = try openTable(folders[1] + "/images.csv").rows()
    #expect(rows.count == 59)
    #expect(whole.warnings.contains { $0.hasPrefix("5 images without world coordinates") })
    let grants = try String(contentsOfFile: folders[1] + "/grants.sql", encoding: .utf8)
    #expect(grants.contains(#""at_edge"::integer::smallint AS "at_edge""#))
    let small = try Elements(
      parsing: String(contentsOfFile: folders[0] + "/q.rd", encoding: .utf8))
    #expect(small.all("table").count == 1 && small.all("service").count == 3)
    // What changes where the catalogue is published anew is not said of it, and who publishes is reminded of the rest.
    #expect(!small.texts("meta").contains { $0.contains("64 rows") })
    #expect(
      try String(contentsOfFile: folders[1] + "/images.csv", encoding: .utf8).contains("&cutout="))
    #expect(try await published(toy).isEmpty)
    try await toy.workplace.database.with {
      try $0.script(
        "CREATE SCHEMA reber_tap; CREATE VIEW reber_tap.toy AS SELECT name FROM catalogue.toy")
    }
    #expect(try await published(toy).contains("'reber release tap toy'"))
  }

  /// Publishes once more, and gives what is said of DaCHS.
  private func published(_ toy: SyntheticSurvey) async throws -> String {
    var publishing = Publishing(survey: "toy")
    publishing.anyway = true
    let notes = IngestFixture.Notes()
    let place = Workplace(
      database: toy.workplace.database, user: toy.workplace.user, progress: notes, again: true)
    _ = try await place.perform(publishing)
    return notes.all.split(separator: "\n").filter { $0.contains("DaCHS") }.joined()
  }
}

/// The elements of an XML document, read by a parser of another author.
private final class Elements: NSObject, XMLParserDelegate {
  private var found: [(name: String, attributes: [String: String], text: String)] = []
  private var open: [Int] = []

  init(parsing text: String) throws {
    super.init()
    let parser = XMLParser(data: Data(text.utf8))
    parser.delegate = self
    try #require(
      parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "") line \(parser.lineNumber)")
  }

  func all(_ name: String) -> [[String: String]] {
    found.filter { $0.name == name }.map(\.attributes)
  }

  func texts(_ name: String) -> [String] { found.filter { $0.name == name }.map(\.text) }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    open.append(found.count)
    found.append((name, attributes, ""))
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    if let last = open.last { found[last].text += string }
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) { _ = open.popLast() }
}
