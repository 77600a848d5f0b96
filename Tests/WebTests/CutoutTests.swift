import Astronomy
import Catalogue
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import PNG
import PostgreSQL
import TestSupport
import Testing

@testable import Web

/// Pieces of stored images, as programs ask for them by their place on the sky.
@Suite struct CutoutTests {
  /// Two images of a survey and one of another, whose pixels count themselves.
  static let ramps = Result { try Ramps() }

  private func withSite(
    password: String? = nil,
    _ body: @Sendable @escaping (any TestClientProtocol) async throws -> Void
  ) async throws {
    let site = try Site(pool: Pool(Self.ramps.get().address), password: password)
    try await Application(router: site.router()).test(.router) { try await body($0) }
  }

  private func ask(
    _ question: String, of client: any TestClientProtocol, as authorization: String? = nil
  ) async throws -> (status: Int, body: Data, headers: HTTPFields) {
    var headers: HTTPFields = [:]
    headers[.authorization] = authorization
    return try await client.execute(uri: "/cutout?" + question, method: .get, headers: headers) {
      ($0.status.code, Data($0.body.readableBytesView), $0.headers)
    }
  }

  /// Questions, and the size of what comes: 1.8″ a pixel, and never more than is stored.
  private static let questions = [
    ("pos=187.5,12.3&size=0.01&survey=ramp", "21 21"), ("survey=ramp&pos=187.5,12.3", "101 81"),
    ("POS=CIRCLE+187.5+12.3+0.005&Survey=ramp&RESPONSEFORMAT=image/fits", "21 21"),
    ("circle=187.5+12.3+0.005&survey=ramp", "21 21"),
    ("pos=12h30m00.2s,%2B12:18:07&size=45arcsec&survey=ramp", "26 26"),
    ("pos=187.5,12.3&size=2'&survey=other", "11 11"),
    // Near the edge of one image: another shows all of the square.
    ("pos=187.519,12.312&size=18arcsec&survey=ramp", "11 11"),
    // The nearest source's image shows a part of the square, in more pixels than that which shows all of it.
    ("pos=187.5,12.3&size=0.06&survey=wide", "22 22"),
    ("pos=187.5,12.3&size=0.04&survey=wide", "81 81"),
  ]

  @Test(.enabled(if: Validator.astropy, "astropy is not installed"))
  func worldCoordinatesAreThoseOfTheImage() async throws {
    try await withSite { client in
      try await withTemporaryFolder { folder in
        var files: [String] = []
        for (question, _) in Self.questions {
          let (status, body, headers) = try await ask(question, of: client)
          #expect(status == 200, "\(String(decoding: body.prefix(300), as: UTF8.self))")
          #expect(headers[.contentType] == "image/fits")
          files.append(folder + "/\(files.count).fits")
          try body.write(to: URL(fileURLWithPath: files[files.count - 1]))
        }
        let judged = Validator.run(
          Validator.python, ["-c", Self.judge, Ramps.allKeywords] + files)
        let lines = (judged?.output ?? "").split(separator: "\n").map { $0.split(separator: " ") }
        try #require(lines.count == files.count, "\(judged?.output ?? "")")
        for ((question, size), words) in zip(Self.questions, lines) {
          try #require(words.count == 5, "\(words)")
          #expect(words[0] + " " + words[1] == size, "\(question)")
          #expect(try #require(Double(words[2])) < 0.001, "\(question): pixels off by \(words[2])")
          #expect(words[3] == "JY/BEAM" && words[4].hasPrefix("Ramp"), "\(question)")
        }
      }
    }
  }

  /// Prints of each file the size, and by how many pixels at most the place that astropy finds for a pixel
  /// differs from where the image, which the pixel's value names, has it.
  private static let judge = """
    import json, sys, warnings
    import numpy
    from astropy.io import fits
    from astropy.wcs import WCS
    warnings.simplefilter("error")
    images = json.loads(sys.argv[1])
    for path in sys.argv[2:]:
        with fits.open(path, checksum=True) as file:
            header, values = file[0].header, file[0].data.astype(int)
        rows, columns = numpy.indices(values.shape)
        place = WCS(header).pixel_to_world_values(columns, rows)
        x, y = WCS(fits.Header(images[header["OBJECT"]])).world_to_pixel_values(*place)
        off = numpy.hypot(x - values % 1000, y - values // 1000).max()
        print(*values.shape[::-1], off, header["BUNIT"], header["OBJECT"])
    """

  @Test(arguments: [
    ("", 400, "give pos=RA,DEC"), ("pos=north", 400, "pos='north' is no position"),
    ("pos=187.5", 400, "is no position"), ("pos=400,12", 400, "right ascension is 0 to 360"),
    ("pos=1,nan", 400, "is no position"), ("pos=CIRCLE+1+2", 400, "is no circle"),
    ("pos=RANGE+1+2+3+4", 400, "is no position"), ("pos=1,2&circle=1+2+3", 400, "give pos="),
    ("pos=CIRCLE+1+2+0.1&size=1", 400, "leave out 'size'"), ("pos=1,2&pos=3,4", 400, "given twice"),
    ("pos=1,2&size=0", 400, "is no size"), ("pos=1,2&size=3pc", 400, "as 3arcmin"),
    ("pos=CIRCLEFOO+1+2+0.1", 400, "is no position"),
    ("pos=1,2&format=png&responseformat=fits", 400, "give one"),
    ("pos=1,2&format=gif", 400, "there are fits and png"), ("pos=1,2&band=5", 400, "'band' is no"),
    ("pos=1,2&stretch=linear", 400, "give format=png"),
    ("pos=1,2&format=png&stretch=wild", 400, "asinh, linear, sqrt, faint"),
    ("pos=1,2&format=png&colours=wild", 400, "grey, inverse"),
    ("pos=1,2", 404, "no image of any survey that has a sky shows 1.0,2.0"),
    ("pos=1,2&survey=ramp", 404, "no image of survey 'ramp'"),
    ("pos=1,2&survey=who", 404, "'who'"),
    (
      "pos=187.5,12.3", 400,
      "images of other and ramp and wide show this place: say which with survey=other"
    ),
  ])
  func whatCannotBeAnsweredIsSaidInASentence(
    question: String, status: Int, sentence: String
  ) async throws {
    try await withSite { client in
      let (answer, body, headers) = try await ask(question, of: client)
      let text = String(decoding: body, as: UTF8.self)
      #expect(answer == status && text.contains(sentence), "\(answer) \(text)")
      #expect(headers[.contentType] == "text/plain; charset=utf-8" && text.count < 300)
    }
  }

  /// The image that was classified is named by its key, also where another shows more of the square.
  @Test func anImageIsAskedForByItsKey() async throws {
    let address = try Self.ramps.get().address
    let keys = try Connection(address).table(
      "SELECT source.name, cutout_id FROM reber.cutout JOIN reber.source USING (survey_id, source_id)",
      by: String.self, Int.self)
    let (first, wide) = (try #require(keys["RampA"]), try #require(keys["RampD"]))
    let place = "pos=187.519,12.312&size=18arcsec"
    try await withSite { client in
      for (question, name) in [
        ("survey=ramp&\(place)", "RampB"), ("survey=ramp&cutout=\(first)&\(place)", "RampA"),
        ("cutout=\(wide)&pos=187.5,12.3", "RampD"),
      ] {
        let (status, body, _) = try await ask(question, of: client)
        let text = String(decoding: body.prefix(5760), as: UTF8.self)
        #expect(
          status == 200 && text.contains("OBJECT  = '\(name)"), "\(question): \(text.prefix(300))")
      }
      for (question, status, sentence) in [
        ("cutout=\(first)&survey=other&pos=187.5,12.3", 404, "no image \(first) of survey 'other'"),
        (
          "cutout=\(first)&pos=1,2", 404,
          "no image \(first) of any survey that has a sky shows 1.0,2.0"
        ),
        ("cutout=first&pos=1,2", 400, "is no key of an image"),
      ] {
        let (answer, body, _) = try await ask(question, of: client)
        #expect(answer == status && String(decoding: body, as: UTF8.self).contains(sentence))
      }
    }
  }

  @Test func picturesHaveThePixelsOfTheImage() async throws {
    try await withSite { client in
      let question = "pos=187.5,12.3&survey=ramp&format=png&stretch="
      let linear = try await ask(question + "linear", of: client)
      let faint = try await ask(question + "faint&colours=heat", of: client)
      #expect(linear.status == 200 && linear.headers[.contentType] == "image/png")
      #expect(Array(linear.body.prefix(24)).suffix(8) == [0, 0, 0, 101, 0, 0, 0, 81])
      #expect(faint.body != linear.body)
      // Values grow from row to row: the last row is the picture's first.
      let picture = try PNGImage(linear.body, named: "picture")
      let levels = (0..<81).map { picture.values[$0 * 101 + 50] }
      #expect(levels == levels.sorted(by: >) && levels[0] > levels[80])
    }
  }

  @Test func theSizeIsToldBeforeTheFile() async throws {
    try await withSite { client in
      let question = "/cutout?pos=187.5,12.3&survey=ramp"
      let told = try await client.execute(uri: question, method: .head) {
        ($0.status, $0.headers[.contentLength], $0.body.readableBytes)
      }
      let sent = try await client.execute(uri: question, method: .get) { $0.body.readableBytes }
      #expect(told.0 == .ok && told.1 == String(sent) && told.2 == 0)
    }
  }

  @Test func programsGiveThePasswordWithTheQuestion() async throws {
    try await withSite(password: "secret") { client in
      let question = "pos=187.5,12.3&survey=ramp"
      let stranger = try await ask(question, of: client)
      #expect(
        stranger.status == 401 && stranger.headers[.wwwAuthenticate] == #"Basic realm="reber""#)
      func basic(_ text: String) -> String { "Basic " + Data(text.utf8).base64EncodedString() }
      let wrong = try await ask(question, of: client, as: basic("ada:guess"))
      let right = try await ask(question, of: client, as: basic("ada:secret"))
      #expect(wrong.status == 401 && right.status == 200)
      let page = try await client.execute(
        uri: "/ramp/sources", method: .get, headers: [.authorization: basic("ada:secret")]
      ) { $0.status }
      #expect(page == .seeOther)
    }
  }
}

/// Images that are turned by 30 degrees; a pixel's value is a thousand times its row, and its column.
struct Ramps: Sendable {
  /// The database's address.
  let address: String

  /// The images: survey, name of the source, size, and the pixel of the position that all share.
  private static let images:
    [(survey: String, name: String, width: Int, height: Int, scale: Double)] = [
      ("ramp", "RampA", 101, 81, 1.8), ("ramp", "RampB", 61, 61, 1.8),
      ("other", "RampC", 11, 11, 1.8),
      ("wide", "RampD", 101, 101, 1.8), ("wide", "RampE", 99, 99, 10),
    ]

  /// Where each lies.
  private static let places = [
    SkyPosition(ra: 187.5, dec: 12.3), SkyPosition(ra: 187.53, dec: 12.315),
    SkyPosition(ra: 187.5, dec: 12.3), SkyPosition(ra: 187.5, dec: 12.3),
    SkyPosition(ra: 187.57, dec: 12.3),
  ]

  init() throws {
    address = try TestServer.newDatabase()
    let database = try Connection(address)
    _ = try Migration.apply(to: database, folder: SyntheticSurvey.migrations)
    let run = try SyntheticSurvey.run("ingest", database)
    for name in ["ramp", "other", "wide"] {
      let survey = try Survey.add(named: name, in: database)
      let mine = Self.images.indices.filter { Self.images[$0].survey == name }
      _ = try Source.write(from: name, columns: [], into: survey, run: run, in: database) { write in
        for index in mine {
          let source = Source(name: Self.images[index].name, position: Self.places[index])
          try write(.source(source, cells: []))
        }
      }
      let ids = try StoredSource.all(of: survey, in: database)
      let cutouts = try mine.map { index in
        let id = try #require(ids.first { $0.name == Self.images[index].name }).id
        return try Self.cutout(index, of: id)
      }
      try Cutout.write(cutouts, of: survey, run: run, in: database)
    }
  }

  private static func keywords(_ index: Int) -> [String: Value] {
    let image = images[index]
    let (scale, turn) = (image.scale / 3600, 30 * Double.pi / 180)
    return [
      "CTYPE1": .text("RA---TAN"), "CTYPE2": .text("DEC--TAN"), "RADESYS": .text("ICRS"),
      "CRPIX1": .real(Double(image.width + 1) / 2), "CRPIX2": .real(Double(image.height + 1) / 2),
      "CRVAL1": .real(places[index].ra), "CRVAL2": .real(places[index].dec),
      "CD1_1": .real(-scale * cos(turn)), "CD1_2": .real(scale * sin(turn)),
      "CD2_1": .real(scale * sin(turn)), "CD2_2": .real(scale * cos(turn)),
      "CUNIT1": .text("deg"), "CUNIT2": .text("deg"), "BUNIT": .text("JY/BEAM"),
      "BMAJ": .real(0.0015), "BMIN": .real(0.0015), "BPA": .real(0),
    ]
  }

  /// The keywords of all images by the names of their sources, as JSON.
  static var allKeywords: String {
    let all = images.indices.map { (images[$0].name, keywords($0)) }
    return (try? JSON(encoding: Dictionary(uniqueKeysWithValues: all)).text) ?? ""
  }

  private static func cutout(_ index: Int, of source: Int) throws -> Cutout {
    let image = images[index]
    let bytes = (0..<image.height).flatMap { row in
      (0..<image.width).flatMap { column in
        withUnsafeBytes(of: Float(row * 1000 + column).bitPattern.littleEndian) { Array($0) }
      }
    }
    return Cutout(
      source: source,
      pixels: ImagePixels(width: image.width, height: image.height, type: .float, bytes: bytes),
      pixelScale: Float(image.scale), wcs: try JSON(encoding: keywords(index)),
      sha256: String(format: "%064x", index), imageSHA256: String(format: "%064x", index))
  }
}
