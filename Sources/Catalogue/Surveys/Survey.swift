public import Astronomy
public import PostgreSQL

/// A radio survey: one instrument, frequency, beam and catalogue.
///
/// A row of `reber.survey`. Its sources are a partition of `reber.source`.
public struct Survey: Sendable, Equatable, Codable {
  /// The key in `reber.survey`.
  public var id: Int

  /// A short lower-case name.
  public var name: String

  /// What is known of the observation.
  public var observation: Observation

  /// True where the sky is made up.
  public var simulated: Bool

  /// How the sky was observed; anything may be unknown.
  ///
  /// Beams are full widths at half maximum; the angle is east of north. What is `nil` is not known.
  public struct Observation: Sendable, Equatable, Codable {
    /// The title for people.
    public var title: String?

    /// The observing frequency, Hz.
    public var frequency: Double?

    /// Major axis (FWHM) of the restoring beam, arcsec.
    public var beamMajor: Float?

    /// Minor axis (FWHM) of the restoring beam, arcsec.
    public var beamMinor: Float?

    /// Position angle of the beam, degrees east of north.
    public var beamAngle: Float?

    /// Arcsec a pixel.
    public var pixelScale: Float?

    /// The publication to cite: a DOI, a bibcode or an address.
    public var reference: String?

    /// Who made it, divided by semicolons; under which licence; the statement that goes with its data.
    public var authors, licence, copyright: String?

    /// The telescope, and the receiver.
    public var facility, instrument: String?

    /// Mean epoch of the observations, Julian year.
    public var epoch: Double?

    /// Wraps what is known.
    public init(
      title: String? = nil, frequency: Double? = nil, beamMajor: Float? = nil,
      beamMinor: Float? = nil, beamAngle: Float? = nil, pixelScale: Float? = nil,
      reference: String? = nil, authors: String? = nil, licence: String? = nil,
      copyright: String? = nil, facility: String? = nil, instrument: String? = nil,
      epoch: Double? = nil
    ) {
      self.title = title
      self.frequency = frequency
      self.beamMajor = beamMajor
      self.beamMinor = beamMinor
      self.beamAngle = beamAngle
      self.pixelScale = pixelScale
      self.reference = reference
      (self.authors, self.licence, self.copyright) = (authors, licence, copyright)
      (self.facility, self.instrument, self.epoch) = (facility, instrument, epoch)
    }

    /// Who made the survey, and how it may be used.
    public var credits: Credits {
      Credits(
        title: title, authors: authors, reference: reference, licence: licence,
        copyright: copyright)
    }
  }
}

extension Survey: QueryRow {
  public static let columns = Columns<Self>(
    .column("survey_id", \.id), .column("name", \.name),
    .group(\.observation, Observation.columns), .column("simulated", \.simulated),
    make: Survey.init)
}

extension Survey.Observation: QueryRow {
  public static let columns = Columns<Self>(
    .column("title", \.title), .column("frequency_hz", \.frequency),
    .column("beam_major", \.beamMajor), .column("beam_minor", \.beamMinor),
    .column("beam_angle", \.beamAngle), .column("pixel_scale", \.pixelScale),
    .column("reference", \.reference), .column("authors", \.authors),
    .column("licence", \.licence), .column("copyright", \.copyright),
    .column("facility", \.facility), .column("instrument", \.instrument),
    .column("epoch", \.epoch), make: Survey.Observation.init)
}

extension Survey {
  /// Makes the survey, or finds the one that has the name.
  ///
  /// - Throws: `CatalogueError.badName` where PostgreSQL could not name a table by it; `CatalogueError.taken`
  ///   where it is that of a release's table.
  public static func add(named name: String, in database: Connection) throws -> Survey {
    try check(name: name)
    let isOfAnother = try database.row(
      """
      SELECT EXISTS (
          SELECT FROM reber.release JOIN reber.survey USING (survey_id)
          WHERE survey.name || '_' || release.name = \(name)
      )
      """, as: Bool.self)
    if isOfAnother { throw CatalogueError.taken(name) }
    try database.execute(
      "INSERT INTO reber.survey (name) VALUES (\(name)) ON CONFLICT (name) DO NOTHING")
    return try named(name, in: database)
  }

  /// Removes the survey where no source was ever put into it, as if it had never been made.
  public func discardIfEmpty(in database: Connection) throws {
    try database.execute(
      """
      DELETE FROM reber.ingestion
      WHERE survey_id = \(id) AND NOT reber.is_attached('reber.source', survey_id)
      """)
    try database.execute(
      """
      DELETE FROM reber.survey
      WHERE survey_id = \(id) AND NOT reber.is_attached('reber.source', survey_id)
      """)
  }

  /// Whether a survey can have the name, so that it can be refused before anything is done.
  ///
  /// - Throws: `CatalogueError.badName`.
  public static func check(name: String) throws {
    guard name.wholeMatch(of: /[a-z][a-z0-9_]{0,50}/) != nil else {
      throw CatalogueError.badName(name)
    }
  }

  /// The survey of that name.
  ///
  /// - Throws: `CatalogueError.unknownSurvey`, which lists the names there are.
  public static func named(_ name: String, in database: Connection) throws -> Survey {
    let surveys = try all(in: database)
    guard let survey = surveys.first(where: { $0.name == name }) else {
      throw CatalogueError.unknownSurvey(name, known: surveys.map(\.name))
    }
    return survey
  }

  /// Every survey, by name.
  ///
  /// - Throws: `PostgresError`, also where the schema is missing.
  public static func all(in database: Connection) throws -> [Survey] {
    try database.rows("SELECT \(columns) FROM reber.survey ORDER BY name", as: Survey.self)
  }

  /// Fills in what is known now; what is `nil` in `observation` stays as it was.
  ///
  /// A survey that was called simulated stays so.
  public func describe(
    _ observation: Observation, simulated: Bool = false, in database: Connection
  ) throws {
    try database.execute(
      """
      UPDATE reber.survey
      SET title = coalesce(\(observation.title), title),
          frequency_hz = coalesce(\(observation.frequency), frequency_hz),
          beam_major = coalesce(\(observation.beamMajor), beam_major),
          beam_minor = coalesce(\(observation.beamMinor), beam_minor),
          beam_angle = coalesce(\(observation.beamAngle), beam_angle),
          pixel_scale = coalesce(\(observation.pixelScale), pixel_scale),
          reference = coalesce(\(observation.reference), reference),
          authors = coalesce(\(observation.authors), authors),
          licence = coalesce(\(observation.licence), licence),
          copyright = coalesce(\(observation.copyright), copyright),
          facility = coalesce(\(observation.facility), facility),
          instrument = coalesce(\(observation.instrument), instrument),
          epoch = coalesce(\(observation.epoch), epoch),
          simulated = simulated OR \(simulated)
      WHERE survey_id = \(id)
      """)
  }

  /// How many rows the survey has of each kind.
  public func counts(in database: Connection) throws -> Counts {
    try database.row(
      """
      SELECT
          coalesce(sum(sources), 0)::bigint, coalesce(sum(images), 0)::bigint, (\(labelled))
      FROM reber.source_count
      WHERE survey_id = \(id)
      """, as: Counts.self)
  }

  /// Labelled sources are kept by scheme; those of several schemes, and those with tags, have to be counted.
  private var labelled: SQL {
    """
    SELECT CASE
        WHEN count(*) <= 1 AND NOT EXISTS (
            SELECT FROM reber.class_scheme
            WHERE is_tags AND (
                SELECT true FROM reber.agreed
                WHERE agreed.survey_id = \(id) AND class_id IS NOT NULL
                    AND agreed.class_scheme_id = class_scheme.class_scheme_id
                LIMIT 1
            )
        ) THEN coalesce(max(sources), 0)::bigint
        ELSE (
            SELECT count(DISTINCT source_id) FROM reber.agreed
            WHERE survey_id = \(id) AND class_id IS NOT NULL
        )
    END
    FROM (
        SELECT sum(sources) AS sources FROM reber.label_count
        WHERE survey_id = \(id) AND clustering_id = 0 AND annotator = ''
        GROUP BY class_scheme_id
        HAVING sum(sources) > 0
    ) AS by_scheme
    """
  }

  /// The sizes of a survey.
  ///
  /// Cutouts are the current ones; a source with labels of several annotators counts once.
  public struct Counts: Sendable, Codable {
    /// Rows of the survey's catalogue.
    public var sources: Int

    /// Sources that have an image.
    public var cutouts: Int

    /// Sources that somebody labelled.
    public var labelled: Int

    /// Sources that lack an image; there may be more where images of a former release's sources are counted.
    public var withoutImage: Int { sources - cutouts }
  }
}

extension Survey.Counts: QueryRow {
  public static let columns = Columns<Self>(
    .column("sources", \.sources), .column("cutouts", \.cutouts), .column("labelled", \.labelled),
    make: Survey.Counts.init)
}
