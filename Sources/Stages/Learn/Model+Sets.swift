import Catalogue
import Morphology
import PostgreSQL

extension Catalogue.Model {
  /// The sets of classes that held-out sources give for a coverage; `nil` where there are none, or is none.
  ///
  /// - Throws: `MorphologyError.badOptions` for a coverage that is none.
  func sets(coverage: Double?, in database: Connection) throws -> PredictionSets? {
    guard let coverage, let heldOut = try heldOut(in: database) else { return nil }
    return try PredictionSets(coverage: coverage, heldOut: heldOut)
  }
}
