public import PostgreSQL

/// How large sources are on the current images of surveys.
///
/// Angles are in arcsec; of images whose pixel scale is not known, in pixels.
public struct SourceSizes: Sendable, Equatable {
  /// Images.
  public var images: Int

  /// Images on which the source's extent is known.
  public var measured: Int

  /// One source in ten is at most this large; `nil` where no extent is known.
  public var small: Double?

  /// The median extent.
  public var median: Double?

  /// One source in ten is at least this large.
  public var large: Double?

  /// The median of the images' shorter sides.
  public var field: Double?

  /// The sizes of the sources of surveys, together.
  public static func shown(
    by surveys: [Survey], in database: Connection
  ) throws -> SourceSizes {
    try database.row(
      """
      SELECT \(columns)
      FROM (
          SELECT source_extent::float8 * scale AS extent, least(width, height) * scale AS field
          FROM reber.cutout
          JOIN reber.survey USING (survey_id),
              coalesce(cutout.pixel_scale::float8, survey.pixel_scale, 1) AS scale
          WHERE survey_id = ANY (\(surveys.map(\.id))) AND is_current
      ) AS shown
      """, as: SourceSizes.self)
  }
}

extension SourceSizes: QueryRow {
  public static let columns = Columns<Self>(
    .expression("count(*)", as: "images", \.images),
    .expression("count(extent)", as: "measured", \.measured),
    share(0.1, of: "extent", as: "small", \.small),
    share(0.5, of: "extent", as: "median", \.median),
    share(0.9, of: "extent", as: "large", \.large),
    share(0.5, of: "field", as: "field", \.field), make: SourceSizes.init)

  private static func share(
    _ part: Double, of column: String, as name: String,
    _ member: @escaping @Sendable (Self) -> Double?
  ) -> RowColumn<Self, Double?> {
    .expression("percentile_disc(\(part)) WITHIN GROUP (ORDER BY \(column))", as: name, member)
  }
}
