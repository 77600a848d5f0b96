import Astronomy
import Catalogue
import Foundation
import PostgreSQL
import Tables

/// Writes the parts of a release.
struct ReleaseWriter {
  let release: Release
  let catalogue: PublishedCatalogue
  let folder: ReleaseFolder
  let database: Connection
  let progress: any ProgressDisplay
  let metadata: Metadata
  let columns: [Column]
  /// What would have stood against its publication, had it not been published anyway.
  let doubts: [String]
  /// What a referee would miss.
  private(set) var warnings: [String] = []

  init(
    _ release: Release, _ catalogue: PublishedCatalogue, into folder: ReleaseFolder,
    in database: Connection, progress: any ProgressDisplay
  ) throws {
    self.release = release
    self.catalogue = catalogue
    self.folder = folder
    self.database = database
    self.progress = progress
    metadata = try catalogue.metadata(in: database)
    columns = catalogue.columns.map { Column($0) }
    doubts = try Run.warnings(about: catalogue.classification, in: database)
      .filter(\.isDoubt).map(\.description)
  }

  var name: String { catalogue.name }

  mutating func write() throws {
    warnings = missing + doubts.map { "it was published anyway: \($0)" }
    for part in ReleasePart.allCases where release.parts.contains(part) { try write(part) }
    let texts = ReleaseTexts(self)
    try folder.write(texts.readme, to: "README.md")
    try folder.write(texts.citation, to: "CITATION.cff")
    if let licence = texts.licence { try folder.write(licence, to: "LICENSE") }
  }

  private mutating func write(_ part: ReleasePart) throws {
    switch part {
    case .fits: try table(name + ".fits")
    case .votable: try table(name + ".vot")
    case .parquet: try table(name + ".parquet")
    case .csv: try table(name + ".csv")
    case .hats: try note(try writeHATS())
    case .moc: try note(try writeCoverage())
    case .cds: try writeCDS()
    case .embeddings: try note(try writeEmbeddings())
    case .cutouts: try writeCutouts()
    case .prov:
      try folder.write(
        document(Provenance(of: catalogue.run, in: database)), to: "provenance.json")
    }
  }

  private mutating func table(_ file: String) throws {
    let table = try createTable(folder.file(file), columns: columns, metadata: metadata)
    try copy(.byName, to: table, file)
    warnings += table.losses.map { "\(file): \($0)" }
  }

  /// Writes rows to a table and completes it.
  func copy(
    _ reading: PublishedCatalogue.Reading, to table: any TableWriter, _ what: String
  ) throws {
    try catalogue.copy(reading, to: table, in: database) {
      progress.update("writing \(what)", done: $0, of: catalogue.rows)
    }
    try table.finish()
  }

  private mutating func note(_ warning: String?) throws {
    if let warning { warnings.append(warning) }
  }

  /// What is not said of the catalogue and should be.
  var missing: [String] {
    let said: [(String, String?)] = [
      ("licence", metadata.credits.licence), ("reference", metadata.credits.reference),
      ("authors", metadata.credits.authors), ("title", metadata.credits.title),
    ]
    return said.filter { $0.1 == nil }.map { name, _ in
      "\(name) not known: say it by 'reber catalogue describe \(catalogue.name) --\(name) …'"
    }
  }
}
