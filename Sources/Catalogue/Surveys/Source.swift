public import Astronomy
public import PostgreSQL

/// An entry of a survey's catalogue, as it goes into `reber.source`.
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

  /// Describes a source.
  ///
  /// Fluxes are in Jy and Jy/beam, sizes in arcsec; what the catalogue lacks is `nil`.
  public init(
    name: String, position: SkyPosition? = nil, totalFlux: Double? = nil, peakFlux: Double? = nil,
    rms: Double? = nil, majorAxis: Double? = nil
  ) {
    self.name = name
    self.position = position
    self.totalFlux = totalFlux
    self.peakFlux = peakFlux
    self.rms = rms
    self.majorAxis = majorAxis
  }
}

extension Source: QueryRow {
  public static let columns = Columns<Self>(
    .column("name", \.name), .group(\.position, optional: SkyPosition.columns),
    .column("total_flux", \.totalFlux), .column("peak_flux", \.peakFlux), .column("rms", \.rms),
    .column("major_axis", \.majorAxis), make: Source.init)
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
  /// The columns from `image` on come from the survey's own catalogue.
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

extension Source {
  /// The keys of a survey's sources by their names, and by those that they had in former releases where no other
  /// source has these now.
  ///
  /// Names are as in the survey's own catalogue, and unique in it.
  public static func keys(of survey: Survey, in database: Connection) throws -> [String: Int] {
    try database.table(
      """
      SELECT DISTINCT ON (name) name, source_id
      FROM (
          SELECT name, source_id, NULL AS release_id
          FROM reber.source
          WHERE survey_id = \(survey.id) AND is_listed
          UNION ALL
          SELECT former.name, source_id, release_id
          FROM reber.release_source AS former
          JOIN reber.source USING (survey_id, source_id)
          WHERE survey_id = \(survey.id) AND is_listed
      ) AS named
      ORDER BY name, release_id DESC
      """, by: String.self, Int.self)
  }

  /// Where sources are, by their keys; those without a position are left out.
  public static func positions(
    of keys: [Int], in survey: Survey, _ database: Connection
  ) throws -> [Int: SkyPosition] {
    let places = try database.rows(
      """
      SELECT source_id, ra, dec FROM reber.source
      WHERE survey_id = \(survey.id) AND source_id = ANY (\(keys)) AND ra IS NOT NULL AND dec IS NOT NULL
      """, as: Int.self, Double.self, Double.self)
    return Dictionary(
      places.map { ($0, SkyPosition(ra: $1, dec: $2)) }, uniquingKeysWith: { first, _ in first })
  }

  /// Of the runs that ingested into a survey after one, the first that changed sources which had been so for that
  /// run's catalogue; new releases, which keep what they follow, are none.
  public static func changer(
    after run: Int, of survey: Survey, in database: Connection
  ) throws -> Int? {
    try database.row(
      """
      SELECT min(superseded_by) FROM reber.source_superseded AS former
      WHERE survey_id = \(survey.id) AND superseded_by > \(run)
          AND (
              run_id = \(run)
              OR run_id < \(run) AND (
                  SELECT metrics #>> '{changes,unchanged}' <> '0' FROM reber.run WHERE run_id = \(run)
              )
          )
          AND NOT EXISTS (
              SELECT FROM reber.release WHERE release.survey_id = \(survey.id) AND release.run_id = superseded_by
          )
      """, as: Int?.self)
  }

  /// The name of the source that is called so now, or was in a former release; nil where none is.
  static func name(
    ofOneCalled name: String, in survey: Survey, _ database: Connection
  ) throws -> String? {
    try database.first(
      """
      SELECT name FROM reber.source
      WHERE survey_id = \(survey.id)
          AND source_id = reber.source_called(\(Int32(survey.id)), \(name))
      """, as: String.self)
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
  /// In the order of the catalogue; the view `reber.source_without_image` has them all. Of each block of keys that
  /// lacks images no more are looked up.
  public static func namesWithoutImage(
    of survey: Survey, atMost count: Int, in database: Connection
  ) throws -> [String] {
    try database.rows(
      """
      SELECT name
      FROM (
          SELECT block FROM reber.source_count WHERE survey_id = \(survey.id)
          GROUP BY block
          HAVING sum(sources) > sum(images)
      ) AS lacking
      CROSS JOIN LATERAL (
          SELECT name, source_id FROM reber.source
          WHERE source.survey_id = \(survey.id) AND is_listed
              AND source_id BETWEEN block * 4096 AND block * 4096 + 4095
              AND (
                  SELECT cutout_id FROM reber.cutout
                  WHERE cutout.survey_id = \(survey.id) AND cutout.source_id = source.source_id
                      AND is_current
              ) IS NULL
          ORDER BY source_id
          LIMIT \(count)
      ) AS found
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
      JOIN reber.survey ON survey.name = \(name)
      CROSS JOIN LATERAL (
          SELECT FROM reber.source
          WHERE source.survey_id = survey.survey_id AND source.run_id = run_input.run_id
          LIMIT 1
      ) AS one
      WHERE role = 'catalogue'
      """, as: Int.self
    ).map { Work.Parent(run: $0, role: "sources") }
  }
}

extension StoredSource {
  /// A survey's sources in the order of their keys, with what its own catalogue says of their images:
  /// `imageColumn` names the image, `box` tells the source's place on it.
  public static func all(
    of survey: Survey, imageColumn: String? = nil, box: PixelBox.Names = .init(),
    in database: Connection
  ) throws -> [StoredSource] {
    let names = try OwnColumn.storedNames(of: survey, in: database)
    let cells = [imageColumn, box.x, box.y, box.width, box.height].map { name -> SQL in
      guard let stored = name.flatMap({ names[$0] }) else { return "NULL::text" }
      return "own.\(identifier: stored)::text"
    }
    let own: SQL =
      names.isEmpty
      ? "" : "LEFT JOIN \(raw: SurveyTable.table(of: survey)) AS own USING (source_id)"
    return try database.rows(
      """
      SELECT source_id, source.name, source.ra, source.dec, source.major_axis,
          \(cells.joined(separator: ", "))
      FROM reber.source
      \(own)
      WHERE survey_id = \(survey.id) AND is_listed
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
