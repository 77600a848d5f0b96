public import Astronomy
public import PostgreSQL

/// An entry of a survey's catalogue, as it goes into `reber.source`.
///
/// Attributes are an object of the catalogue's other columns by name, each as its cell was.
public struct Source: Sendable, Equatable {
  /// Identifier within the survey.
  public var name: String

  /// Where it is; `nil` in collections without positions.
  public var position: SkyPosition?

  /// Integrated flux density, Jy.
  public var totalFlux: Double?

  /// Peak brightness, Jy/beam.
  public var peakFlux: Double?

  /// Local noise, Jy/beam.
  public var rms: Double?

  /// Largest angular size or fitted major axis, arcsec.
  public var majorAxis: Double?

  /// Every other column of the catalogue, in its own unit.
  public var attributes: JSON

  /// Describes a source.
  ///
  /// Fluxes are in Jy and Jy/beam, sizes in arcsec; what the catalogue lacks is `nil`.
  public init(
    name: String, position: SkyPosition? = nil, totalFlux: Double? = nil, peakFlux: Double? = nil,
    rms: Double? = nil, majorAxis: Double? = nil, attributes: JSON
  ) {
    self.name = name
    self.position = position
    self.totalFlux = totalFlux
    self.peakFlux = peakFlux
    self.rms = rms
    self.majorAxis = majorAxis
    self.attributes = attributes
  }
}

extension Source: QueryRow {
  public static let columns = Columns<Self>(
    .column("name", \.name), .group(\.position, optional: SkyPosition.columns),
    .column("total_flux", \.totalFlux), .column("peak_flux", \.peakFlux), .column("rms", \.rms),
    .column("major_axis", \.majorAxis), .column("attributes", \.attributes), make: Source.init)
}

extension SkyPosition {
  /// The columns `ra` and `dec`.
  static let columns = Columns<Self>(.column("ra", \.ra), .column("dec", \.dec), make: Self.init)
}

/// A source that is in the database: what a stage needs to know to work on it.
public struct StoredSource: Sendable, Equatable {
  /// The key within the survey.
  public var id: Int

  /// Identifier within the survey.
  public var name: String

  /// ICRS, degrees.
  public var position: SkyPosition?

  /// Largest angular size, arcsec.
  public var majorAxis: Double?

  /// The image file that the survey's catalogue names for the source, if it names one.
  public var image: String?

  /// Where it lies on that image, if the catalogue says so.
  public var box: PixelBox?
}

extension StoredSource: QueryRow {
  /// The columns from `image` on come from attributes.
  public static let columns = Columns<Self>(
    .column("source_id", \.id), .column("name", \.name),
    .group(\.position, optional: SkyPosition.columns), .column("major_axis", \.majorAxis),
    .column("image", \.image), .reading("x"), .reading("y"), .reading("width"),
    .reading("height")
  ) { id, name, position, majorAxis, image, x, y, width, height in
    StoredSource(
      id: id, name: name, position: position, majorAxis: majorAxis, image: image,
      box: PixelBox(x: x, y: y, width: width, height: height))
  }
}

/// How many rows a catalogue changed.
///
/// Stands in the metrics of an ingest run; rows that repeat an earlier ingest are `unchanged`.
public struct SourceChanges: Sendable, Codable, Equatable {
  /// Sources that were not there before.
  public var added = 0

  /// Sources that were there with other values; the old ones are kept aside.
  public var changed = 0

  /// Sources that were there just so.
  public var unchanged = 0

  /// Rows set aside in `reber.rejected`.
  public var rejected = 0

  /// Whether the first of those has the name of a row before it; not stored.
  public var firstRejectedRepeatsName = false

  private enum CodingKeys: CodingKey { case added, changed, unchanged, rejected }

  /// Rows that are in the survey now.
  public var accepted: Int { added + changed + unchanged }

  /// No rows.
  public init() {}
}

extension Source {
  /// Writes catalogue rows into a survey: new ones are added, changed ones replaced, equal ones
  /// left.
  ///
  /// The whole is one transaction. A row whose name was met before in the same catalogue is set
  /// aside as rejected.
  ///
  /// `body` calls `write` with each row, in order; rejected rows are kept under the name `file`.
  public static func write(
    from file: String, into survey: Survey, run: Int, in database: Connection,
    _ body: (_ write: (IncomingRow) throws -> Void) throws -> Void
  ) throws -> SourceChanges {
    try database.transaction { database in
      try Partition(whole: "reber.source", key: survey.id).prepare(in: database)
      try database.execute(
        """
        CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS
        SELECT NULL::bigint AS row_number, \(columns), NULL::text AS reason,
            NULL::bigint AS repeated_row
        FROM reber.source
        WITH NO DATA
        """)
      try database.copy(into: "incoming", IncomingRow.columns) { rows in
        try body { try rows.write($0) }
      }
      return try merge(from: file, into: survey, run: run, in: database)
    }
  }

  private static func merge(
    from file: String, into survey: Survey, run: Int, in database: Connection
  ) throws -> SourceChanges {
    var changes = SourceChanges()
    try refuseRepeated(in: database)
    try setAside(from: file, run: run, counting: &changes, in: database)
    changes.changed = try supersede(in: survey, run: run, database)
    changes.added = try add(to: survey, run: run, database)
    let all = try database.row("SELECT count(*) FROM incoming", as: Int.self)
    changes.unchanged = all - changes.added - changes.changed
    return changes
  }

  /// Of rows of one name the first counts.
  private static func refuseRepeated(in database: Connection) throws {
    try database.execute(
      """
      UPDATE incoming
      SET reason = format('the name ''%s'' stands already in row %s', incoming.name, earlier.first),
          repeated_row = earlier.first
      FROM (
          SELECT name, min(row_number) AS first FROM incoming WHERE reason IS NULL
          GROUP BY name HAVING count(*) > 1
      ) AS earlier
      WHERE incoming.name = earlier.name AND incoming.row_number > earlier.first
          AND incoming.reason IS NULL
      """)
  }

  /// Moves what cannot be used to `reber.rejected`.
  private static func setAside(
    from file: String, run: Int, counting changes: inout SourceChanges, in database: Connection
  ) throws {
    changes.rejected = try database.execute(
      """
      INSERT INTO reber.rejected (run_id, file, row_number, name, reason, record)
      SELECT \(run), \(file), row_number, nullif(name, ''), reason, attributes
      FROM incoming
      WHERE reason IS NOT NULL
      ORDER BY row_number
      """)
    changes.firstRejectedRepeatsName =
      try database.first(
        """
        SELECT repeated_row IS NOT NULL FROM incoming
        WHERE reason IS NOT NULL ORDER BY row_number LIMIT 1
        """, as: Bool.self) ?? false
    try database.execute("DELETE FROM incoming WHERE reason IS NOT NULL")
  }

  /// Adds the sources whose names are new.
  private static func add(to survey: Survey, run: Int, _ database: Connection) throws -> Int {
    try database.execute(
      """
      INSERT INTO reber.source (survey_id, \(columns), designation, run_id)
      SELECT \(survey.id), \(columns), reber.designation(ra, dec), \(run)
      FROM incoming
      WHERE NOT EXISTS (
          SELECT FROM reber.source
          WHERE source.survey_id = \(survey.id) AND source.name = incoming.name
      )
      ORDER BY row_number
      ON CONFLICT (survey_id, name) DO NOTHING
      """)
  }

  /// Replaces the rows that differ, and keeps what they were.
  private static func supersede(
    in survey: Survey, run: Int, _ database: Connection
  ) throws -> Int {
    try database.execute(
      """
      WITH differing AS (
          SELECT source.source_id, \(columns, of: "incoming")
          FROM incoming
          JOIN reber.source ON source.survey_id = \(survey.id) AND source.name = incoming.name
          WHERE (\(columns, of: "source"))
              IS DISTINCT FROM (\(columns, of: "incoming"))
      ), kept AS (
          INSERT INTO reber.source_superseded (
              survey_id, source_id, designation, run_id, \(columns), superseded_by
          )
          SELECT survey_id, source_id, source.designation, source.run_id,
              \(columns, of: "source"), \(run)
          FROM reber.source
          JOIN differing USING (source_id)
          WHERE source.survey_id = \(survey.id)
      )
      UPDATE reber.source
      SET (\(columns), designation, run_id) = (
          \(columns, of: "differing"),
          reber.designation(differing.ra, differing.dec), \(run)
      )
      FROM differing
      WHERE source.survey_id = \(survey.id) AND source.source_id = differing.source_id
      """)
  }

  /// The keys of a survey's sources by their names.
  ///
  /// Names are as in the survey's own catalogue, and unique in it.
  public static func keys(of survey: Survey, in database: Connection) throws -> [String: Int] {
    try database.table(
      "SELECT name, source_id FROM reber.source WHERE survey_id = \(survey.id)",
      by: String.self, Int.self)
  }

  /// The names of sources of a survey, in the same order.
  ///
  /// A key that is not there is left out.
  public static func names(
    of sources: [Int], in survey: Survey, _ database: Connection
  ) throws -> [String] {
    let names = try database.table(
      """
      SELECT source_id, name FROM reber.source
      WHERE survey_id = \(survey.id) AND source_id = ANY (\(sources))
      """, by: Int.self, String.self)
    return sources.compactMap { names[$0] }
  }

  /// The names of the first sources of a survey that no ingested image shows.
  ///
  /// In the order of the catalogue; the view `reber.source_without_image` has them all.
  public static func namesWithoutImage(
    of survey: Survey, atMost count: Int, in database: Connection
  ) throws -> [String] {
    try database.rows(
      """
      SELECT name FROM reber.source_without_image
      WHERE survey_id = \(survey.id)
      ORDER BY source_id
      LIMIT \(count)
      """, as: String.self)
  }

  /// The runs that read the catalogues of the survey of that name, where there is one: those whose
  /// sources stand in it.
  public static func runs(
    ofSurveyNamed name: String, in database: Connection
  ) throws -> [Work.Parent] {
    try database.rows(
      """
      SELECT run_id
      FROM reber.run_input
      WHERE role = 'catalogue' AND run_id IN (
          SELECT source.run_id FROM reber.source JOIN reber.survey USING (survey_id)
          WHERE survey.name = \(name)
      )
      """, as: Int.self
    ).map { Work.Parent(run: $0, role: "sources") }
  }
}

extension StoredSource {
  /// A survey's sources in the order of their keys, with what the attributes say of their images:
  /// `imageColumn` names the image, `box` tells the source's place on it.
  public static func all(
    of survey: Survey, imageColumn: String? = nil, box: PixelBox.Names = .init(),
    in database: Connection
  ) throws -> [StoredSource] {
    try database.rows(
      """
      SELECT source_id, name, ra, dec, major_axis, attributes ->> \(imageColumn) AS image,
          attributes ->> \(box.x) AS x, attributes ->> \(box.y) AS y,
          attributes ->> \(box.width) AS width, attributes ->> \(box.height) AS height
      FROM reber.source
      WHERE survey_id = \(survey.id)
      ORDER BY source_id
      """, as: StoredSource.self)
  }

  /// Where the sources of a survey are that have a position, by key.
  public static func positions(
    of survey: Survey, in database: Connection
  ) throws -> [Int: SkyPosition] {
    let known = try all(of: survey, in: database).map { source in
      source.position.map { (source.id, $0) }
    }
    return Dictionary(known.compactMap(\.self), uniquingKeysWith: { $1 })
  }
}

/// A row of a catalogue on its way into the database.
public enum IncomingRow: Sendable {
  /// A source, with its row number in the file (from 1).
  case source(Source, row: Int)
  /// A row that cannot be a source, with the reason and what stood in it.
  case rejected(reason: String, row: Int, name: String?, record: JSON)
}

extension IncomingRow {
  private var row: Int {
    switch self {
    case .source(_, let row), .rejected(_, let row, _, _): row
    }
  }

  /// The source, or what a row that cannot be one has of it.
  private var source: Source {
    switch self {
    case .source(let source, _): source
    case .rejected(_, _, let name, let record): Source(name: name ?? "", attributes: record)
    }
  }

  private var reason: String? {
    if case .rejected(let reason, _, _, _) = self { reason } else { nil }
  }

  fileprivate static let columns = Columns<Self>(
    writing: .column("row_number", \.row), .group(\.source, Source.columns),
    .column("reason", \.reason))
}
