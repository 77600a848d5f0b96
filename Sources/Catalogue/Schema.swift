import Foundation
import PostgreSQL

/// The tables that Reber keeps, made by the numbered files in `sql/`.
public enum Schema {
  /// The folder of migrations: `REBER_SQL`, or `sql` in a folder above the program.
  ///
  /// - Throws: `CatalogueError.noMigrations`.
  public static func folder() throws -> String {
    if let chosen = ProcessInfo.processInfo.environment["REBER_SQL"] { return chosen }
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    var above = program.deletingLastPathComponent()
    while above.path != "/" {
      for candidate in ["sql", "share/reber/sql"].map(above.appendingPathComponent)
      where FileManager.default.fileExists(
        atPath: candidate.appendingPathComponent("0001_runs.sql").path)
      {
        return candidate.path
      }
      above = above.deletingLastPathComponent()
    }
    throw CatalogueError.noMigrations(searched: program.deletingLastPathComponent().path)
  }
}
