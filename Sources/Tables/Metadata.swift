/// What a table says of itself, beside its columns.
///
/// FITS keeps it as keywords, VOTable as TABLE name, DESCRIPTION, COOSYS and PARAM; CSV has no
/// place for it.
public struct Metadata: Hashable, Sendable {
  /// A named value: a FITS keyword or a VOTable PARAM or INFO.
  public struct Entry: Hashable, Sendable {
    public var name: String
    public var value: Value
    public var unit: String?
    public var ucd: String?
    public var description: String?

    public init(
      _ name: String, _ value: Value, unit: String? = nil, ucd: String? = nil,
      description: String? = nil
    ) {
      self.name = name
      self.value = value
      self.unit = unit
      self.ucd = ucd
      self.description = description
    }
  }

  /// The table's name: EXTNAME in FITS.
  public var name: String?
  /// Free text: COMMENT cards in FITS, one a line.
  public var description: String?
  /// The frame of the columns whose UCD begins with `pos.eq`, such as `ICRS`: RADESYS in FITS.
  public var frame: String?
  public var entries: [Entry]

  public init(
    name: String? = nil, description: String? = nil, frame: String? = nil, entries: [Entry] = []
  ) {
    self.name = name
    self.description = description
    self.frame = frame
    self.entries = entries
  }

  /// The value of the first entry of a name, whatever its case.
  public subscript(name: String) -> Value? {
    entries.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}
