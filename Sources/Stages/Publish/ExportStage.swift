import Astronomy
import Catalogue
import Foundation
import PostgreSQL
public import Tables

/// Writes a published catalogue as a file.
public struct ExportMetrics: Codable, Sendable {
  /// The file.
  public var file: String
  /// Its rows.
  public var rows: Int
  /// Its size in bytes.
  public var bytes: Int
  /// SHA-256 of the file.
  public var sha256: String
}

extension Workplace {
  /// Writes a published catalogue as FITS, VOTable or CSV, with units, UCDs and where it comes
  /// from.
  ///
  /// The file gets its name when it is whole.
  ///
  /// Without a format the file's extension tells it.
  public func export(
    _ name: String, to path: String, format: TableFormat? = nil
  ) async throws -> StageReport<ExportMetrics> {
    let catalogue = try await database.with { try PublishedCatalogue.named(name, in: $0) }
    let started = progress
    let rows = try await database.with { database in
      let columns = catalogue.columns.map { Column($0) }
      let table = try createTable(
        path, format: format, columns: columns, metadata: try catalogue.metadata(in: database))
      var rows = 0
      try catalogue.read(in: database) { chunk in
        try table.write(chunk)
        rows += chunk.count
        started.update("exporting", done: rows, of: catalogue.rows)
      }
      try table.finish()
      return rows
    }
    let file = try fileInput(path, role: "export")
    return StageReport(
      run: catalogue.run, alreadyDone: false,
      metrics: ExportMetrics(
        file: path, rows: rows, bytes: file.bytes ?? 0, sha256: file.sha256))
  }
}
