/// A named value that describes a table or an image: a FITS keyword, a VOTable PARAM or INFO.
public struct Keyword: Hashable, Sendable {
  /// What it is called; FITS knows eight letters of it.
  public var name: String
  /// What it says; null where nothing is known.
  public var value: Value
  /// The unit of a number, such as `deg`.
  public var unit: String?
  /// The IVOA unified content descriptor.
  public var ucd: String?
  /// What it means, in words.
  public var description: String?

  /// Describes a keyword.
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
