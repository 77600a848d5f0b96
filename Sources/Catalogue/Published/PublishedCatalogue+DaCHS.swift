public import PostgreSQL

/// An image by which a source was classified, as others find it.
public struct PlacedImage: Sendable {
  /// The name of the source in the catalogue.
  public var source: String
  /// The key in `reber.cutout`.
  public var cutout: Int
  /// Where it lies.
  public var footprint: Footprint
  /// SHA-256 of its pixels as they are stored, and of the file that it was cut from.
  public var pixelsSHA256, fileSHA256: String
  /// The major axis of the beam (FWHM), arcsec, as the file says it or else the survey.
  public var beamMajor: Float?
  /// The observing frequency, Hz, and the epoch, Julian year, likewise.
  public var frequency, epoch: Double?
}

extension PlacedImage: QueryRow {
  public static let columns = Columns<Self>(
    .column("source.name", \.source), .column("cutout.cutout_id", \.cutout),
    .group(\.footprint, Footprint.columns),
    .expression("encode(cutout.sha256, 'hex')", as: "pixels_sha256", \.pixelsSHA256),
    .expression("encode(cutout.image_sha256, 'hex')", as: "file_sha256", \.fileSHA256),
    .expression(
      "coalesce(image.beam_major, survey.beam_major)", as: "beam_major", \.beamMajor),
    .expression(
      "coalesce(image.frequency_hz, survey.frequency_hz)", as: "frequency_hz", \.frequency),
    .expression("coalesce(image.epoch, survey.epoch)", as: "epoch", \.epoch),
    make: PlacedImage.init)
}

/// What DaCHS, which serves tables by the protocols of the IVOA, is given of a catalogue.
extension PublishedCatalogue {
  /// The view by which DaCHS reads the catalogue; it has the catalogue's columns in their order, with truth
  /// values as 1 and 0, since ADQL has none.
  public var viewForDaCHS: String { "reber_tap.\(name)" }

  /// Whether DaCHS reads a catalogue of that name, which may be replaced under it.
  public static func isServed(_ name: String, in database: Connection) throws -> Bool {
    try database.row(
      """
      SELECT EXISTS (
          SELECT FROM pg_class WHERE relnamespace::regnamespace::text = 'reber_tap' AND relname = \(name)
      )
      """, as: Bool.self)
  }

  /// What the columns are called in the view, in their order.
  ///
  /// DaCHS makes code of names, so that they have letters, digits and underscores alone, as most have anyway.
  public var namesForDaCHS: [String] {
    func isPlain(_ name: String) -> Bool { name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil }
    let plain = Set(columns.map(\.name).filter(isPlain))
    return columns.reduce(into: []) { names, column in
      if plain.contains(column.name) { return names.append(column.name) }
      let bare = "c_" + column.name.replacing(/[^A-Za-z0-9]+/, with: "_").prefix(50)
      let candidates = [bare] + (2...columns.count + 2).map { "\(bare)_\($0)" }
      let free = candidates.first { !plain.contains($0) && !names.contains($0) }
      names.append(free ?? bare)
    }
  }

  /// Gives the images by which the sources were classified, in the order of names.
  public func readPlacedImages(
    in database: Connection, _ body: (PlacedImage) throws -> Void
  ) throws {
    try database.copy(
      outOf: """
        SELECT \(PlacedImage.columns)
        FROM \(classified)
        JOIN reber.cutout USING (survey_id, cutout_id)
        JOIN reber.survey USING (survey_id)
        LEFT JOIN reber.image ON image.survey_id = cutout.survey_id
            AND image.sha256 = cutout.image_sha256
        WHERE prediction.run_id = \(raw: String(classification))
        ORDER BY source.name COLLATE "C"
        """, as: PlacedImage.self, forEach: body)
  }

  /// The columns by which the server finds rows fast, by name, without positions.
  public func indexedColumns(in database: Connection) throws -> [String] {
    try database.rows(
      """
      SELECT DISTINCT attname::text COLLATE "C"
      FROM pg_index
      JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
      WHERE indrelid = to_regclass(format('catalogue.%I', \(name)::text))
          AND attname NOT IN ('ra', 'dec')
      ORDER BY 1
      """, as: String.self)
  }

  /// The first position, by name; `nil` where no source has one.
  public func firstPosition(in database: Connection) throws -> (ra: Double, dec: Double)? {
    try database.first(
      """
      SELECT ra, dec FROM catalogue.\(identifier: name)
      WHERE dec IS NOT NULL
      ORDER BY name COLLATE "C" LIMIT 1
      """, as: Double.self, Double.self
    ).map { (ra: $0, dec: $1) }
  }

  /// The script that lets DaCHS read the catalogue and nothing else of the database; psql runs it.
  public var grantsForDaCHS: String {
    let list = zip(columns, namesForDaCHS).map { $0.selected(as: $1) }
      .joined(separator: ",\n    ").text
    return """
      -- Lets DaCHS read catalogue.\(name), and nothing else of Reber's. Run it before 'dachs init' and before
      -- each 'dachs imp', as somebody who may make extensions and roles; again does no harm:
      --
      --     psql "$(reber db url)" -v ON_ERROR_STOP=1 --single-transaction -f grants.sql

      SET client_min_messages = warning;

      -- Cones and polygons of the sky.
      CREATE EXTENSION IF NOT EXISTS q3c SCHEMA public;
      CREATE EXTENSION IF NOT EXISTS pg_sphere SCHEMA public;
      CREATE INDEX IF NOT EXISTS \(name.prefix(46))_q3c_ang2ipix_idx
          ON catalogue.\(name) (q3c_ang2ipix(ra, dec));

      -- Whom 'dachs init' lets in, with passwords of its own.
      DO $$
      DECLARE
          role text;
      BEGIN
          FOREACH role IN ARRAY '{gavoadmin, gavo, untrusted}'::text[] LOOP
              IF to_regrole(role) IS NULL THEN
                  EXECUTE format('CREATE ROLE %I', role);
              END IF;
          END LOOP;
      END;
      $$;

      -- What DaCHS reads. What it has made of an earlier one goes, and comes again with 'dachs imp'.
      CREATE SCHEMA IF NOT EXISTS reber_tap;
      DROP VIEW IF EXISTS \(viewForDaCHS) CASCADE;
      CREATE VIEW \(viewForDaCHS) AS
      SELECT
          \(list)
      FROM catalogue.\(name);

      -- It belongs to whom the table belongs to, so that publishing again leads it over.
      DO $$
      DECLARE
          publisher text := (
              SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'catalogue.\(name)'::regclass
          );
      BEGIN
          EXECUTE format('GRANT USAGE, CREATE ON SCHEMA reber_tap TO %I', publisher);
          EXECUTE format('ALTER VIEW \(viewForDaCHS) OWNER TO %I', publisher);
      END;
      $$;
      GRANT USAGE ON SCHEMA reber_tap TO gavoadmin;
      GRANT SELECT ON \(viewForDaCHS) TO gavoadmin;

      """
  }
}

extension PublishedCatalogue.Column {
  fileprivate func selected(as name: String) -> SQL {
    let value: SQL =
      type == "boolean" ? "\(identifier: self.name)::integer::smallint" : "\(identifier: self.name)"
    return "\(value) AS \(identifier: name)"
  }
}
