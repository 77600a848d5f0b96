public import PostgreSQL

/// The image of a source, on its way into the database.
public struct Cutout: Sendable {
  /// The source it shows.
  public var source: Int

  /// Columns of pixels.
  public var width: Int

  /// Rows of pixels.
  public var height: Int

  /// The pixels' type as FITS names it: 8, 16, 32, −32 or −64.
  public var bitpix: Int

  /// Arcsec a pixel, where it is known.
  public var pixelScale: Float?

  /// The celestial WCS keywords, where there are any.
  public var wcs: JSON?

  /// SHA-256 of `pixels`.
  public var sha256: String

  /// SHA-256 of the image file.
  public var imageSHA256: String

  /// Share of the pixels beyond the image's edge, 0 to 1.
  public var offImage: Float

  /// Share of the pixels that are not finite, padding included, 0 to 1.
  public var nonFinite: Float

  /// Little-endian values of the type `bitpix`, row by row from the bottom.
  public var pixels: [UInt8]

  /// Describes a cutout.
  public init(
    source: Int, width: Int, height: Int, bitpix: Int, pixelScale: Float?, wcs: JSON?,
    sha256: String, imageSHA256: String, offImage: Float, nonFinite: Float, pixels: [UInt8]
  ) {
    self.source = source
    self.width = width
    self.height = height
    self.bitpix = bitpix
    self.pixelScale = pixelScale
    self.wcs = wcs
    self.sha256 = sha256
    self.imageSHA256 = imageSHA256
    self.offImage = offImage
    self.nonFinite = nonFinite
    self.pixels = pixels
  }
}

/// A cutout as it comes out of the database.
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

  /// Row by row from the bottom, in the image's own unit.
  public var values: [Float]
}

extension Survey {
  /// Adds cutouts and makes them their sources' current ones, in one transaction.
  public func write(_ cutouts: [Cutout], run: Int, in database: Connection) throws {
    guard !cutouts.isEmpty else { return }
    try database.transaction { database in
      _ = try database.execute(
        """
        UPDATE reber.cutout SET is_current = false
        WHERE survey_id = \(id) AND is_current AND source_id = ANY (\(cutouts.map { Int64($0.source) }))
        """)
      let keys = try database.rows(
        """
        SELECT nextval(pg_get_serial_sequence('reber.cutout', 'cutout_id'))
        FROM generate_series(1, \(cutouts.count))
        """, as: Int.self)
      try copy(cutouts, keys: keys, run: run, in: database)
    }
  }

  private func copy(
    _ cutouts: [Cutout], keys: [Int], run: Int, in database: Connection
  ) throws {
    try database.copy(
      into: "reber.cutout",
      columns: [
        "cutout_id", "survey_id", "source_id", "width", "height", "bitpix", "pixel_scale", "wcs",
        "sha256", "image_sha256", "off_image", "non_finite", "run_id",
      ]
    ) { rows in
      for (key, cutout) in zip(keys, cutouts) {
        try rows.row(
          key, id, cutout.source, Int32(cutout.width), Int32(cutout.height), Int16(cutout.bitpix),
          cutout.pixelScale, cutout.wcs, cutout.sha256, cutout.imageSHA256, cutout.offImage,
          cutout.nonFinite, run)
      }
    }
    try database.copy(into: "reber.cutout_pixels", columns: ["cutout_id", "pixels"]) { rows in
      for (key, cutout) in zip(keys, cutouts) { try rows.row(key, cutout.pixels) }
    }
  }

  /// The digests of the current cutouts, by source: of the pixels and of the image file.
  public func cutoutDigests(
    in database: Connection
  ) throws -> [Int: (pixels: String, image: String)] {
    let rows = try database.rows(
      """
      SELECT source_id, sha256, image_sha256 FROM reber.cutout
      WHERE survey_id = \(id) AND is_current
      """, as: Int.self, String.self, String.self)
    return Dictionary(uniqueKeysWithValues: rows.map { ($0, (pixels: $1, image: $2)) })
  }

  /// The sources whose current cutouts a run has written.
  public func cutouts(writtenBy run: Int, in database: Connection) throws -> Set<Int> {
    Set(
      try database.rows(
        """
        SELECT source_id FROM reber.cutout
        WHERE survey_id = \(id) AND run_id = \(run) AND is_current
        """, as: Int.self))
  }

  /// The number of current cutouts that reach beyond their image's edge.
  public func cutoutsAtEdge(in database: Connection) throws -> Int {
    try database.row(
      """
      SELECT count(*) FROM reber.cutout WHERE survey_id = \(id) AND is_current AND at_edge
      """, as: Int.self)
  }

  /// The survey's current cutouts as an input of a run: their number and a digest of them all.
  ///
  /// - Throws: `CatalogueError.missing` where there are none.
  public func cutoutInput(in database: Connection) throws -> Work.Input {
    let (rows, digest) = try database.row(
      """
      SELECT count(*),
          encode(
              sha256(coalesce(string_agg(decode(sha256, 'hex'), '' ORDER BY source_id), '')),
              'hex'
          )
      FROM reber.cutout
      WHERE survey_id = \(id) AND is_current
      """, as: Int.self, String.self)
    guard rows > 0 else {
      throw CatalogueError.missing(
        "image in survey '\(name)'", hint: "add some with 'reber ingest --images'")
    }
    return Work.Input(role: "cutouts", name: name, sha256: digest, rows: rows)
  }

  /// The runs that wrote the survey's current cutouts.
  public func cutoutRuns(in database: Connection) throws -> [Work.Parent] {
    try database.rows(
      "SELECT DISTINCT run_id FROM reber.cutout WHERE survey_id = \(id) AND is_current",
      as: Int.self
    ).map { Work.Parent(run: $0, role: "cutouts") }
  }

  /// The next current cutouts in the order of their sources.
  ///
  /// At most `count` cutouts of sources after `source` are given, of the rows of `reber.cutout` that
  /// `condition` chooses.
  public func cutouts(
    after source: Int, count: Int, where condition: SQL = "true", in database: Connection
  ) throws -> [StoredCutout] {
    try StoredCutout.rows(
      """
      FROM reber.cutout
      JOIN reber.cutout_pixels USING (cutout_id)
      WHERE survey_id = \(id) AND is_current AND source_id > \(source) AND \(condition)
      ORDER BY source_id
      LIMIT \(count)
      """, in: database)
  }
}

extension StoredCutout {
  /// Cutouts by their keys, in the order asked for, by binary COPY.
  ///
  /// - Throws: `CatalogueError.missing` for a key that is not there.
  public static func read(_ ids: [Int], in database: Connection) throws -> [StoredCutout] {
    var found: [Int: StoredCutout] = [:]
    try database.copy(
      outOf: """
        SELECT \(raw: columns)
        FROM reber.cutout
        JOIN reber.cutout_pixels USING (cutout_id)
        WHERE cutout_id = ANY ('{\(raw: ids.map(String.init).joined(separator: ","))}')
        """,
      as: Int.self, Int.self, Int32.self, Int32.self, Int16.self, Float?.self, [UInt8].self
    ) { found[$0] = try StoredCutout($0, $1, $2, $3, $4, $5, $6) }
    return try ids.map { id in
      guard let cutout = found[id] else {
        throw CatalogueError.missing("cutout \(id) any more", hint: "start the run again")
      }
      return cutout
    }
  }

  /// A cutout without a pixel scale has its survey's.
  private static let columns = """
    cutout_id, source_id, width, height, bitpix,
    coalesce(
        cutout.pixel_scale,
        (SELECT survey.pixel_scale FROM reber.survey WHERE survey.survey_id = cutout.survey_id)
    ),
    pixels
    """

  private init(
    _ id: Int, _ source: Int, _ width: Int32, _ height: Int32, _ bitpix: Int16,
    _ pixelScale: Float?, _ pixels: [UInt8]
  ) throws {
    self.init(
      id: id, source: source, width: Int(width), height: Int(height), pixelScale: pixelScale,
      values: try decodePixels(pixels, bitpix: Int(bitpix)))
  }

  /// The cutouts that a query gives, of which the part from FROM on is given.
  static func rows(_ clauses: SQL, in database: Connection) throws -> [StoredCutout] {
    try database.rows(
      "SELECT \(raw: columns) \(clauses)",
      as: Int.self, Int.self, Int32.self, Int32.self, Int16.self, Float?.self, [UInt8].self
    ).map { try StoredCutout($0, $1, $2, $3, $4, $5, $6) }
  }
}

/// Little-endian pixels of a FITS type as single-precision numbers.
///
/// - Throws: `CatalogueError.missing` for a type that FITS does not have.
package func decodePixels(_ bytes: [UInt8], bitpix: Int) throws -> [Float] {
  switch bitpix {
  case 8: bytes.map(Float.init)
  case 16: decode(bytes, as: Int16.self) { Float(Int16(littleEndian: $0)) }
  case 32: decode(bytes, as: Int32.self) { Float(Int32(littleEndian: $0)) }
  case -32: decode(bytes, as: UInt32.self) { Float(bitPattern: UInt32(littleEndian: $0)) }
  case -64: decode(bytes, as: UInt64.self) { Float(Double(bitPattern: UInt64(littleEndian: $0))) }
  default:
    throw CatalogueError.missing("pixel type \(bitpix)", hint: "FITS has 8, 16, 32, -32, -64")
  }
}

private func decode<Word: BitwiseCopyable>(
  _ bytes: [UInt8], as: Word.Type, _ convert: (Word) -> Float
) -> [Float] {
  let size = MemoryLayout<Word>.size
  let count = bytes.count / size
  return bytes.withUnsafeBytes { raw in
    [Float](unsafeUninitializedCapacity: count) { values, initialised in
      for index in 0..<count {
        values[index] = convert(raw.loadUnaligned(fromByteOffset: index * size, as: Word.self))
      }
      initialised = count
    }
  }
}
