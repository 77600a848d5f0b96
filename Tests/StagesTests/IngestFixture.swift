import Astronomy
import Catalogue
import Foundation
import PostgreSQL
import Stages
import Synchronization
import TestSupport

/// A database of its own, a folder of its own, and an ingest into them.
struct IngestFixture {
  let address: String
  let folder: String
  let workplace: Workplace
  let notes = Notes()

  /// What a stage said.
  final class Notes: ProgressDisplay {
    private let texts = Mutex<[String]>([])

    var all: String { texts.withLock { $0.joined(separator: "\n") } }

    func update(_ what: String, done: Int, of total: Int, detail: String?) {}

    func note(_ text: String) { texts.withLock { $0.append(text) } }
  }

  init(_ folder: String) async throws {
    self.folder = folder
    address = try TestServer.newDatabase()
    let database = try await Database(address)
    try await database.with {
      _ = try Migration.apply(to: $0, folder: try Schema.folder())
    }
    workplace = Workplace(
      database: database,
      user: Operator(codeVersion: "test", host: "here", account: "tester"), progress: notes)
  }

  /// Writes a file into the folder and gives its path.
  @discardableResult
  func file(_ name: String, _ text: String) throws -> String {
    try file(name, Data(text.utf8))
  }

  /// Writes a file into the folder, in a folder of it where `name` says so; gives its path.
  @discardableResult
  func file(_ name: String, _ content: Data) throws -> String {
    let url = URL(fileURLWithPath: folder).appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try content.write(to: url)
    return url.path
  }

  /// Ingests a catalogue and images into survey `sky`.
  @discardableResult
  func ingest(
    _ catalogue: String? = nil, images: [String] = [],
    _ change: (inout Ingest) -> Void = { _ in }
  ) async throws -> Ingest.Report {
    var options = Ingest(survey: "sky")
    options.catalogue = catalogue
    options.images = images
    change(&options)
    return try await workplace.ingest(options)
  }

  /// The rows of a query.
  func rows<each Column: PostgresColumn>(
    _ sql: SQL, as columns: repeat (each Column).Type
  ) throws -> [(repeat each Column)] {
    try Connection(address).rows(sql, as: repeat each columns)
  }

  /// The only number that a query gives.
  func count(_ sql: SQL) throws -> Int { try rows(sql, as: Int.self).first ?? -1 }

  /// What was set aside, as `file: reason`.
  func rejected() throws -> [String] {
    try rows(
      "SELECT file, reason FROM reber.rejected ORDER BY rejected_id", as: String.self, String.self
    )
    .map { "\(URL(fileURLWithPath: $0).lastPathComponent): \($1)" }
  }

  /// Everything that an ingest leaves of sources and cutouts, but for keys and times.
  func content() throws -> [String] {
    try rows(
      """
      SELECT concat_ws(' ', source.name, source.ra, source.dec, to_jsonb(own) - 'source_id', width, height, sha256,
          encode(sha256(pixels), 'hex'), encode(image_sha256, 'hex'), off_image, wcs, source.run_id, cutout.run_id)
      FROM reber.source
      LEFT JOIN survey.sky AS own USING (source_id)
      LEFT JOIN (reber.cutout JOIN reber.cutout_pixels USING (survey_id, cutout_id))
          ON cutout.survey_id = source.survey_id AND cutout.source_id = source.source_id
          AND is_current
      ORDER BY source.name
      """, as: String.self)
  }
}

/// A FITS image in the making, TAN, with a value for each pixel.
struct TestImage {
  var width = 20
  var height = 20
  /// The sky at the centre, degrees.
  var centre = (ra: 150.0, dec: 2.0)
  /// Arcsec a pixel.
  var scale = 2.0
  /// How many times as wide as high a pixel is.
  var aspect = 1.0
  var beam = "\(6.0 / 3600)"
  var object: String?
  /// Further keywords.
  var more: [(String, String)] = []
  var value: (_ x: Int, _ y: Int) -> Float = { Float($0 + 100 * $1) }

  /// The file's content.
  var content: Data {
    var data = Data(cards.joined().utf8)
    data.append(Data(repeating: 0x20, count: padding(data.count)))
    for y in 0..<height {
      for x in 0..<width {
        withUnsafeBytes(of: value(x, y).bitPattern.bigEndian) { data.append(contentsOf: $0) }
      }
    }
    data.append(Data(count: padding(data.count)))
    return data
  }

  private var cards: [String] {
    let sky = [
      card("CTYPE1", "'RA---TAN'"), card("CTYPE2", "'DEC--TAN'"),
      card("CRPIX1", "\(Double(width + 1) / 2)"), card("CRPIX2", "\(Double(height + 1) / 2)"),
      card("CRVAL1", "\(centre.ra)"), card("CRVAL2", "\(centre.dec)"),
      card("CDELT1", "\(-scale * aspect / 3600)"), card("CDELT2", "\(scale / 3600)"),
      card("CUNIT1", "'deg'"), card("CUNIT2", "'deg'"), card("RADESYS", "'ICRS'"),
      card("BUNIT", "'Jy/beam'"), card("BMAJ", beam), card("BMIN", "\(5.0 / 3600)"),
      card("BPA", "30.0"), card("RESTFRQ", "1.4E9"),
    ]
    return [
      card("SIMPLE", "T"), card("BITPIX", "-32"), card("NAXIS", "2"), card("NAXIS1", "\(width)"),
      card("NAXIS2", "\(height)"),
    ] + sky + more.map { card($0, $1) } + (object.map { [card("OBJECT", "'\($0)'")] } ?? []) + [
      padded("END")
    ]
  }

  private func card(_ name: String, _ value: String) -> String {
    padded(name.padding(toLength: 8, withPad: " ", startingAt: 0) + "= " + value)
  }

  private func padded(_ text: String) -> String {
    text.padding(toLength: 80, withPad: " ", startingAt: 0)
  }

  private func padding(_ count: Int) -> Int { (2880 - count % 2880) % 2880 }
}
