public import PostgreSQL

/// How bright and how large a classified source is.
public struct SourceMeasure: Sendable {
  /// The source.
  public var source: Int

  /// Its peak brightness in units of the local noise, by the survey's catalogue; `nil` where that does not
  /// tell both.
  public var signalToNoise: Double?

  /// Its size in arcsec: the diameter of the circle that holds it on the image it was classified by or, where
  /// that was not measured, the largest size in the catalogue.
  public var size: Double?
}

extension SourceMeasure: QueryRow {
  public static let columns = Columns<Self>(
    .column("source_id", \.source),
    .expression(
      "CASE WHEN peak_flux > 0 AND rms > 0 THEN peak_flux::float8 / rms END", as: "signal_to_noise",
      \.signalToNoise),
    .expression(
      "coalesce(source_extent::float8 * coalesce(cutout.pixel_scale, survey.pixel_scale), major_axis)",
      as: "size", \.size),
    make: SourceMeasure.init)

  /// How bright and how large some sources of a survey are that a run classified, by their keys.
  public static func some(
    _ sources: [Int], of survey: Survey, classification: Int, in database: Connection
  ) throws -> [Int: SourceMeasure] {
    let found = try database.rows(
      """
      SELECT \(columns)
      FROM reber.prediction
      JOIN reber.source USING (survey_id, source_id)
      JOIN reber.cutout USING (survey_id, source_id, cutout_id)
      JOIN reber.survey USING (survey_id)
      WHERE prediction.run_id = \(classification) AND survey_id = \(survey.id)
          AND source_id = ANY (\(sources))
      """, as: SourceMeasure.self)
    return Dictionary(found.map { ($0.source, $0) }, uniquingKeysWith: { $1 })
  }
}
