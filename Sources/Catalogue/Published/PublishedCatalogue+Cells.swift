public import Astronomy
public import PostgreSQL

/// A source of a published catalogue in a part of a catalogue that is divided by cells of the sky.
public struct PlacedSource: Sendable {
  /// Its name.
  public var name: String
  /// The cell of the sky that it lies in.
  public var cell: Int
  /// The place of the part, 0 for the first.
  public var part: Int
  /// Whether it lies outside of the part, near its border.
  public var isMargin: Bool

  /// Places a source.
  public init(name: String, cell: Int, part: Int, isMargin: Bool) {
    self.name = name
    self.cell = cell
    self.part = part
    self.isMargin = isMargin
  }
}

extension PlacedSource: TableRow {
  /// A temporary table: see ``PublishedCatalogue/place(in:_:)``.
  public static let table = "pg_temp.reber_placed"
  public static let columns = Columns<Self>(
    .column("name", \.name), .column("_cell", \.cell), .column("_part", \.part),
    .column("_is_margin", \.isMargin), make: PlacedSource.init)
}

extension PublishedCatalogue {
  /// Gives the positions of all sources that have one.
  public func readPositions(
    in database: Connection, _ body: (SkyPosition) throws -> Void
  ) throws {
    try database.copy(
      outOf: "SELECT ra, dec FROM catalogue.\(identifier: name) WHERE dec IS NOT NULL",
      as: Double.self, Double.self
    ) { ra, dec in try body(SkyPosition(ra: ra, dec: dec)) }
  }

  /// Places all sources that have a position and ranks all sources, for the rest of the transaction:
  /// ``Reading/placed(margin:)`` gives their rows by parts.
  public func place(
    in database: Connection, _ places: (_ name: String, SkyPosition) -> [PlacedSource]
  ) throws {
    try database.script(
      """
      CREATE TEMPORARY TABLE reber_placed (
          name text NOT NULL, _cell bigint NOT NULL, _part integer NOT NULL,
          _is_margin boolean NOT NULL
      ) ON COMMIT DROP
      """)
    try rank(in: database)
    var last = ""
    while true {
      let sources = try database.rows(
        """
        SELECT name, ra, dec FROM catalogue.\(identifier: name)
        WHERE name > \(last) ORDER BY name LIMIT 65536
        """, as: String.self, Double?.self, Double?.self)
      guard let end = sources.last else { break }
      try database.copy(
        sources.flatMap { name, ra, dec in
          SkyPosition(ra: ra, dec: dec).map { places(name, $0) } ?? []
        })
      last = end.0
    }
    try database.script("ANALYZE pg_temp.reber_placed")
  }

  /// Ranks the sources for who shows few of many: by signal-to-noise ratio divided by the share of all
  /// sources that are of the class, so that one of a class of a hundredth counts like one of all classes
  /// with a hundred times the ratio.
  ///
  /// Sources without a ratio come last, those of rare classes first.
  private func rank(in database: Connection) throws {
    try database.execute(
      """
      CREATE TEMPORARY TABLE reber_ranked ON COMMIT DROP AS
      SELECT
          name,
          row_number() OVER (
              ORDER BY peak_flux / nullif(rms, 0) / of_class DESC NULLS LAST, of_class, name
          ) AS _rank
      FROM (
          SELECT name, peak_flux, rms, count(*) OVER (PARTITION BY class) AS of_class
          FROM catalogue.\(identifier: name)
      ) AS source
      """)
    try database.script("ANALYZE pg_temp.reber_ranked")
  }
}

extension PublishedCatalogue.Reading {
  /// The rows of the sources that were placed, in the order of the parts and in them of the cells, behind
  /// the place of the part, the cell, and the rank, 1 for the first.
  ///
  /// - Parameter margin: Whether those beyond the borders of the parts are meant, or those in them.
  /// - Returns: What is to be read.
  public static func placed(margin: Bool) -> Self {
    let chosen: SQL = margin ? "_is_margin" : "NOT _is_margin"
    return Self(
      lead: ["_part", "_cell", "_rank"],
      join: """
        JOIN pg_temp.reber_placed USING (name)
        JOIN pg_temp.reber_ranked USING (name)
        WHERE \(chosen)
        """,
      order: "_part, _cell, name")
  }
}
