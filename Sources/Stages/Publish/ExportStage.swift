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
    let progress = progress
    let catalogue = try await database.with { database in
      try database.transaction { database in
        let catalogue = try PublishedCatalogue.held(name, in: database)
        let table = try createTable(
          path, format: format, columns: catalogue.columns.map { Column($0) },
          metadata: try catalogue.metadata(in: database))
        try catalogue.copy(to: table, in: database) {
          progress.update("exporting", done: $0, of: catalogue.rows)
        }
        try table.finish()
        for loss in table.losses { progress.note("warning: \(path): \(loss)") }
        return catalogue
      }
    }
    let file = try fileInput(path, role: "export")
    return StageReport(
      run: catalogue.run, alreadyDone: false,
      metrics: ExportMetrics(
        file: path, rows: catalogue.rows, bytes: file.bytes ?? 0, sha256: file.sha256))
  }
}

extension PublishedCatalogue {
  /// Writes rows, directly where the format can, and says now and then how many are written.
  func copy(
    _ reading: Reading = .byName, to table: any TableWriter, in database: Connection,
    _ progress: (Int) -> Void
  ) throws {
    var rows = 0
    func count(_ more: Int) {
      rows += more
      if rows % 4096 < more { progress(rows) }
    }
    switch table.direct {
    case .cells(let write):
      try readCells(reading, in: database) { cells in
        try write(cells)
        count(1)
      }
    case .lines(let separator, let write):
      try readLines(separator: separator, in: database) { line in
        try write(line)
        count(1)
      }
    case nil:
      try read(reading, in: database) { chunk in
        try table.write(chunk)
        count(chunk.count)
      }
    }
    progress(rows)
  }
}
