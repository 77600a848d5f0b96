public import Astronomy
public import PostgreSQL

/// A cutout of an image that has a sky, without its pixels.
public struct PlacedCutout: Sendable {
  /// The key in `reber.cutout`.
  public var id: Int

  /// The name of the source that it shows.
  public var source: String

  /// Columns of pixels.
  public var width: Int

  /// Rows of pixels.
  public var height: Int

  /// The celestial WCS keywords by name, and BUNIT, BMAJ, BMIN and BPA where the image tells them.
  public var keywords: [String: Value]
}

extension PlacedCutout: QueryRow {
  public static let columns = Columns<Self>(
    .reading("cutout_id"), .reading("name"), .reading("width"), .reading("height"), .reading("wcs")
  ) { (id: Int, source: String, width: Int, height: Int, wcs: JSON) in
    PlacedCutout(
      id: id, source: source, width: width, height: height,
      keywords: try wcs.decode(as: [String: Value].self))
  }

  /// The cutout of a survey with a key, be it current or not; `nil` where it has no sky or there is none.
  public static func numbered(
    _ number: Int, of survey: Survey, in database: Connection
  ) throws -> PlacedCutout? {
    try database.first(
      """
      SELECT \(columns)
      FROM reber.cutout
      JOIN reber.source USING (survey_id, source_id)
      WHERE survey_id = \(survey.id) AND cutout_id = \(number) AND wcs IS NOT NULL
      """, as: PlacedCutout.self)
  }

  /// The current cutouts of a survey's sources within a circle, of the nearest source first; at most `count`.
  public static func near(
    _ circle: SourceFilter.Cone, of survey: Survey, count: Int, in database: Connection
  ) throws -> [PlacedCutout] {
    let (ra, dec) = (circle.centre.ra, circle.centre.dec)
    return try database.rows(
      """
      SELECT \(columns)
      FROM reber.source
      JOIN reber.cutout USING (survey_id, source_id)
      WHERE survey_id = \(survey.id) AND is_current AND wcs IS NOT NULL
          AND \(circle.conditions.joined(separator: " AND "))
      ORDER BY reber.separation(\(ra), \(dec), source.ra, source.dec)
      LIMIT \(count)
      """, as: PlacedCutout.self)
  }
}
