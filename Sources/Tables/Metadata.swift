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
  /// The frames, where the file has several and does not say which columns are in which.
  public var frames: [String] = []
  /// The mean epoch of the observations, Julian year: JEPOCH in FITS, of COOSYS in VOTables.
  public var epoch: Double?
  /// What else is said of the table: keywords in FITS, PARAM in VOTables.
  public var entries: [Keyword]
  /// Who made it, and how it may be used: keywords in FITS, INFO and LINK in VOTables.
  public var credits = Credits()
  /// Who made the data that it was made from: a reference of the citation.
  public var survey = Credits()
  /// When it was made, ISO 8601 in UTC, and by which program: DATE and ORIGIN in FITS.
  public var date, origin: String?
  /// What was done to make it, one step a line: HISTORY in FITS.
  public var history: [String] = []

  /// Describes a table; credits, date and history are set behind it.
  public init(
    name: String? = nil, description: String? = nil, frame: String? = nil, epoch: Double? = nil,
    entries: [Keyword] = []
  ) {
    self.name = name
    self.description = description
    self.frame = frame
    self.epoch = epoch
    self.entries = entries
  }

  /// Describes a table of which no more is said than frames: that of all positions, where it is one.
  init(frames: [String]) {
    self.init(frame: frames.count == 1 ? frames[0] : nil)
    self.frames = frames.count > 1 ? frames : []
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
