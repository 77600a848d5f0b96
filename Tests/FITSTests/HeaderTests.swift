import Astronomy
import FITS
import Files
import Foundation
import TestSupport
import Testing

/// What headers say, in the forms that telescopes and programs write.
@Suite struct HeaderTests {
  private let sky = [
    "CTYPE1  = 'RA---SIN'", "CTYPE2  = 'DEC--SIN'", "CRVAL1  = 121.0", "CRVAL2  = 24.0",
    "CRPIX1  = 2.0", "CRPIX2  = 2.0", "CDELT1  = -0.0005", "CDELT2  = 0.0005", "EPOCH   = 2000.0",
  ]

  private func open(
    _ cards: [String], axes: [Int] = [4, 3], _ body: (FITSImage) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      let data = [UInt8](repeating: 1, count: axes.reduce(1, *))
      try body(FITSImage(writeImage(folder + "/i.fits", axes: axes, cards: cards, data: data)))
    }
  }

  @Test func leavesDegenerateAxesAside() throws {
    let more = [
      "CTYPE3  = 'FREQ'", "CRVAL3  = 1.4", "CUNIT3  = 'GHz'", "CRPIX3  = 2", "CDELT3  = 0.1",
      "CTYPE4  = 'STOKES'", "CRVAL4  = 1", "CRPIX4  = 1", "CDELT4  = 1",
    ]
    try open(sky + more, axes: [4, 3, 1, 1]) { image in
      #expect((image.width, image.height) == (4, 3))
      #expect(abs(try #require(image.frequency) - 1.3e9) < 1)
      let pixel = try #require(image.wcs?.pixel(of: SkyPosition(ra: 121, dec: 24)))
      #expect(abs(pixel.x - 1) < 0.05 && abs(pixel.y - 1) < 0.05)
      let corner = try image.cutout(columns: 0..<2, rows: 0..<2)
      #expect(corner.bytes == [1, 1, 1, 1])
    }
    // Axes that are no coordinates at all, and one that WCSLIB does not know.
    try open(sky + ["CTYPE3  = 'NONSENSE'", "CUNIT3  = '???'"], axes: [4, 3, 1]) { image in
      #expect(image.wcs != nil)
    }
    let stokesFirst =
      ["CTYPE1  = 'STOKES'"]
      + sky.map { $0.replacing(/(CTYPE|CRVAL|CRPIX|CDELT)2/) { $0.1 + "3" } }
      .map { $0.replacing(/(CTYPE|CRVAL|CRPIX|CDELT)1/) { $0.1 + "2" } }
    try open(stokesFirst, axes: [1, 4, 3]) { image in
      #expect((image.width, image.height) == (4, 3))
      #expect(image.wcs != nil)
      let column = try image.cutout(columns: 3..<4, rows: 0..<3)
      #expect(column.bytes == [1, 1, 1])
    }
  }

  @Test func refusesCubes() throws {
    let error = #expect(throws: FileError.self) {
      try open(sky + ["CTYPE3  = 'FREQ'"], axes: [4, 3, 2]) { _ in }
    }
    #expect(error?.problem == "axis 3 (FREQ) of the image has 2 pixels, not one")
    #expect(error?.hdu == 1)
  }

  @Test func readsBeamsOfAIPS() throws {
    let history = [
      "HISTORY AIPS   CLEAN BMAJ=  9.9999E-03 BMIN=  9.9999E-03 BPA=   9.00",
      "HISTORY AIPS   CLEAN BMAJ=  1.7778E-03 BMIN=  1.5000E-03 BPA= -12.50",
      "HISTORY AIPS   CLEAN NITER=     1027 PRODUCT=1   / NORMAL",
    ]
    try open(sky + history) { image in
      let beam = try #require(image.beam)
      #expect(abs(beam.major - 6.40008) < 1e-9 && abs(beam.minor - 5.4) < 1e-9)
      #expect(beam.angle == -12.5)
    }
    try open(["BMAJ    = 0.01", "BMIN    = 0.005"] + history) { image in
      #expect(image.beam == Beam(major: 36, minor: 18, angle: 0))
    }
    try open(["BMAJ    = 0.0"]) { #expect($0.beam == nil && $0.beamNote != nil) }
  }

  /// Pixels of 1.8″, 40 of them: what is wider is in arcsec by mistake, or wrong.
  @Test(arguments: [
    ("BMAJ    = 5.0", "is wider than the image"), ("BMAJ    = 6.0E-7", "less than a quarter of a"),
    ("BMAJ    = -0.001", "is no width"), ("BMAJ    = 0.0", "is no width"),
    ("BMAJ    = 0.0005", "is shorter than its BMIN"), ("BMAJ    = 'NaN'", "is no number"),
  ])
  func leavesBeamsAsideThatCannotBe(card: String, words: String) throws {
    let minor = card.contains("E-7") ? "BMIN    = 1.0E-7" : "BMIN    = 0.001"
    try open(sky + [card, minor], axes: [40, 3]) { image in
      #expect(image.beam == nil)
      #expect(image.beamNote?.contains(words) == true, "\(image.beamNote ?? "")")
    }
  }

  @Test func saysThatABeamWithoutBMINIsTakenToBeRound() throws {
    try open(sky + ["BMAJ    = 0.001"], axes: [40, 3]) { image in
      #expect(image.beam == Beam(width: 3.6))
      #expect(image.beamNote?.contains("round") == true)
    }
    try open(sky + ["BMAJ    = 0.001", "BMIN    = 0.001"], axes: [40, 3]) { image in
      #expect(image.beam == Beam(width: 3.6) && image.beamNote == nil)
    }
  }

  /// CASA writes a beam for each channel into a table when they differ.
  @Test(
    arguments: [
      ([6.5], "arcsec", 6.5, nil), ([6.5, 6.5], "arcsec", 6.5, nil),
      ([0.002, 0.0015, 0.0021], "deg", 7.2, "3 beams, 5.4 to 7.56″ wide"),
    ] as [([Double], String, Double, String?)])
  func readsTheTableOfBeamsOfCASA(
    majors: [Double], unit: String, major: Double, note: String?
  ) throws {
    try withTemporaryFolder { folder in
      let path = try writeImage(
        folder + "/i.fits", axes: [40, 3], cards: sky + ["CASAMBM = T"],
        data: [UInt8](repeating: 1, count: 120))
      let columns = [
        Column("BMAJ", .float, unit: unit), Column("BMIN", .float, unit: unit),
        Column("BPA", .float, unit: "deg"), Column("CHAN", .int32), Column("POL", .int32),
      ]
      let table = try BinaryTableWriter(folder + "/t.fits", columns: columns, name: "BEAMS")
      try table.append(
        [
          .reals(majors), .reals(majors.map { $0 / 2 }), .reals(majors.map { _ in 30 }),
          .integers(majors.indices.map { Int64($0) }), .integers(majors.map { _ in 0 }),
        ], rows: majors.count)
      try table.finish()
      let extensions = try Data(contentsOf: URL(filePath: folder + "/t.fits")).dropFirst(2880)
      let whole = try Data(contentsOf: URL(filePath: path)) + extensions
      try whole.write(to: URL(filePath: path))
      let image = try FITSImage(path)
      let beam = try #require(image.beam)
      #expect(abs(beam.major - major) < 1e-5 && abs(beam.minor - major / 2) < 1e-5)
      #expect(beam.angle == 30)
      #expect(note == nil ? image.beamNote == nil : image.beamNote?.contains(note ?? "") == true)
      #expect(try image.whole().bytes.count == 120)
    }
  }

  @Test func readsFrequenciesInTheirOrder() throws {
    try open(["RESTFRQ = 1.42E9", "FREQ    = 2.0E9"]) { #expect($0.frequency == 1.42e9) }
    try open(["RESTFREQ= 0.0", "FREQ    = 8.4D8"]) { #expect($0.frequency == 8.4e8) }
    try open([]) { #expect($0.frequency == nil) }
  }

  /// Julian years as astropy's Time has them.
  @Test(arguments: [
    (["DATE-OBS= '2016-07-19'"], 2016.5462012320329),
    (["DATE-OBS= '19/07/94'"], 1994.5448323066393),
    (["DATE-OBS= '2016-07-19T12:30:00.5'"], 2016.5476272),
    (["MJD-OBS = 57588.5", "DATE-OBS= '1999-01-01'"], 2016.5475701574264),
    (["MJD-OBS = 57588.5", "DATE-AVG= '2016-07-19'"], 2016.5462012320329),
    (["DATE-OBS= 'last summer'", "MJD-OBS = 0.0"], nil), (["DATE-OBS= '2016-13-41'"], nil),
    ([], nil),
  ])
  func readsEpochsAsTheMiddleOrTheBeginning(cards: [String], epoch: Double?) throws {
    try open(cards) { image in
      #expect((image.epoch == nil) == (epoch == nil))
      #expect(abs((image.epoch ?? 0) - (epoch ?? 0)) < 1e-6)
    }
  }

  @Test func forgivesControlCharacters() throws {
    let dirty =
      sky + [
        "COMMENT tabs\tand\u{7}bells", "OBJECT  = 'tab\tbed'", "BUNIT   = 'JY/BEAM '",
        "TELESCOP= 'VLA'\t\t\t/ tabs", "NOVALUE =",
      ]
    try open(dirty) { image in
      #expect(image.unit == "JY/BEAM" && image.object == "tab bed")
      let wcs = try #require(image.wcs)
      #expect(wcs.pixelScale > 1.79)
    }
  }

  @Test func knowsImagesWithoutSky() throws {
    try open([]) { #expect($0.wcs == nil && $0.unit == nil && $0.object == nil) }
    try open(["CTYPE1  = 'LINEAR'", "CTYPE2  = 'FREQ'"]) { #expect($0.wcs == nil) }
  }

  @Test(arguments: [
    (["CTYPE2  = 'DEC--TAN'"], "inconsistent"),
    (["CDELT1  = 0.0"], "singular"),
    (["RADESYS = 'GAPPT'"], "GAPPT"),
    (["CTYPE1  = 'ELON-SIN'", "CTYPE2  = 'ELAT-SIN'"], "ELON"),
  ])
  func refusesSkiesThatItDoesNotUnderstand(cards: [String], word: String) throws {
    let keys = cards.map { $0.prefix(8) }
    let all = sky.filter { !keys.contains($0.prefix(8)) } + cards
    let error = #expect(throws: FileError.self) { try open(all) { _ in } }
    #expect(error?.problem.contains(word) == true)
  }
}
