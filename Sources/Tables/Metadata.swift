public import Astronomy

/// What a table says of itself, beside its columns.
///
/// FITS keeps it as keywords, VOTable as TABLE name, DESCRIPTION, COOSYS and PARAM; CSV has no
/// place for it.
public struct Metadata: Hashable, Sendable {
  /// The table's name: EXTNAME in FITS.
  public var name: String?
  /// Free text: COMMENT cards in FITS, one a line.
  public var description: String?
  /// The frame of the columns whose UCD begins with `pos.eq`, with its equinox where one is said.
  ///
  /// As `ICRS` or `FK4 B1950`; RADESYS and EQUINOX in FITS, COOSYS in VOTables.
  public var frame: String?
  public var entries: [Keyword]

  public init(
    name: String? = nil, description: String? = nil, frame: String? = nil, entries: [Keyword] = []
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

  /// The frame's system and equinox.
  var frameWords: (system: String, equinox: String?)? {
    guard let words = frame?.split(separator: " "), let system = words.first else { return nil }
    return (String(system), words.dropFirst().first.map { String($0) })
  }
}
