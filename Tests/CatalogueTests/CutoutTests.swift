import Astronomy
import Catalogue
import PostgreSQL
import TestSupport
import Testing

/// A database with survey `sky` of three sources, written by a run that read a catalogue.
private struct ThreeSources {
  let database: Connection
  let survey: Survey
  let run: Int
  let sources: [Int]

  init() throws {
    database = try Connection(try TestServer.newDatabase())
    _ = try Migration.apply(to: database, folder: try Schema.folder())
    survey = try Survey.add(named: "sky", in: database)
    let work = try Work(
      stage: .ingest, parameters: JSON(text: "{}"),
      inputs: [.init(role: "catalogue", name: "/sky.csv", sha256: "00", bytes: 3)])
    run = try Self.open(work, in: database)
    _ = try Source.write(
      from: "sky.csv", columns: [SurveyColumn(Column("file", .string))], into: survey, run: run,
      in: database
    ) {
      write in
      for name in ["a", "b", "c"] {
        let source = Source(name: name, position: .init(ra: 1, dec: 2))
        try write(.source(source, cells: [.text("f.png")]))
      }
    }
    sources = try StoredSource.all(of: survey, in: database).map(\.id)
  }

  static func open(_ work: Work, in database: Connection) throws -> Int {
    let user = Operator(codeVersion: "test", host: "here", account: "tester")
    guard case .new(let run) = try Run.open(work, by: user, in: database) else { return -1 }
    return run
  }

  /// A run of its own.
  func another(_ number: Int) throws -> Int {
    try Self.open(
      try Work(stage: .ingest, parameters: JSON(text: "{\"number\":\(number)}")), in: database)
  }
}

private func cutout(
  of source: Int, _ bytes: [UInt8], type: PixelType = .uint8, off: Int = 0
) -> Cutout {
  Cutout(
    source: source,
    pixels: ImagePixels(
      width: bytes.count / type.size, height: 1, type: type, bytes: bytes, offImage: off),
    pixelScale: 1.5, wcs: JSON(text: "{\"CRVAL1\":1}"), sha256: digest(bytes),
    imageSHA256: digest([]))
}

@Suite("Cutouts") struct CutoutTests {
  @Test func aNewCutoutReplacesTheCurrentOne() throws {
    let three = try ThreeSources()
    let (survey, database) = (three.survey, three.database)
    try Cutout.write(
      three.sources.prefix(2).map { cutout(of: $0, [1, 2, 3], off: 1) }, of: survey,
      run: three.run, in: database)
    let second = try three.another(2)
    try Cutout.write(
      [cutout(of: three.sources[0], [9, 8, 7])], of: survey, run: second, in: database)
    let digests = try Cutout.known(of: survey, in: database)
    #expect(digests[three.sources[0]]?.pixels == digest([9, 8, 7]))
    #expect(digests[three.sources[1]]?.pixels == digest([1, 2, 3]) && digests.count == 2)
    #expect(try Cutout.sources(of: survey, writtenBy: second, in: database) == [three.sources[0]])
    #expect(
      try Cutout.sources(of: survey, writtenBy: three.run, in: database) == [three.sources[1]])
    #expect(try Cutout.countAtEdge(of: survey, in: database) == 1)
    #expect(try survey.counts(in: database).cutouts == 2)
    #expect(try Source.namesWithoutImage(of: survey, atMost: 5, in: database) == ["c"])
    #expect(try Set(Cutout.runs(of: survey, in: database).map(\.run)) == [three.run, second])
    #expect(
      try database.row("SELECT count(*) FROM reber.cutout_pixels", as: Int.self) == 3,
      "the replaced one is kept")
  }

  @Test(
    arguments: [
      (.uint8, [0, 255], [0, 255] as [Float]), (.int16, [1, 0, 0xFF, 0xFF], [1, -1]),
      (.int32, [0xFF, 0xFF, 0, 0], [65535]), (.float, [0, 0, 0xC0, 0x3F], [1.5]),
      (.double, [0, 0, 0, 0, 0, 0, 4, 0xC0], [-2.5]),
    ] as [(PixelType, [UInt8], [Float])])
  func pixelsComeBackAsNumbers(_ type: PixelType, _ bytes: [UInt8], _ wanted: [Float]) throws {
    let three = try ThreeSources()
    try Cutout.write(
      [cutout(of: three.sources[0], bytes, type: type)], of: three.survey, run: three.run,
      in: three.database)
    let found = try StoredCutout.next(9, of: three.survey, after: 0, in: three.database)
    #expect(found.map(\.values) == [wanted])
  }

  @Test func noCutoutsAreNoInput() throws {
    let three = try ThreeSources()
    #expect(throws: CatalogueError.self) { try Cutout.input(of: three.survey, in: three.database) }
    try Cutout.write([Cutout](), of: three.survey, run: three.run, in: three.database)
    try Cutout.write(
      [cutout(of: three.sources[2], [5])], of: three.survey, run: three.run, in: three.database)
    let database = three.database
    try database.forge("UPDATE reber.cutout SET sha256 = decode(repeat('ab', 32), 'hex')")
    let input = try Cutout.input(of: three.survey, in: database)
    #expect(input.rows == 1 && input.role == "cutouts" && input.sha256.count == 64)
  }

  @Test func theCataloguesOfASurveyAreKnown() throws {
    let three = try ThreeSources()
    #expect(
      try Source.runs(ofSurveyNamed: "sky", in: three.database)
        == [Work.Parent(run: three.run, role: "sources")])
    #expect(try Source.runs(ofSurveyNamed: "sea", in: three.database).isEmpty)
    #expect(
      try StoredSource.all(of: three.survey, imageColumn: "file", in: three.database).map(\.image)
        == ["f.png", "f.png", "f.png"])
    #expect(
      try StoredSource.all(of: three.survey, in: three.database).allSatisfy { $0.image == nil })
  }

  @Test func whatIsSetAsideIsReadInOrder() throws {
    let three = try ThreeSources()
    let run = try three.another(3)
    try Rejected.write(
      [Rejected(row: 4, name: "x", reason: "first"), Rejected(reason: "second")], file: "f",
      run: run, in: three.database)
    let all = try Rejected.all(of: run, in: three.database)
    #expect(all.map(\.rejected.reason) == ["first", "second"] && all[0].rejected.row == 4)
    #expect(try Rejected.all(of: run, atMost: 1, in: three.database).count == 1)
    try Run.discard(run, in: three.database)
    #expect(try Rejected.all(of: run, in: three.database).isEmpty)
    #expect(throws: CatalogueError.self) { try Run.numbered(run, in: three.database) }
  }

  @Test func columnsOfALaterCatalogueReplaceTheEarlier() throws {
    let three = try ThreeSources()
    let flux = SurveyColumn(Column("S", .double, unit: "mJy"), mappedTo: "total_flux")
    let other = SurveyColumn(Column("T", .string, ucd: "meta.note", description: "said"))
    try SurveyColumn.write([flux, other], of: three.survey, run: three.run, in: three.database)
    var changed = flux
    changed.column.unit = "Jy"
    try SurveyColumn.write([changed], of: three.survey, run: three.run, in: three.database)
    let all = try SurveyColumn.all(of: three.survey, in: three.database)
    #expect(all.filter { $0.column.name != "file" } == [changed, other])
  }

  @Test func whatIsSaidOfASurveyStaysUntilItIsSaidAnew() throws {
    let three = try ThreeSources()
    try three.survey.describe(
      .init(title: "Sky", frequency: 1e9, beamMajor: 5), in: three.database)
    try three.survey.describe(.init(frequency: 2e9), in: three.database)
    let sky = try Survey.named("sky", in: three.database)
    #expect(
      sky.observation == .init(title: "Sky", frequency: 2e9, beamMajor: 5) && !sky.simulated)
    #expect(throws: CatalogueError.badName("a b")) { try Survey.check(name: "a b") }
  }
}
