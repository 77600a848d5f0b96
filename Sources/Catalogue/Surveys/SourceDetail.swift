import Astronomy
public import PostgreSQL

/// All that is known of one source.
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
  public var probabilities: [(className: String, classID: Int16, probability: Float)]
  /// The leaf of the newest clustering.
  public var cluster: Int?
  /// Larger is less like anything else.
  public var outlierScore: Float?

  /// An image without its pixels.
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
  }

  /// A label.
  public struct Said: Sendable {
    /// Who.
    public var annotator: String
    /// The class; `nil` where it was withdrawn.
    public var className: String?
    /// When, ISO 8601.
    public var at: String
    /// How.
    public var method: String
    /// A remark.
    public var comment: String?
  }
}

extension Survey {
  /// All that is known of a source.
  ///
  /// - Throws: `CatalogueError.unknownSource`.
  public func detail(
    of name: String, scheme: ClassScheme, work: NewestWork, in database: Connection
  ) throws -> SourceDetail {
    let found = try database.first(
      """
      SELECT source_id, designation, ra, dec, total_flux, peak_flux, rms, major_axis
      FROM reber.source WHERE survey_id = \(id) AND name = \(name)
      """, as: Int.self, String?.self, Double?.self, Double?.self, Double?.self, Double?.self,
      Double?.self, Double?.self)
    guard let (source, designation, ra, dec, total, peak, rms, size) = found else {
      throw CatalogueError.unknownSource(name, survey: self.name)
    }
    let place = try database.first(
      """
      SELECT cluster, outlier_score FROM reber.cluster_member
      WHERE clustering_id = \(work.clustering) AND survey_id = \(id) AND source_id = \(source)
      """, as: Int32.self, Float.self)
    return SourceDetail(
      source: StoredSource(
        id: source, name: name, position: SkyPosition(ra: ra, dec: dec), majorAxis: size),
      designation: designation, totalFlux: total, peakFlux: peak, rms: rms,
      attributes: try attributes(of: source, database), cutout: try image(of: source, database),
      labels: try said(of: source, scheme, database),
      probabilities: try probabilities(of: source, work, database),
      cluster: place.map { Int($0.0) }, outlierScore: place?.1)
  }

  private func attributes(
    of source: Int, _ database: Connection
  ) throws -> [(name: String, value: String)] {
    try database.rows(
      """
      SELECT each.key, coalesce(each.value || coalesce(' ' || column_of.unit, ''), '')
      FROM reber.source, jsonb_each_text(source.attributes) AS each
      LEFT JOIN reber.survey_column AS column_of
          ON column_of.survey_id = \(id) AND column_of.name = each.key
      WHERE source.survey_id = \(id) AND source_id = \(source)
      ORDER BY column_of.ordinal, each.key
      """, as: String.self, String.self
    ).map { (name: $0, value: $1) }
  }

  private func image(of source: Int, _ database: Connection) throws -> SourceDetail.Image? {
    try database.first(
      """
      SELECT cutout_id, width, height, pixel_scale, wcs, off_image, sha256 FROM reber.cutout
      WHERE survey_id = \(id) AND source_id = \(source) AND is_current
      """, as: Int.self, Int32.self, Int32.self, Float?.self, JSON?.self, Float.self, String.self
    ).map {
      SourceDetail.Image(
        cutout: $0, width: Int($1), height: Int($2), pixelScale: $3, wcs: $4, offImage: $5,
        sha256: $6)
    }
  }

  private func said(
    of source: Int, _ scheme: ClassScheme, _ database: Connection
  ) throws -> [SourceDetail.Said] {
    try database.rows(
      """
      SELECT annotator, class.name, to_char(labelled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
          method, comment
      FROM reber.label
      LEFT JOIN reber.class USING (class_scheme_id, class_id)
      WHERE survey_id = \(id) AND source_id = \(source) AND class_scheme_id = \(scheme.id)
      ORDER BY label_id DESC
      """, as: String.self, String?.self, String.self, String.self, String?.self
    ).map { SourceDetail.Said(annotator: $0, className: $1, at: $2, method: $3, comment: $4) }
  }

  /// The newest classification's probabilities of a source, highest first.
  public func probabilities(
    of source: Int, _ work: NewestWork, _ database: Connection
  ) throws -> [(className: String, classID: Int16, probability: Float)] {
    try database.rows(
      """
      SELECT class.name, class.class_id, given.probability
      FROM reber.prediction
      CROSS JOIN unnest(probabilities) WITH ORDINALITY AS given (probability, place)
      JOIN reber.model_class ON model_class.model_id = prediction.model_id
          AND model_class.ordinal = given.place - 1
      JOIN reber.class ON class.class_scheme_id = model_class.class_scheme_id
          AND class.class_id = model_class.class_id
      WHERE run_id = \(work.classification) AND survey_id = \(id) AND source_id = \(source)
      ORDER BY given.probability DESC, class.class_id
      """, as: String.self, Int16.self, Float.self
    ).map { (className: $0, classID: $1, probability: $2) }
  }
}
