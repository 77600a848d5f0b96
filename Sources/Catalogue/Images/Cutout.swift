public import Astronomy
import Digest
public import PostgreSQL

/// The image of a source, on its way into the database.
///
/// It becomes a row of `reber.cutout`, and its pixels one of `reber.cutout_pixels`.
public struct Cutout: Sendable {
  /// The source it shows.
  public var source: Int

  /// The pixels as the image holds them.
  public var pixels: ImagePixels

  /// Arcsec a pixel, where it is known.
  public var pixelScale: Float?

  /// Diameter about the middle that holds the source, pixels; `nil` where nothing is seen of it.
  public var sourceExtent: Float?

  /// The celestial WCS keywords, where there are any.
  public var wcs: JSON?

  /// SHA-256 of the pixels' bytes.
  public var sha256: String

  /// SHA-256 of the image file.
  public var imageSHA256: String

  /// Describes a cutout.
  ///
  /// Both digests are SHA-256 in hexadecimal.
  public init(
    source: Int, pixels: ImagePixels, pixelScale: Float?, sourceExtent: Float? = nil, wcs: JSON?,
    sha256: String, imageSHA256: String
  ) {
    self.source = source
    self.pixels = pixels
    self.pixelScale = pixelScale
    self.sourceExtent = sourceExtent
    self.wcs = wcs
    self.sha256 = sha256
    self.imageSHA256 = imageSHA256
  }
}

extension Cutout {
  /// What `reber.cutout` holds of it, besides its key.
  static let columns = Columns<Self>(
    writing: .column("source_id", \.source), .column("width", \.pixels.width),
    .column("height", \.pixels.height), .column("bitpix", \.pixels.type.rawValue),
    .column("pixel_scale", \.pixelScale), .column("source_extent", \.sourceExtent),
    .column("wcs", \.wcs), .column("sha256", { @Sendable in SHA256(hex: $0.sha256)?.bytes }),
    .column("image_sha256", { @Sendable in SHA256(hex: $0.imageSHA256)?.bytes }),
    .column("off_image", \.pixels.offImage), .column("non_finite", \.pixels.nonFinite))
}

/// A cutout as it comes out of the database.
///
/// The values are `width × height` in single precision, row by row from the bottom; what the image does
/// not show is NaN. The pixel scale is that of the survey where the image tells none, in arcsec.
public struct StoredCutout: Sendable {
  /// The key in `reber.cutout`.
  public var id: Int

  /// The source it shows.
  public var source: Int

  /// Columns of pixels.
  public var width: Int

  /// Rows of pixels.
  public var height: Int

  /// Arcsec a pixel, by the image or else its survey, where it is known.
  public var pixelScale: Float?

  /// Diameter about the middle that holds the source, pixels, where it is known.
  public var sourceExtent: Float?

  /// The celestial WCS keywords by name; `nil` where the image has no sky.
  public var wcs: JSON?

  /// Row by row from the bottom, in the image's own unit.
  public var values: [Float]
}

extension Cutout {
  /// Makes the newest cutout of each source of a survey's newest release current that has no current one.
  static func makeNewestCurrent(of survey: Survey, in database: Connection) throws {
    try database.execute(
      """
      UPDATE reber.cutout SET is_current = true
      FROM (
          SELECT max(cutout_id) AS cutout_id FROM reber.cutout
          WHERE survey_id = \(survey.id)
          GROUP BY source_id
          HAVING NOT bool_or(is_current)
      ) AS newest
      JOIN reber.cutout AS found ON found.survey_id = \(survey.id) AND found.cutout_id = newest.cutout_id
      JOIN reber.source ON source.survey_id = \(survey.id)
          AND source.source_id = found.source_id AND source.is_listed
      WHERE cutout.survey_id = \(survey.id) AND cutout.cutout_id = newest.cutout_id
      """)
  }

  /// What is known of the current cutout of a source.
  public struct Known: Sendable {
    /// The digests of the pixels and of the image file, in hexadecimal.
    public var pixels, image: String
    /// Arcsec a pixel.
    public var pixelScale: Float?
    /// Whether it is known how large the source is on it.
    public var isMeasured: Bool
  }

  /// What is known of a survey's current cutouts, by source.
  public static func known(of survey: Survey, in database: Connection) throws -> [Int: Known] {
    let rows = try database.rows(
      """
      SELECT source_id, encode(sha256, 'hex'), encode(image_sha256, 'hex'), pixel_scale,
          source_extent IS NOT NULL
      FROM reber.cutout
      WHERE survey_id = \(survey.id) AND is_current
      """, as: Int.self, String.self, String.self, Float?.self, Bool.self)
    return Dictionary(
      uniqueKeysWithValues: rows.map {
        ($0, Known(pixels: $1, image: $2, pixelScale: $3, isMeasured: $4))
      })
  }

  /// Of the runs that came after one and ingested its images, or those of runs before it, once more, or what stands under
  /// their names now, the first that put other cutouts in the place of those that were current for that run.
  ///
  /// New images of the same sources are no reason to come back to these.
  public static func changer(
    after run: Int, of survey: Survey, in database: Connection
  ) throws -> Int? {
    let later = try database.rows(
      """
      SELECT DISTINCT later.run_id
      FROM reber.run_input AS own
      JOIN reber.run_input AS later ON later.name = own.name AND later.role = own.role
      JOIN reber.run ON run.run_id = later.run_id AND stage = 'ingest'
      WHERE own.run_id <= \(run) AND own.role = 'image' AND later.run_id > \(run)
      """, as: Int.self)
    guard !later.isEmpty else { return nil }
    return try database.row(
      """
      SELECT min(newer.run_id)
      FROM reber.cutout AS newer
      JOIN reber.cutout AS older
          ON older.survey_id = newer.survey_id AND older.source_id = newer.source_id
          AND older.run_id < newer.run_id
      WHERE newer.survey_id = \(survey.id) AND newer.run_id = ANY (\(later)) AND newer.is_current
          AND (
              older.run_id = \(run)
              OR older.run_id < \(run) AND (
                  SELECT coalesce(metrics ->> 'unchanged', '0') <> '0'
                  FROM reber.run WHERE run.run_id = \(run)
              )
          )
      """, as: Int?.self)
  }

  /// Tells the planner of a survey's cutouts, when they have been written.
  public static func analyse(_ survey: Survey, in database: Connection) throws {
    let partition = Partition(whole: "reber.cutout", key: survey.id)
    if try partition.isAttached(in: database) { try partition.analyse(in: database) }
  }

  /// Fills in how large sources are on their current cutouts, where that is not known yet: pixels, by
  /// source.
  public static func fill(
    extents: [Int: Float], of survey: Survey, in database: Connection
  ) throws {
    guard !extents.isEmpty else { return }
    try database.execute(
      """
      UPDATE reber.cutout SET source_extent = measured.extent
      FROM unnest(\(Array(extents.keys)), \(Array(extents.values))) AS measured (source_id, extent)
      WHERE cutout.survey_id = \(survey.id) AND is_current AND source_extent IS NULL
          AND cutout.source_id = measured.source_id
      """)
  }

  /// The sources of a survey whose current cutouts a run has written.
  ///
  /// What an interrupted run need not do again.
  public static func sources(
    of survey: Survey, writtenBy run: Int, in database: Connection
  ) throws -> Set<Int> {
    Set(
      try database.rows(
        """
        SELECT source_id FROM reber.cutout
        WHERE survey_id = \(survey.id) AND run_id = \(run) AND is_current
        """, as: Int.self))
  }

  /// The number of a survey's current cutouts that reach beyond their image's edge.
  ///
  /// Their pixels beyond it are NaN.
  public static func countAtEdge(of survey: Survey, in database: Connection) throws -> Int {
    try database.row(
      """
      SELECT count(*) FROM reber.cutout WHERE survey_id = \(survey.id) AND is_current AND at_edge
      """, as: Int.self)
  }

  /// A survey's current cutouts as an input of a run: their number and a digest of them all.
  ///
  /// - Throws: `CatalogueError.missing` where there are none.
  public static func input(of survey: Survey, in database: Connection) throws -> Work.Input {
    let (rows, digest) = try database.row(
      """
      SELECT count(*),
          encode(
              sha256(coalesce(string_agg(sha256, '' ORDER BY source_id), '')),
              'hex'
          )
      FROM reber.cutout
      WHERE survey_id = \(survey.id) AND is_current
      """, as: Int.self, String.self)
    guard rows > 0 else {
      throw CatalogueError.missing(
        "image in survey '\(survey.name)'", hint: "add some with 'reber ingest --images'")
    }
    return Work.Input(role: "cutouts", name: survey.name, sha256: digest, rows: rows)
  }

  /// The runs that wrote a survey's current cutouts.
  ///
  /// They are what a run that reads those cutouts rests on, with the role `cutouts`.
  public static func runs(of survey: Survey, in database: Connection) throws -> [Work.Parent] {
    try database.rows(
      "SELECT DISTINCT run_id FROM reber.cutout WHERE survey_id = \(survey.id) AND is_current",
      as: Int.self
    ).map { Work.Parent(run: $0, role: "cutouts") }
  }

}

/// Which of a survey's current cutouts a stage works on.
///
/// What was done already is left out where a run goes on.
public enum CutoutSelection: Sendable {
  /// All of them.
  case all
  /// Those of some sources.
  case sources([Int])
  /// Those that are one rank's, by its number, where so many ranks divide them.
  case share(Int, of: Int)
  /// Those that a model has not embedded.
  case notEmbedded(by: Model)
  /// Those that a classification run has not classified.
  case notClassified(in: Int)

  /// On rows of `cutout` of a survey.
  func condition(in survey: Survey) -> SQL {
    switch self {
    case .all: "true"
    case .sources(let sources): "source_id = ANY (\(sources))"
    case .share(let rank, let ranks): "source_id % \(ranks) = \(rank)"
    case .notEmbedded(let model):
      """
      NOT EXISTS (
          SELECT FROM \(raw: Partition.embeddings(of: survey, by: model.id).table) AS done
          WHERE done.survey_id = cutout.survey_id AND done.cutout_id = cutout.cutout_id
      )
      """
    case .notClassified(let run):
      """
      NOT EXISTS (
          SELECT FROM \(raw: Partition.predictions(of: run).table) AS done
          WHERE done.survey_id = cutout.survey_id AND done.source_id = cutout.source_id
      )
      """
    }
  }
}

extension StoredCutout {
  /// A survey's next current cutouts in the order of their sources: at most `count` of those that
  /// are selected, of sources after `source`.
  public static func next(
    _ count: Int, of survey: Survey, after source: Int, _ selection: CutoutSelection = .all,
    in database: Connection
  ) throws -> [StoredCutout] {
    try database.rows(
      """
      SELECT \(columns)
      FROM reber.cutout
      JOIN reber.cutout_pixels USING (survey_id, cutout_id)
      WHERE survey_id = \(survey.id) AND is_current AND source_id > \(source)
          AND \(selection.condition(in: survey))
      ORDER BY source_id
      LIMIT \(count)
      """, as: StoredCutout.self)
  }

  /// A survey's current cutouts of a piece that are selected, in the order of their sources.
  public static func all(
    of piece: Piece, in survey: Survey, _ selection: CutoutSelection, from database: Connection
  ) throws -> [StoredCutout] {
    try database.rows(
      """
      SELECT \(columns)
      FROM reber.cutout
      JOIN reber.cutout_pixels USING (survey_id, cutout_id)
      WHERE survey_id = \(survey.id) AND is_current AND \(selection.condition(in: survey))
          AND source_id BETWEEN \(piece.keys.lowerBound) AND \(piece.keys.upperBound)
      ORDER BY source_id
      """, as: StoredCutout.self)
  }

  /// Cutouts of a survey by their keys, in the order of the keys; one that is not there is left out.
  ///
  /// A key of another survey's cutout counts as not there.
  public static func some(
    _ keys: [Int], of survey: Survey, in database: Connection
  ) throws -> [StoredCutout] {
    try database.rows(
      """
      SELECT \(columns)
      FROM unnest(\(keys)) WITH ORDINALITY AS listed (cutout_id, place)
      JOIN reber.cutout USING (cutout_id)
      JOIN reber.cutout_pixels USING (survey_id, cutout_id)
      WHERE survey_id = \(survey.id)
      ORDER BY place
      """, as: StoredCutout.self)
  }
}

extension StoredCutout {
  /// Cutouts of surveys by their keys, in the order asked for, by binary COPY.
  ///
  /// - Throws: `CatalogueError.missing` for a key that is not there.
  public static func read(
    _ ids: [Int], of surveys: [Survey], in database: Connection
  ) throws -> [StoredCutout] {
    var found: [Int: StoredCutout] = [:]
    try database.copy(
      outOf: """
        SELECT \(StoredCutout.columns)
        FROM reber.cutout
        JOIN reber.cutout_pixels USING (survey_id, cutout_id)
        WHERE survey_id IN (\(raw: surveys.map { "\($0.id)" }.joined(separator: ",")))
            AND cutout_id = ANY ('{\(raw: ids.map(String.init).joined(separator: ","))}')
        """, as: StoredCutout.self
    ) { found[$0.id] = $0 }
    return try ids.map { id in
      guard let cutout = found[id] else {
        throw CatalogueError.missing("cutout \(id) any more", hint: "start the run again")
      }
      return cutout
    }
  }
}

extension StoredCutout: QueryRow {
  /// A cutout without a pixel scale has its survey's.
  public static let columns = Columns<Self>(
    .reading("cutout_id"), .reading("source_id"), .reading("width"), .reading("height"),
    .reading("bitpix"),
    .reading(
      """
      coalesce(
          cutout.pixel_scale,
          (SELECT survey.pixel_scale FROM reber.survey WHERE survey.survey_id = cutout.survey_id)
      )
      """, as: "pixel_scale"),
    .reading("source_extent"), .reading("wcs"), .reading("pixels")
  ) { id, source, width, height, bitpix, pixelScale, extent, wcs, pixels in
    guard let type = PixelType(rawValue: bitpix) else {
      throw CatalogueError.missing("pixel type \(bitpix)", hint: "FITS has 8, 16, 32, -32, -64")
    }
    return StoredCutout(
      id: id, source: source, width: width, height: height, pixelScale: pixelScale,
      sourceExtent: extent, wcs: wcs, values: type.floats(of: pixels))
  }
}
