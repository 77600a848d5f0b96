import Files
import Foundation
import PostgreSQL

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

extension Connection {
  /// The columns of a table and their types as `format_type` names them; none where there is no such table.
  func columnTypes(of table: String) throws -> [String: String] {
    try self.table(
      """
      SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute
      WHERE attrelid = to_regclass(\(table)) AND attnum > 0 AND NOT attisdropped
      """, by: String.self, String.self)
  }
}
