public import PostgreSQL

/// Options, a description or figures that stand in the database as JSON, where every later version
/// reads them.
///
/// A member with a default may be added at any time, if the default is what was done before: rows
/// without it are read as if they had it, and work that was finished is still the same work. A
/// member that may be `nil` has to mean by `nil` what was done before. Where a member changes its
/// meaning or its default, the form of its rows goes up, and ``read(_:form:)`` tells the old form.
public protocol Stored: Codable, Sendable {
  /// What fills in the members that a row does not have; `nil` where all rows have all.
  static var usual: Self? { get }

  /// Reads what a row of a form holds.
  ///
  /// - Throws: `DecodingError` for what is no such value.
  static func read(_ json: JSON, form: Int) throws -> Self
}

extension Stored {
  public static var usual: Self? { nil }

  public static func read(_ json: JSON, form: Int) throws -> Self {
    guard let usual else { return try json.decode(as: Self.self) }
    return try json.decode(as: Self.self, defaults: JSON(encoding: usual))
  }
}

/// Taken as it stands.
extension JSON: Stored {}
