/// What kind of thing went wrong, as a shell sees it: the numbers of sysexits.h.
public enum ExitStatus: Int32, Sendable, CaseIterable {
  /// A command was called in a way that it does not know.
  case usage = 64
  /// The input is bad: a truncated file, a wrong column, an empty catalogue.
  case badInput = 65
  /// The database cannot be reached.
  case unavailable = 69
  /// The database refused a statement.
  case databaseError = 70
  /// There is no room, or a file cannot be written.
  case cannotCreate = 73
  /// Somebody else is at the same work: try later.
  case busy = 75
}

/// An error of Reber: one line for a person, and a status for a script.
///
/// Every error that can leave a module is one; those that never do are private to a file.
public protocol Failure: Error, CustomStringConvertible {
  /// What a program that it ends leaves behind.
  var exitStatus: ExitStatus { get }
}

extension String {
  /// The text with blanks for line ends and other control characters, which names and cells of a damaged
  /// file may hold.
  public var inOneLine: String {
    guard unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      return self
    }
    let scalars = unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }
    return String(String.UnicodeScalarView(scalars))
  }
}
