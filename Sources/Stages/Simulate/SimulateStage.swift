import Astronomy
import Digest
import FITS
import Foundation
public import Simulation
import Tensor

/// What a simulation wrote.
public struct SimulationMetrics: Codable, Sendable {
  /// The catalogue.
  public var catalogue: String
  /// The true classes, as labels to import.
  public var truth: String
  /// The folder of the mosaics.
  public var images: String
  /// Sources in the catalogue.
  public var sources = 0
  /// Mosaics of the survey.
  public var mosaics = 0
  /// Mosaics that an earlier run had written with the same options.
  public var kept = 0
  /// Sources by class.
  public var byClass: [String: Int] = [:]
  /// SHA-256 of the options, which every file names.
  public var options: String
}

extension SimulatedSurvey {
  /// Writes the mosaics, the catalogue and the true classes into a folder, without a database.
  ///
  /// Files that the same options wrote before are kept, so that a killed simulation goes on where
  /// it was; the same options give the same bytes on any number of cores.
  ///
  /// - Parameters:
  ///   - folder: Made where it is missing. It gets `simulated-catalogue.fits`,
  ///     `simulated-truth.fits` and `images/simulated-NNNNN.fits`.
  ///   - progress: Told of every mosaic.
  /// - Returns: Where the files are and what is in them.
  /// - Throws: `SimulationError` for options that make no survey, `SimulationFolderError` where the
  ///   folder holds another simulation, `FileError` where it cannot be written.
  public func write(
    to folder: String, progress: any ProgressDisplay
  ) throws -> SimulationMetrics {
    try validate()
    let place = try SimulationFolder(folder, digest: try digest())
    let tables = try SimulatedTables(self, in: place)
    var metrics = SimulationMetrics(
      catalogue: place.catalogue, truth: place.truth, images: place.images, mosaics: tileCount,
      options: place.digest)
    for number in 0..<tileCount {
      let tile = try SimulatedTile(self, number: number)
      try tables.write(tile)
      for source in tile.sources { metrics.byClass[source.kind.rawValue, default: 0] += 1 }
      metrics.sources += tile.sources.count
      if place.hasImage(number, size: tileSize) {
        metrics.kept += 1
      } else {
        try write(tile, to: place.image(number), digest: place.digest)
      }
      progress.update("simulating", done: metrics.sources, of: sources)
    }
    try tables.finish()
    return metrics
  }

  private func write(_ tile: SimulatedTile, to path: String, digest: String) throws {
    let image = tile.image()
    try ImageWriter.write(
      image.values, width: tileSize, height: tileSize,
      keywords: keywords(of: tile, digest: digest), comments: SimulationFolder.words, to: path)
  }

  /// SHA-256 of everything that the files follow from.
  func digest() throws -> String { try simulationDigest(of: self, version: Self.version) }
}

/// SHA-256 of the options of a simulation and its version.
func simulationDigest(of options: some Encodable, version: Int) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = .sortedKeys
  return SHA256.hash(try encoder.encode(options) + Data("version \(version)".utf8)).hex
}
