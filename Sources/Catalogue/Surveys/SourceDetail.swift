import Astronomy
public import PostgreSQL

/// All that is known of one source.
///
/// Fluxes are in Jy and Jy/beam. What is `nil` is not in the catalogue or was not made yet.
public struct SourceDetail: Sendable {
  /// The row of `reber.source`.
  public var source: StoredSource
  /// IAU-style designation.
  public var designation: String?
  /// Jy.
  public var totalFlux: Double?
  /// Jy/beam.
  public var peakFlux: Double?
  /// Jy/beam.
  public var rms: Double?
  /// The survey's other columns as name and text.
  public var attributes: [(name: String, value: String)]
  /// The current image.
  public var cutout: Image?
  /// What every annotator said, newest first.
  public var labels: [Said]
  /// The newest classification's probabilities, highest first.
  public var probabilities: [ClassProbability]
  /// The leaf of the newest clustering.
  public var cluster: Int?
  /// Larger is less like anything else.
  public var outlierScore: Float?

  /// An image without its pixels.
  ///
  /// A row of `reber.cutout`, the current one of its source.
  public struct Image: Sendable {
    /// The key in `reber.cutout`.
    public var cutout: Int
    /// Pixels across.
    public var width: Int
    /// Pixels up.
    public var height: Int
    /// Arcsec a pixel.
    public var pixelScale: Float?
    /// The WCS keywords.
    public var wcs: JSON?
    /// Share beyond the image's edge.
    public var offImage: Float
    /// SHA-256 of the pixels.
    public var sha256: String
    /// What is to be known of the image: the comments of the columns of `reber.cutout` that say so by
    /// being true.
    public var flags: [String]
  }

  /// A label.
  ///
  /// A row of `reber.label`: an earlier word of an annotator stands beside the one that counts.
  public struct Said: Sendable {
    /// Who.
    public var annotator: String
    /// The class, or a tag or `not` and the tag; `nil` where it was withdrawn.
    public var className: String?
    /// The tag that it is about.
    public var tag: String?
    /// When, ISO 8601.
    public var at: String
    /// How.
    public var method: String
    /// A remark.
    public var comment: String?
  }
}

extension SourceDetail {
  /// All that is known of the source of a survey that is called so now, or was in a former release.
  ///
  /// - Throws: `CatalogueError.unknownSource`.
  public static func of(
    _ name: String, in survey: Survey, scheme: ClassScheme, work: NewestWork,
    in database: Connection
  ) throws -> SourceDetail {
    let found = try database.first(
      """
      SELECT source_id, designation, \(Source.columns)
      FROM reber.source
      WHERE survey_id = \(survey.id)
          AND source_id = reber.source_called(\(Int32(survey.id)), \(name))
      """, as: Int.self, String?.self, Source.self)
    guard let (id, designation, source) = found else {
      throw CatalogueError.unknownSource(name, survey: survey.name)
    }
    let place = try database.first(
      """
      SELECT cluster, outlier_score FROM reber.cluster_member
      WHERE clustering_id = \(work.clustering) AND survey_id = \(survey.id) AND source_id = \(id)
      """, as: Int.self, Float.self)
    return SourceDetail(
      source: StoredSource(
        id: id, name: source.name, position: source.position, majorAxis: source.majorAxis),
      designation: designation, totalFlux: source.totalFlux, peakFlux: source.peakFlux,
      rms: source.rms, attributes: try attributes(of: id, in: survey, database),
      cutout: try Image.of(id, in: survey, database),
      labels: try Said.all(of: id, in: survey, scheme, database),
      probabilities: try ClassProbability.all(of: id, in: survey, work, database),
      cluster: place?.0, outlierScore: place?.1)
  }

  private static func attributes(
    of source: Int, in survey: Survey, _ database: Connection
  ) throws -> [(name: String, value: String)] {
    try database.rows(
      """
      SELECT column_of.name, each.value || coalesce(' ' || column_of.unit, '')
      FROM \(raw: SurveyTable.table(of: survey)) AS own, jsonb_each_text(to_jsonb(own)) AS each
      JOIN reber.survey_column AS column_of
          ON column_of.survey_id = \(survey.id) AND column_of.stored_as = each.key
      WHERE source_id = \(source) AND each.value IS NOT NULL
      ORDER BY column_of.ordinal, column_of.name
      """, as: String.self, String.self
    ).map { (name: $0, value: $1) }
  }
}

extension SourceDetail.Image: QueryRow {
  public static let columns = Columns<Self>(
    .column("cutout_id", \.cutout), .column("width", \.width), .column("height", \.height),
    .column("pixel_scale", \.pixelScale), .column("wcs", \.wcs), .column("off_image", \.offImage),
    .expression("encode(sha256, 'hex')", as: "sha256", \.sha256),
    .expression(flags, as: "flags", \.flags),
    make: SourceDetail.Image.init)

  /// A flag that a migration adds is shown without a word of it here.
  private static let flags = """
    ARRAY(
        SELECT col_description(attrelid, attnum) FROM pg_attribute
        WHERE attrelid = 'reber.cutout'::regclass AND atttypid = 'boolean'::regtype
            AND attname <> 'is_current' AND (to_jsonb(cutout) ->> attname::text)::boolean
            AND col_description(attrelid, attnum) IS NOT NULL
        ORDER BY attnum
    )
    """

  fileprivate static func of(
    _ source: Int, in survey: Survey, _ database: Connection
  ) throws -> SourceDetail.Image? {
    try database.first(
      """
      SELECT \(columns) FROM reber.cutout
      WHERE survey_id = \(survey.id) AND source_id = \(source) AND is_current
      """, as: SourceDetail.Image.self)
  }
}

extension SourceDetail.Said: QueryRow {
  public static let columns = Columns<Self>(
    .column("annotator", \.annotator),
    .expression(
      "CASE WHEN denies THEN 'not ' ELSE '' END || class.name", as: "class_name", \.className),
    .column("about.name", \.tag),
    .expression(
      "to_char(labelled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')", as: "labelled_at", \.at),
    .column("method", \.method), .column("comment", \.comment), make: SourceDetail.Said.init)

  fileprivate static func all(
    of source: Int, in survey: Survey, _ scheme: ClassScheme, _ database: Connection
  ) throws -> [SourceDetail.Said] {
    try database.rows(
      """
      SELECT \(columns)
      FROM reber.label
      LEFT JOIN reber.class USING (class_scheme_id, class_id)
      LEFT JOIN reber.class AS about
          ON about.class_scheme_id = label.class_scheme_id AND about.class_id = label.tag
      WHERE survey_id = \(survey.id) AND source_id = \(source) AND label.class_scheme_id = \(scheme.id)
      ORDER BY label_id DESC
      """, as: SourceDetail.Said.self)
  }
}

/// A class and the probability that a source is of it.
public struct ClassProbability: Sendable {
  /// The class's name.
  public var className: String
  /// The class.
  public var classID: Int16
  /// 0 to 1.
  public var probability: Float
}

extension ClassProbability: QueryRow {
  public static let columns = Columns<Self>(
    .column("class.name", \.className), .column("class.class_id", \.classID),
    .column("given.probability", \.probability), make: ClassProbability.init)

  /// The newest classification's probabilities of a source, highest first.
  ///
  /// None where the survey, or the source, was not classified.
  static func all(
    of source: Int, in survey: Survey, _ work: NewestWork, _ database: Connection
  ) throws -> [ClassProbability] {
    try database.rows(
      """
      SELECT \(columns)
      FROM reber.prediction
      CROSS JOIN unnest(probabilities) WITH ORDINALITY AS given (probability, place)
      JOIN reber.model_class ON model_class.model_id = prediction.model_id
          AND model_class.ordinal = given.place - 1
      JOIN reber.class ON class.class_scheme_id = model_class.class_scheme_id
          AND class.class_id = model_class.class_id
      WHERE run_id = \(work.classification) AND survey_id = \(survey.id)
          AND source_id = \(source)
      ORDER BY given.probability DESC, class.class_id
      """, as: ClassProbability.self)
  }
}
