/// A named value that describes a table or an image: a FITS keyword, a VOTable PARAM or INFO.
public struct Keyword: Hashable, Sendable {
  public var name: String
  public var value: Value
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
