import Catalogue
import Foundation
import Morphology
import PostgreSQL

/// How images are prepared, and what was chosen that a person should know.
struct FittedViews: Sendable {
  var preprocessing: Preprocessing
  var notes: [String] = []

  /// Fits views to the sources of the surveys that are learned from: to `sizeFactor` times their
  /// extents or, where that is `nil`, since somebody has said how much sky they show, as
  /// `preprocessing` says.
  init(
    of surveys: [Survey], _ preprocessing: Preprocessing, sizeFactor: Double?,
    in database: Connection
  ) throws {
    self.preprocessing = preprocessing
    guard let sizeFactor else { return }
    let sizes = try SourceSizes.shown(by: surveys, in: database)
    self.preprocessing.framing = sizes.framing(sizeFactor: sizeFactor)
    notes = [sizes.words(self.preprocessing.framing)]
  }
}

extension SourceSizes {
  /// The extents of fewer images say nothing of the others.
  private static let leastMeasured = 0.5

  /// Images that show less than this times what views of the largest sources do fit as they are.
  private static let fits = 1.25

  /// How far views reach: none less than the median source needs, which a smaller one shows in its
  /// surroundings; `nil` where whole images fit their sources, or sizes are not known.
  func framing(sizeFactor: Double) -> Framing? {
    guard Double(measured) >= Self.leastMeasured * Double(images), let median, let large,
      let field, field > Self.fits * sizeFactor * median
    else { return nil }
    return Framing(
      sizeFactor: sizeFactor, least: sizeFactor * median, most: field,
      usual: min(field, sizeFactor * large))
  }

  func words(_ framing: Framing?) -> String {
    guard let framing, let field else {
      return Double(measured) < Self.leastMeasured * Double(images)
        ? """
        views show whole images: how large sources are on them is known of \(measured) of \
        \(images); 'reber ingest' measures it, of images that are there too
        """
        : "views show whole images, which fit their sources"
    }
    return """
      views show \(arcsec(framing.least)) of images of \(arcsec(field)), and \(framing.sizeFactor) \
      times the size of each source that needs more; --field-of-view or --crop-fraction 1 shows \
      another part
      """
  }
}
