import Astronomy
import Catalogue
import Foundation
import PostgreSQL
import TestSupport

/// A database of its own with the schema, and a survey `sky` whose sources lie on a grid.
struct Fixture {
  let address: String
  let database: Connection
  let survey: Survey
  let run: Int

  /// Whether the tests run on a server that need not have the extensions that `tools/install` brings.
  static let isOtherServer = ProcessInfo.processInfo.environment["REBER_POSTGRES"] != nil

  static let user = Operator(codeVersion: "test", host: "here", account: "tester")

  /// The survey has so many sources; what is written, is written with the rights of the role.
  init(
    sources: Int = 0, as role: Role? = nil, named name: (Int) -> String = { "s\($0)" },
    madeWith options: String = ""
  ) throws {
    address = try TestServer.newDatabase(options)
    database = try Connection(address)
    _ = try Migration.apply(to: database, folder: SharedData.repository + "/sql")
    try database.script(
      String(
        contentsOfFile: SharedData.repository + "/sql/optional/q3c.sql", encoding: .utf8))
    try role?.take(in: database)
    survey = try Survey.add(named: "sky", in: database)
    run = try Self.newRun(.ingest, in: database)
    let written = try Source.write(
      from: "sky.csv", columns: Self.columns, into: survey, run: run, in: database
    ) { write in
      for index in 0..<sources { try write(Self.row(index, at: index + 1, named: name(index))) }
    }
    precondition(written.added == sources, "all sources are new")
  }

  /// Gives every source an image of one pixel, and returns them in the order of the sources.
  func addCutouts() throws -> [StoredCutout] {
    let cutouts = try StoredSource.all(of: survey, in: database).map { source in
      Cutout(
        source: source.id, pixels: ImagePixels(width: 1, height: 1, type: .uint8, bytes: [1]),
        pixelScale: nil, wcs: nil, sha256: digest([]), imageSHA256: digest([]))
    }
    try Cutout.write(cutouts, of: survey, run: run, in: database)
    return try StoredCutout.next(cutouts.count, of: survey, after: 0, in: database)
  }

  static func source(_ index: Int) -> Source {
    Source(
      name: "s\(index)",
      position: .init(ra: Double(index % 360), dec: Double(index / 360 % 170) - 84.75),
      totalFlux: Double(index))
  }

  /// The columns of the sources' own catalogue.
  static let columns = [SurveyColumn(Column("Field", .string))]

  /// A source with its cells.
  static func row(_ index: Int, at row: Int, named name: String? = nil) -> IncomingRow {
    var source = source(index)
    source.name = name ?? source.name
    return .source(source, cells: [.text("F\(index % 7)")])
  }

  static func newRun(
    _ stage: StageName, parents: [Work.Parent] = [], in database: Connection
  ) throws -> Int {
    let unlikeOthers = JSON(text: "{\"id\":\"\(UUID())\"}")
    let work = try Work(stage: stage, parameters: unlikeOthers, parents: parents)
    guard case .new(let run) = try Run.open(work, by: user, in: database) else {
      preconditionFailure("the run is new")
    }
    return run
  }
}

/// What stands for a SHA-256: bytes, filled up with zeros.
func digest(_ bytes: [UInt8]) -> String {
  (bytes + [UInt8](repeating: 0, count: 32 - bytes.count)).map {
    String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
  }.joined()
}
