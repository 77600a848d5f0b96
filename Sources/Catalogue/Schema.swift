import Files
import Foundation

/// The tables that Reber keeps, made by the numbered files in `sql/`.
public enum Schema {
  /// The folder of migrations: `REBER_SQL`, or `sql` in a folder above the program.
  ///
  /// - Throws: `CatalogueError.noMigrations`.
  public static func folder() throws -> String {
    if let chosen = ProcessInfo.processInfo.environment["REBER_SQL"] { return chosen }
    if let found = installedFolder("sql", holding: "0001_runs.sql") { return found }
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    throw CatalogueError.noMigrations(searched: program.deletingLastPathComponent().path)
  }
}
