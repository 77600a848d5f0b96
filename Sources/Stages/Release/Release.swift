import Catalogue
import Foundation
import PostgreSQL
import Tables

/// A part of a release: a file or folder that the tools of one community expect.
public enum ReleasePart: String, CaseIterable, Sendable, Codable {
  case fits, votable, parquet, hats, csv, moc, cds, prov, embeddings, cutouts

  /// Those that are released where nothing else is said.
  public static let usual = Set(allCases).subtracting([.embeddings, .cutouts])
}

/// A published catalogue as a folder of files for others.
public struct Release: Sendable {
  /// The published catalogue.
  public var catalogue: String
  /// The folder that is made, or made anew.
  public var folder: String
  /// What it has, beside README, citation, licence and checksums.
  public var parts: Set<ReleasePart>
  /// The sources that a file of HATS has at most.
  public var sourcesAPartition = 500_000

  /// Describes a release with the usual parts.
  public init(
    _ catalogue: String, to folder: String, parts: Set<ReleasePart> = ReleasePart.usual
  ) {
    self.catalogue = catalogue
    self.folder = folder
    self.parts = parts
  }
}

/// What was released.
public struct ReleaseReport: Codable, Sendable {
  /// The catalogue.
  public var catalogue: String
  /// The folder.
  public var folder: String
  /// The catalogue's rows.
  public var rows: Int
  /// Its files, with their SHA-256.
  public var files: [ReleasedFile]
  /// What a referee would miss.
  public var warnings: [String]
}

/// A file of a release.
public struct ReleasedFile: Codable, Sendable {
  /// Its path in the folder.
  public var name: String
  /// Its size.
  public var bytes: Int
  /// SHA-256 of it.
  public var sha256: String
}

extension Workplace {
  /// Writes a published catalogue as a folder of files, all of them of the database as it is at one moment.
  ///
  /// The folder gets its name when it is whole. The same catalogue gives the same bytes, whenever it is
  /// released.
  ///
  /// - Throws: `CatalogueError.missing`; `FileError` where something stands in the folder's place that is no
  ///   release, or the disk is full.
  public func release(_ release: Release) async throws -> ReleaseReport {
    let place = self
    return try await database.with { database in
      let folder = try ReleaseFolder(release.folder)
      return try PublishedCatalogue.inOneView([release.catalogue], in: database) {
        catalogues, database in
        let catalogue = catalogues[0]
        var writer = try ReleaseWriter(
          release, catalogue, into: folder, in: database, progress: place.progress)
        try writer.write()
        return ReleaseReport(
          catalogue: catalogue.name, folder: release.folder, rows: catalogue.rows,
          files: try folder.complete(), warnings: writer.warnings)
      }
    }
  }
}
