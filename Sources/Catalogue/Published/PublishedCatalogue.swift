/// A value-added catalogue: a table in schema `catalogue`.
///
/// A row of `reber.catalogue`. It is the metrics of the run that published it, too.
public struct PublishedCatalogue: Stored {
  /// The table's name.
  public var name: String

  /// The run that published it.
  public var run: Int

  /// The classification whose probabilities it holds.
  public var classification: Int

  /// The survey it describes.
  public var survey: String

  /// Its rows.
  public var rows: Int

  /// True where the sky is made up.
  public var simulated: Bool

  /// The columns in the order of the table.
  public var columns: [Column]

  /// A column as FITS and VOTable describe it.
  ///
  /// The type is as PostgreSQL's `format_type` names it.
  public struct Column: Sendable, Codable {
    /// The name.
    public var name: String
    /// The type in PostgreSQL, such as `double precision`.
    public var type: String
    /// The unit.
    public var unit: String?
    /// The IVOA Unified Content Descriptor.
    public var ucd: String?
    /// What it holds.
    public var description: String?
  }
}
