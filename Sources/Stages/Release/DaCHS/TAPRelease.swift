import Astronomy
import Catalogue
import Foundation
import HEALPix
import PostgreSQL
import Tables

/// A published catalogue as a resource of DaCHS, which serves it by TAP, SCS, SIA2 and datalink.
public struct TAPRelease: Sendable {
  /// The published catalogue.
  public var catalogue: String
  /// The folder that is made, or made anew.
  public var folder: String
  /// The address at which everybody reaches `/cutout` of `reber serve`; nil where images are not served.
  public var cutouts: String?

  /// Describes a resource.
  public init(_ catalogue: String, to folder: String, cutouts: String? = nil) {
    self.catalogue = catalogue
    self.folder = folder
    self.cutouts = cutouts
  }
}

extension Workplace {
  /// Writes what DaCHS 2.7 needs to serve a published catalogue from the database in which it stands.
  ///
  /// The folder gets its name when it is whole. The same catalogue gives the same bytes, whenever it is
  /// released.
  ///
  /// - Throws: `CatalogueError.missing`; `FileError` where something stands in the folder's place that is no
  ///   release, or the disk is full.
  public func release(_ tap: TAPRelease) async throws -> ReleaseReport {
    let place = self
    return try await release(tap.catalogue, to: tap.folder) { catalogue, folder, database in
      try TAPWriter(tap, catalogue, into: folder, in: database, progress: place.progress).write()
    }
  }
}

/// Writes the folder for DaCHS.
struct TAPWriter {
  private let tap: TAPRelease
  private let release: ReleaseWriter
  private let survey: Survey

  init(
    _ tap: TAPRelease, _ catalogue: PublishedCatalogue, into folder: ReleaseFolder,
    in database: Connection, progress: any ProgressDisplay
  ) throws {
    self.tap = tap
    release = try ReleaseWriter(
      Release(catalogue.name, to: tap.folder, parts: []), catalogue, into: folder, in: database,
      progress: progress)
    survey = try Survey.named(catalogue.survey, in: database)
  }

  /// Writes all files; gives what a referee would miss, and what is left out.
  func write() throws -> [String] {
    let (catalogue, folder) = (release.catalogue, release.folder)
    let images = try tap.cutouts.map { try writeImages(from: $0) }
    let descriptor = ResourceDescriptor(
      catalogue: catalogue, metadata: release.metadata, title: release.title, survey: survey,
      indexed: Set(try catalogue.indexedColumns(in: release.database)), sky: try sky(),
      example: try catalogue.firstPosition(in: release.database),
      hasImages: images?.isEmpty == false)
    try folder.write(descriptor.text, to: "q.rd")
    try folder.write(catalogue.grantsForDaCHS, to: "grants.sql")
    try folder.write(TAPReadMe(descriptor, cutouts: tap.cutouts).text, to: "README.md")
    try folder.makeFolder("public")
    try folder.write(
      document(Provenance(of: catalogue.run, in: release.database)), to: "public/provenance.json")
    return release.missing + release.doubts.map { "it was published anyway: \($0)" }
      + [warning(about: images)].compactMap(\.self)
  }

  /// The cells of HEALPix, 0.9 degrees wide, in which sources lie.
  private func sky() throws -> String {
    var coverage = CoverageMap(order: 6)
    try release.catalogue.readPositions(in: release.database) { coverage.insert($0) }
    let orders = Dictionary(grouping: coverage.fewestCells, by: \.order)
    return orders.sorted { $0.key < $1.key }.map { order, cells in
      "\(order)/" + cells.map { String($0.number) }.joined(separator: ",")
    }.joined(separator: " ")
  }

  private func warning(about images: WrittenImages?) -> String? {
    guard let images else {
      return
        "images are not served: say by --cutouts where everybody reaches /cutout of 'reber serve'"
    }
    if images.isEmpty { return "no image has world coordinates: none is served" }
    return images.unplaced == 0
      ? nil : "\(images.unplaced) images without world coordinates are not served"
  }

  /// How many images were written, and how many not, whose place nobody knows.
  private struct WrittenImages {
    var placed = 0
    var unplaced = 0
    var isEmpty: Bool { placed == 0 }
  }

  /// Writes the table of the images that DaCHS takes in; gives what is in it.
  private func writeImages(from cutouts: String) throws -> WrittenImages {
    let cells = ServedImage.cells
    let table = try createTable(
      release.folder.file(ServedImage.file), columns: cells.map(\.column))
    var written = WrittenImages()
    try release.catalogue.readPlacedImages(in: release.database) { image in
      guard let served = ServedImage(image, of: survey.name, at: cutouts) else {
        written.unplaced += 1
        return
      }
      try table.write([cells.map { $0.cell(served) }])
      written.placed += 1
      if written.placed % 4096 == 0 {
        release.progress.update(
          "writing \(ServedImage.file)", done: written.placed, of: release.catalogue.rows)
      }
    }
    try table.finish()
    return written
  }
}
