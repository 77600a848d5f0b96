import Foundation

/// How the database is named in the environment.
///
/// An empty address leaves all to libpq, which reads `PG*` itself.
public enum ConnectionString {
  /// The address that the environment names: `DATABASE_URL`, or an empty string where libpq's own
  /// `PG*` variables name one; `nil` where nothing does.
  static func fromEnvironment(_ environment: [String: String]) -> String? {
    if let address = environment["DATABASE_URL"], !address.isEmpty { return address }
    let ours = ["PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE"]
    return ours.contains { environment[$0]?.isEmpty == false } ? "" : nil
  }

  /// The address that this process's environment names.
  public static var inEnvironment: String? {
    fromEnvironment(ProcessInfo.processInfo.environment)
  }
}
