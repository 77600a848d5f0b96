import Astronomy

/// What `hats.properties` says of a table, by the names of the IVOA Note "HATS" 1.0.
public struct HATSProperties: Sendable {
  private let name: String
  private let others: [(String, String?)]

  /// Describes a catalogue of sources.
  ///
  /// - Parameters:
  ///   - name: Its name, which is that of its folder.
  ///   - ra: The column of the right ascension.
  ///   - dec: The column of the declination.
  ///   - metadata: Its title, reference and date.
  public init(catalogue name: String, ra: String, dec: String, metadata: Metadata) {
    self.name = name
    others =
      Self.shared(ra, dec, metadata) + [
        ("dataproduct_type", "object"), ("obs_title", metadata.credits.title),
        ("obs_description", metadata.description), ("bib_reference", metadata.credits.reference),
        ("obs_copyright", metadata.credits.copyright ?? metadata.credits.licence),
      ]
  }

  /// Describes the sources beyond the borders of a catalogue's partitions.
  ///
  /// - Parameters:
  ///   - name: Its name, which is that of its folder.
  ///   - catalogue: The folder of the catalogue.
  ///   - threshold: How far beyond the borders sources are taken, arcsec.
  ///   - ra: The column of the right ascension.
  ///   - dec: The column of the declination.
  ///   - metadata: Its date.
  public init(
    margin name: String, of catalogue: String, threshold: Double, ra: String, dec: String,
    metadata: Metadata
  ) {
    self.name = name
    others =
      Self.shared(ra, dec, metadata) + [
        ("dataproduct_type", "margin"), ("hats_primary_table_url", catalogue),
        ("hats_margin_threshold", "\(threshold)"),
      ]
  }

  private static func shared(
    _ ra: String, _ dec: String, _ metadata: Metadata
  ) -> [(String, String?)] {
    [
      ("hats_col_ra", ra), ("hats_col_dec", dec), ("hats_col_healpix", HATSTable.cellColumn.name),
      ("hats_col_healpix_order", "29"), ("hats_npix_suffix", ".parquet"),
      ("hats_builder", metadata.origin), ("hats_creation_date", metadata.date),
      ("hats_version", "v1.0"),
    ]
  }

  /// The file of a table of so many rows, whose smallest cells have an order.
  func text(rows: Int, order: Int) -> String {
    lines([("hats_nrows", "\(rows)"), ("hats_order", "\(order)")])
  }

  /// The file of a catalogue and its margin in one folder.
  public static func collection(_ name: String, margin: String?) -> String {
    var lines = "#HATS collection\nobs_collection=\(name)\nhats_primary_table_url=\(name)\n"
    if let margin { lines += "all_margins=\(margin)\ndefault_margin=\(margin)\n" }
    return lines
  }

  private func lines(_ counted: [(String, String)]) -> String {
    let all: [(String, String?)] = [("obs_collection", name)] + others + counted.map { ($0, $1) }
    let said = all.compactMap { key, value in value.map { "\(key)=\(escaped($0))" } }
    return "#HATS catalog\n" + said.joined(separator: "\n") + "\n"
  }

  /// A value in the form of Java's properties, where a backslash and a line's end are written.
  private func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n").replacing("\r", with: "")
  }
}
