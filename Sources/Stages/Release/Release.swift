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
    return try await self.release(release.catalogue, to: release.folder) {
      catalogue, folder, database in
      var writer = try ReleaseWriter(
        release, catalogue, into: folder, in: database, progress: place.progress)
      try writer.write()
      return writer.warnings
    }
  }

  /// Lets `write` fill a folder with a catalogue, whose database it sees as it is at one moment.
  ///
  /// - Parameters:
  ///   - name: The catalogue.
  ///   - path: The folder, which gets its name when it is whole.
  ///   - write: Writes the files; gives what is to be said of them.
  /// - Returns: What was released.
  /// - Throws: `CatalogueError.missing`; `FileError`; whatever `write` throws.
  func release(
    _ name: String, to path: String,
    _ write: @escaping @Sendable (PublishedCatalogue, ReleaseFolder, Connection) throws -> [String]
  ) async throws -> ReleaseReport {
    try await database.with { database in
      let folder = try ReleaseFolder(path)
      return try PublishedCatalogue.inOneView([name], in: database) { catalogues, database in
        let warnings = try write(catalogues[0], folder, database)
        return ReleaseReport(
          catalogue: name, folder: path, rows: catalogues[0].rows, files: try folder.complete(),
          warnings: warnings)
      }
    }
  }
}
