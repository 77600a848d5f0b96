/// The type of a column's elements.
public enum Datatype: String, Codable, Hashable, Sendable, CaseIterable {
  case boolean
  case uint8
  case int16
  case int32
  case int64
  case float
  case double
  case string

  /// Whether elements are whole numbers.
  public var isInteger: Bool {
    switch self {
    case .uint8, .int16, .int32, .int64: true
    default: false
    }
  }

  /// Whether elements are numbers.
  public var isNumeric: Bool { isInteger || self == .float || self == .double }
}

/// How many elements a cell of a column holds.
public enum Shape: Hashable, Sendable {
  case scalar
  /// A vector of so many elements in every row.
  case vector(Int)
  /// A vector whose length is another in each row.
  case list
}

/// A column of a table, with what an astronomer needs to understand it.
///
/// The layout in a file (shape and width) and the frame are not encoded.
public struct Column: Codable, Hashable, Sendable {
  /// What it is called, as the file spells it.
  public var name: String
  /// What an element of a cell is.
  public var datatype: Datatype
  /// How many elements a cell has.
  public var shape = Shape.scalar
  /// The unit as the file spells it, such as `mJy beam-1`.
  public var unit: String?
  /// The IVOA unified content descriptor, such as `pos.eq.ra;meta.main`.
  public var ucd: String?
  /// What the column holds, in words.
  public var description: String?
  /// The frame that a position is in, where the file has several: `eq_FK4 B1950`.
  public var frame: String?
  /// The least width of a text column in UTF-8 bytes.
  ///
  /// FITS readers give the width they found; the FITS writer widens the column when a longer
  /// text comes, so it may be left out.
  public var width: Int?

  private enum CodingKeys: CodingKey {
    case name, datatype, unit, ucd, description
  }

  /// Describes a column.
  public init(
    _ name: String, _ datatype: Datatype, shape: Shape = .scalar, unit: String? = nil,
    ucd: String? = nil, description: String? = nil, width: Int? = nil
  ) {
    self.name = name
    self.datatype = datatype
    self.shape = shape
    self.unit = unit
    self.ucd = ucd
    self.description = description
    self.width = width
  }
}
