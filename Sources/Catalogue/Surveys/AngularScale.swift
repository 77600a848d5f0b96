public import PostgreSQL

/// How much sky images show: those of a survey, or those that a model learned from.
///
/// Angles are in arcsec, and `nil` where no image's pixel scale, or no beam, is known.
public struct AngularScale: Codable, Sendable, Equatable {
  /// Images.
  public var images: Int

  /// Images whose pixel scale is known.
  public var known: Int

  /// The median of arcsec a pixel.
  public var pixelScale: Double?

  /// The median of the images' shorter sides, arcsec.
  public var field: Double?

  /// Nine images in ten show at least this much, arcsec.
  public var narrowField: Double?

  /// Nine images in ten show at most this much, arcsec.
  public var wideField: Double?

  /// The median beam of their surveys (FWHM, the geometric mean of its axes), arcsec.
  public var beam: Double?

  /// Wraps what is known of images that all show the same field.
  public init(images: Int, known: Int, pixelScale: Double?, field: Double?, beam: Double? = nil) {
    self.images = images
    self.known = known
    self.pixelScale = pixelScale
    self.field = field
    narrowField = field
    wideField = field
    self.beam = beam
  }

  /// The scale of what a training run has learned from.
  public static func learned(by run: Int, in database: Connection) throws -> AngularScale {
    try read(
      """
      FROM reber.training_source AS item
      JOIN reber.cutout USING (survey_id, cutout_id)
      JOIN reber.survey ON survey.survey_id = item.survey_id
      WHERE item.run_id = \(run)
      """, in: database)
  }

  /// The figures of the images that the clauses from FROM on choose.
  fileprivate static func read(_ clauses: SQL, in database: Connection) throws -> AngularScale {
    try database.row(
      """
      SELECT \(columns)
      FROM (
          SELECT coalesce(cutout.pixel_scale, survey.pixel_scale)::float8 AS pixel_scale,
              coalesce(cutout.pixel_scale, survey.pixel_scale)::float8
                  * least(cutout.width, cutout.height) AS field,
              sqrt(beam_major::float8 * coalesce(beam_minor, beam_major)) AS beam
          \(clauses)
      ) AS shown
      """, as: AngularScale.self)
  }
}

extension AngularScale: QueryRow {
  public static let columns = Columns<Self>(
    .expression("count(*)", as: "images", \.images),
    .expression("count(shown.pixel_scale)", as: "known", \.known),
    share(0.5, of: "pixel_scale", \.pixelScale), share(0.5, of: "field", \.field),
    share(0.1, of: "field", \.narrowField), share(0.9, of: "field", \.wideField),
    share(0.5, of: "beam", \.beam)
  ) { images, known, pixelScale, field, narrow, wide, beam in
    var scale = AngularScale(
      images: images, known: known, pixelScale: pixelScale, field: field, beam: beam)
    scale.narrowField = narrow
    scale.wideField = wide
    return scale
  }

  /// The value that a part of the images is at most at.
  private static func share(
    _ part: Double, of column: String, _ member: @escaping @Sendable (Self) -> Double?
  ) -> RowColumn<Self, Double?> {
    .expression(
      "percentile_disc(\(part)) WITHIN GROUP (ORDER BY shown.\(column))", as: column, member)
  }
}

extension AngularScale {
  /// The scale of a survey's current images.
  public static func shown(by survey: Survey, in database: Connection) throws -> AngularScale {
    try read(
      """
      FROM reber.cutout
      JOIN reber.survey USING (survey_id)
      WHERE cutout.survey_id = \(survey.id) AND cutout.is_current
      """, in: database)
  }
}

extension Survey.Observation {
  /// The beam (FWHM, the geometric mean of its axes), arcsec.
  public var beam: Double? {
    beamMajor.map { (Double($0) * Double(beamMinor ?? $0)).squareRoot() }
  }
}

extension Model {
  /// Whether images of the survey taught the model.
  ///
  /// What the model's encoder learned from before does not count.
  public func learned(from survey: Survey, in database: Connection) throws -> Bool {
    try database.row(
      """
      SELECT EXISTS (
          SELECT FROM reber.training_source WHERE run_id = \(run) AND survey_id = \(survey.id)
      )
      """, as: Bool.self)
  }
}
