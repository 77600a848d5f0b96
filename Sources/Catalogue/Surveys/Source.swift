public import PostgreSQL

/// An entry of a survey's catalogue, as it goes into `reber.source`.
public struct Source: Sendable, Equatable {
  /// Identifier within the survey.
  public var name: String

  /// Right ascension and declination, ICRS, degrees; `nil` in collections without positions.
  public var position: Position?

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
  public init(
    name: String, position: Position? = nil, totalFlux: Double? = nil, peakFlux: Double? = nil,
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

  /// A direction on the sky, ICRS, degrees.
  public struct Position: Sendable, Equatable, Codable {
    /// Right ascension, degrees, 0 ≤ ra < 360.
    public var ra: Double

    /// Declination, degrees, −90 ≤ dec ≤ 90.
    public var dec: Double

    /// Wraps a direction.
    public init(ra: Double, dec: Double) {
      self.ra = ra
      self.dec = dec
    }
  }
}

/// A source that is in the database: what a stage needs to know to work on it.
public struct StoredSource: Sendable, Equatable {
  /// The key within the survey.
  public var id: Int

  /// Identifier within the survey.
  public var name: String

  /// ICRS, degrees.
  public var position: Source.Position?

  /// Largest angular size, arcsec.
  public var majorAxis: Double?

  /// The image file that the survey's catalogue names for the source, if it names one.
  public var image: String?
}

/// How many rows a catalogue changed.
public struct SourceChanges: Sendable, Codable, Equatable {
  /// Sources that were not there before.
  public var added = 0

  /// Sources that were there with other values; the old ones are kept aside.
  public var changed = 0

  /// Sources that were there just so.
  public var unchanged = 0

  /// Rows set aside in `reber.rejected`.
  public var rejected = 0

  /// Rows that are in the survey now.
  public var accepted: Int { added + changed + unchanged }

  /// No rows.
  public init() {}
}

extension Survey {
  /// Writes catalogue rows into the survey: new ones are added, changed ones replaced, equal ones
  /// left.
  ///
  /// The whole is one transaction. A row whose name was met before in the same catalogue is set
  /// aside as rejected.
  ///
  /// `body` calls `write` with each row, in order; rejected rows are kept under the name `file`.
  public func writeSources(
    from file: String, run: Int, in database: Connection,
    _ body: (_ write: (IncomingRow) throws -> Void) throws -> Void
  ) throws -> SourceChanges {
    try database.transaction { database in
      try database.script(
        """
        CREATE TEMPORARY TABLE incoming (
            row_number bigint, name text, ra double precision, dec double precision,
            total_flux double precision, peak_flux double precision, rms double precision,
            major_axis double precision, attributes jsonb, reason text
        ) ON COMMIT DROP
        """)
      try database.copy(into: "incoming", columns: Self.incomingColumns) { rows in
        try body { incoming in
          switch incoming {
          case .source(let source, let row):
            try rows.row(
              row, source.name, source.position?.ra, source.position?.dec, source.totalFlux,
              source.peakFlux, source.rms, source.majorAxis, source.attributes, String?.none)
          case .rejected(let reason, let row, let name, let record):
            try rows.row(
              row, name, Double?.none, Double?.none, Double?.none, Double?.none, Double?.none,
              Double?.none, record, reason)
          }
        }
      }
      return try merge(from: file, run: run, in: database)
    }
  }

  private static let incomingColumns = [
    "row_number", "name", "ra", "dec", "total_flux", "peak_flux", "rms", "major_axis",
    "attributes", "reason",
  ]

  private func merge(
    from file: String, run: Int, in database: Connection
  ) throws -> SourceChanges {
    var changes = SourceChanges()
    _ = try database.execute(
      """
      UPDATE incoming
      SET reason = format('the name ''%s'' stands already in row %s', incoming.name, earlier.first)
      FROM (
          SELECT name, min(row_number) AS first FROM incoming WHERE reason IS NULL
          GROUP BY name HAVING count(*) > 1
      ) AS earlier
      WHERE incoming.name = earlier.name AND incoming.row_number > earlier.first
          AND incoming.reason IS NULL
      """)
    changes.rejected = try database.execute(
      """
      INSERT INTO reber.rejected (run_id, file, row_number, name, reason, record)
      SELECT \(run), \(file), row_number, name, reason, attributes
      FROM incoming
      WHERE reason IS NOT NULL
      ORDER BY row_number
      """)
    _ = try database.execute("DELETE FROM incoming WHERE reason IS NOT NULL")
    changes.changed = try supersede(run: run, in: database)
    changes.added = try database.execute(
      """
      INSERT INTO reber.source (
          survey_id, name, designation, ra, dec, total_flux, peak_flux, rms, major_axis,
          attributes, run_id
      )
      SELECT \(id), name, reber.designation(ra, dec), ra, dec, total_flux, peak_flux, rms,
          major_axis, attributes, \(run)
      FROM incoming
      WHERE NOT EXISTS (
          SELECT FROM reber.source
          WHERE source.survey_id = \(id) AND source.name = incoming.name
      )
      ORDER BY row_number
      ON CONFLICT (survey_id, name) DO NOTHING
      """)
    let all = try database.row("SELECT count(*) FROM incoming", as: Int.self)
    changes.unchanged = all - changes.added - changes.changed
    return changes
  }

  /// Replaces the rows that differ, and keeps what they were.
  private func supersede(run: Int, in database: Connection) throws -> Int {
    try database.execute(
      """
      WITH differing AS (
          SELECT source.source_id, incoming.*
          FROM incoming
          JOIN reber.source ON source.survey_id = \(id) AND source.name = incoming.name
          WHERE (source.ra, source.dec, source.total_flux, source.peak_flux, source.rms,
                  source.major_axis, source.attributes)
              IS DISTINCT FROM (incoming.ra, incoming.dec, incoming.total_flux,
                  incoming.peak_flux, incoming.rms, incoming.major_axis, incoming.attributes)
      ), kept AS (
          INSERT INTO reber.source_superseded
          SELECT source.*, \(run)
          FROM reber.source
          JOIN differing USING (source_id)
          WHERE source.survey_id = \(id)
      )
      UPDATE reber.source
      SET (ra, dec, designation, total_flux, peak_flux, rms, major_axis, attributes, run_id) = (
          differing.ra, differing.dec, reber.designation(differing.ra, differing.dec),
          differing.total_flux, differing.peak_flux, differing.rms, differing.major_axis,
          differing.attributes, \(run)
      )
      FROM differing
      WHERE source.survey_id = \(id) AND source.source_id = differing.source_id
      """)
  }

  /// The keys of the survey's sources by their names.
  public func sourceKeys(in database: Connection) throws -> [String: Int] {
    let pairs = try database.rows(
      "SELECT name, source_id FROM reber.source WHERE survey_id = \(id)",
      as: String.self, Int.self)
    return Dictionary(pairs.map { ($0, $1) }, uniquingKeysWith: { $1 })
  }

  /// The survey's sources by name, with the attribute that names their image where it is known.
  public func sources(imageColumn: String? = nil, in database: Connection) throws -> [StoredSource]
  {
    try database.rows(
      """
      SELECT source_id, name, ra, dec, major_axis, attributes ->> \(imageColumn)
      FROM reber.source
      WHERE survey_id = \(id)
      ORDER BY source_id
      """,
      as: Int.self, String.self, Double?.self, Double?.self, Double?.self, String?.self
    ).map { id, name, ra, dec, majorAxis, image in
      var position: Source.Position?
      if let ra, let dec { position = Source.Position(ra: ra, dec: dec) }
      return StoredSource(
        id: id, name: name, position: position, majorAxis: majorAxis, image: image)
    }
  }
}

/// A row of a catalogue on its way into the database.
public enum IncomingRow: Sendable {
  /// A source, with its row number in the file (from 1).
  case source(Source, row: Int)
  /// A row that cannot be a source, with the reason and what stood in it.
  case rejected(reason: String, row: Int, name: String?, record: JSON)
}
