public import PostgreSQL

/// Where an image by which a source was classified lies on the sky.
public struct Footprint: Sendable {
  /// The size in pixels.
  public var width, height: Int
  /// The celestial WCS keywords, where the image has any.
  public var wcs: JSON?
  /// Arcsec a pixel, by the image or else its survey, where it is known.
  public var pixelScale: Float?
  /// The source's position, where it has one.
  public var ra, dec: Double?
}

extension Footprint: QueryRow {
  public static let columns = Columns<Self>(
    .column("cutout.width", \.width), .column("cutout.height", \.height),
    .column("cutout.wcs", \.wcs),
    .expression(
      "coalesce(cutout.pixel_scale, survey.pixel_scale)", as: "pixel_scale", \.pixelScale),
    .column("source.ra", \.ra), .column("source.dec", \.dec), make: Footprint.init)
}

extension PublishedCatalogue {
  /// Predictions beside their sources that stand in the catalogue; which classification it was is to be said.
  var classified: SQL {
    """
    reber.prediction
    JOIN \(sources) AS source USING (survey_id, source_id)
    JOIN (SELECT name FROM catalogue.\(identifier: name)) AS published ON published.name = source.name
    """
  }

  /// The sources of the survey as they were called when the catalogue was published.
  ///
  /// The name of a catalogue has letters, digits and underscores alone.
  var sources: SQL { "reber.published_source('\(raw: name)')" }
}
