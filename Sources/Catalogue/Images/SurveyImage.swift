import Digest
public import PostgreSQL

/// An image file of a survey, and what its header says of it.
///
/// It becomes a row of `reber.image`; cutouts point to it by its digest.
public struct SurveyImage: Sendable {
  /// SHA-256 of the file, in hexadecimal.
  public var sha256: String

  /// Where the file was read.
  public var file: String?

  /// The size of the file.
  public var bytes: Int?

  /// Columns and rows of pixels.
  public var width, height: Int?

  /// Arcsec a pixel, where the header says it.
  public var pixelScale: Float?

  /// The unit of the pixels, as the file spells it.
  public var unit: String?

  /// The restoring beam: its axes (FWHM) in arcsec, its angle in degrees east of north.
  public var beamMajor, beamMinor, beamAngle: Float?

  /// Hz.
  public var frequency: Double?

  /// Julian year of the observation.
  public var epoch: Double?

  /// Right ascension and declination (ICRS, degrees) of the four corners in turn.
  public var footprint: [Double]?

  /// The celestial WCS keywords.
  public var wcs: JSON?

  /// An image of which nothing is known but its digest.
  public init(sha256: String) { self.sha256 = sha256 }
}

extension SurveyImage: TableRow {
  public static let table = "reber.image"
  public static let columns = Columns<Self>(
    writing: .column("sha256", { @Sendable in SHA256(hex: $0.sha256)?.bytes }),
    .group({ @Sendable in $0 }, facts))

  /// What is known of it.
  private static let facts = Columns<Self>(
    writing: .column("file", \.file), .column("bytes", \.bytes), .column("width", \.width),
    .column("height", \.height), .column("pixel_scale", \.pixelScale), .column("unit", \.unit),
    .column("beam_major", \.beamMajor), .column("beam_minor", \.beamMinor),
    .column("beam_angle", \.beamAngle), .column("frequency_hz", \.frequency),
    .column("epoch", \.epoch), .column("footprint", \.footprint), .column("wcs", \.wcs))

  /// The celestial keywords of a survey's images, by digest in hexadecimal.
  public static func skies(of survey: Survey, in database: Connection) throws -> [String: JSON] {
    try database.table(
      """
      SELECT encode(sha256, 'hex'), wcs FROM reber.image
      WHERE survey_id = \(survey.id) AND wcs IS NOT NULL
      """, by: String.self, JSON.self)
  }

  private static let waiting = WaitingTable(like: table)

  /// Adds images of a survey; of one that is there, what was not known of it yet.
  ///
  /// - Throws: `PostgresError`; nothing is changed then.
  public static func add(
    _ images: [SurveyImage], to survey: Survey, in database: Connection
  ) throws {
    guard !images.isEmpty else { return }
    try waiting.empty(in: database)
    try database.copy(images, into: waiting.name, with: ["survey_id": survey.id])
    // Images that are known are not touched: writing to one would wait for who adds cutouts of it. Others come in
    // one order, so that two who add the same never wait for each other in turns.
    try database.execute(
      """
      INSERT INTO reber.image (survey_id, \(columns))
      SELECT DISTINCT ON (sha256) survey_id, \(columns)
      FROM \(raw: waiting.name) AS new
      WHERE NOT EXISTS (
          SELECT FROM reber.image
          WHERE image.survey_id = new.survey_id AND image.sha256 = new.sha256
              AND (image.width IS NOT NULL OR new.width IS NULL)
      )
      ORDER BY sha256, file
      ON CONFLICT (survey_id, sha256) DO UPDATE
      SET (\(facts)) = (\(facts, of: "excluded"))
      WHERE image.width IS NULL AND excluded.width IS NOT NULL
      """)
  }

  /// Those of a survey that no cutout is of, as a condition on rows of `reber.image`.
  static func unused(of survey: Survey) -> SQL {
    """
    survey_id = \(survey.id) AND NOT EXISTS (
        SELECT FROM reber.cutout
        WHERE cutout.survey_id = image.survey_id AND cutout.image_sha256 = image.sha256
    )
    """
  }
}
