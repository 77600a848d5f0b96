import Astronomy
public import PostgreSQL

/// Cutouts of a survey that wait in tables of the session until all of their piece are there.
///
/// They come some at a time, so that memory does not grow with the piece, and become part of the survey in one
/// statement.
public struct WaitingCutouts: Sendable {
  private let survey: Survey
  private let run: Int

  /// The tables of the session, for the rows and for their pixels.
  private static let tables = [
    WaitingTable(like: "reber.cutout"), WaitingTable(like: "reber.cutout_pixels"),
  ]

  /// Begins with none.
  public init(of survey: Survey, run: Int, in database: Connection) throws {
    (self.survey, self.run) = (survey, run)
    for table in Self.tables { try table.empty(in: database) }
  }

  /// Adds some, by COPY.
  public func add(_ cutouts: [Cutout], in database: Connection) throws {
    guard !cutouts.isEmpty else { return }
    let keys = try database.rows(
      "SELECT nextval('reber.cutout_id_seq') FROM generate_series(1, \(cutouts.count))",
      as: Int.self)
    let keyed = zip(keys, cutouts).map(Keyed.init)
    try database.copy(
      keyed, into: Self.tables[0].name, with: ["survey_id": survey.id, "run_id": run])
    try database.copy(
      into: Self.tables[1].name, Keyed.pixels, with: ["survey_id": survey.id]
    ) { rows in
      for cutout in keyed { try rows.write(cutout) }
    }
  }

  /// Ends their piece and makes them their sources' current ones; `result` is kept with the piece.
  ///
  /// Those that were current stay, for runs that learned from them, but are current no more.
  ///
  /// - Returns: Their number; `nil`, with nothing changed, where the lease of the piece had ended before.
  public func end(_ piece: Piece, result: [UInt8], in database: Connection) throws -> Int? {
    try database.row(
      """
      SELECT reber.end_cutouts(
          \(piece.run), \(Int32(piece.number)), \(piece.worker.id), \(Int32(piece.claim)),
          \(Int32(survey.id)), \(result), \(Self.tables[0].name)::text::regclass,
          \(Self.tables[1].name)::text::regclass
      )
      """, as: Int?.self)
  }

  /// Makes them their sources' current ones.
  fileprivate func end(in database: Connection) throws {
    try database.execute(
      """
      SELECT reber.replace_cutouts(
          \(Int32(survey.id)), \(Self.tables[0].name)::text::regclass,
          \(Self.tables[1].name)::text::regclass
      )
      """)
  }
}

extension Cutout {
  /// Makes room for cutouts of a survey and for the images that they come from.
  public static func begin(_ survey: Survey, in database: Connection) throws {
    for whole in ["reber.image", "reber.cutout", "reber.cutout_pixels"] {
      try Partition(whole: whole, key: survey.id).prepare(in: database)
    }
  }

  /// Adds cutouts of a survey without a piece: for surveys that are made up.
  ///
  /// - Throws: `PostgresError`; nothing is changed then.
  package static func write(
    _ cutouts: [Cutout], of survey: Survey, run: Int, in database: Connection
  ) throws {
    guard !cutouts.isEmpty else { return }
    try begin(survey, in: database)
    try SurveyImage.add(
      Set(cutouts.map(\.imageSHA256)).map { SurveyImage(sha256: $0) }, to: survey, in: database)
    let waiting = try WaitingCutouts(of: survey, run: run, in: database)
    try waiting.add(cutouts, in: database)
    try waiting.end(in: database)
  }
}

/// A cutout with the key that it is stored under.
private struct Keyed: TableRow {
  var id: Int
  var cutout: Cutout

  static let table = "reber.cutout"
  static let columns = Columns<Self>(
    writing: .column("cutout_id", \.id), .group(\.cutout, Cutout.columns))

  static let pixels = Columns<Self>(
    writing: .column("cutout_id", \.id), .column("pixels", \.cutout.pixels.bytes))
}
