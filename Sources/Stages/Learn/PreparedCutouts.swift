package import Catalogue
package import Morphology
import NeuralNetwork
import PostgreSQL
import Tensor

/// A cutout of the database, ready for views.
package struct PreparedCutout: Sendable {
  /// The source it shows.
  package var source: Int

  /// The key in `reber.cutout`.
  var cutout: Int

  /// The prepared image.
  package var image: Prepared
}

extension Preprocessing {
  /// Prepares cutouts on all cores; `beam` is that of their survey (FWHM), in arcsec.
  ///
  /// `sigmas` is the noise of each, where it is known.
  ///
  /// - Throws: `LearnError.badCutout`, which names the cutout that could not be prepared.
  package func prepare(
    _ cutouts: [StoredCutout], beam: Double? = nil, sigmas: [Float]? = nil
  ) throws -> [PreparedCutout] {
    var results = [Result<PreparedCutout, any Error>?](repeating: nil, count: cutouts.count)
    results.withUnsafeMutableBufferPointer { results in
      nonisolated(unsafe) let results = results
      parallel(over: cutouts.count, chunk: 4) { _, items in
        for item in items {
          results[item] = Result { try prepare(cutouts[item], beam: beam, sigma: sigmas?[item]) }
        }
      }
    }
    return try results.compactMap { try $0?.get() }
  }

  private func prepare(
    _ cutout: StoredCutout, beam: Double?, sigma: Float?
  ) throws -> PreparedCutout {
    let image = Tensor(shape: [cutout.height, cutout.width], values: cutout.values)
    do {
      let prepared = try prepare(
        image, pixelScale: cutout.pixelScale.map(Double.init), imageBeam: beam,
        extent: cutout.sourceExtent.map(Double.init), sigma: sigma)
      return PreparedCutout(source: cutout.source, cutout: cutout.id, image: prepared)
    } catch {
      throw LearnError.badCutout(cutout.id, source: cutout.source, reason: "\(error)")
    }
  }
}

extension Workplace {
  /// Cutouts read together.
  static let chunk = 256

  /// Goes through a survey's current cutouts in the order of their sources, a chunk at a time; the
  /// next chunk is read while `body` works.
  func forEachChunk(
    of survey: Survey, _ selection: CutoutSelection = .all,
    _ body: ([StoredCutout]) async throws -> Void
  ) async throws {
    let database = database
    let read: @Sendable (Int) -> Task<[StoredCutout], any Error> = { source in
      Task {
        try await database.with {
          try StoredCutout.next(Self.chunk, of: survey, after: source, selection, in: $0)
        }
      }
    }
    var next = read(0)
    while let chunk = try await Optional(next.value), let last = chunk.last {
      next = read(last.source)
      try await body(chunk)
    }
  }

  /// All current cutouts of a survey, or those of some sources, prepared, in the order of the
  /// sources; of several ranks each prepares a share, and has all of them in the end.
  func prepared(
    _ survey: Survey, by preprocessing: Preprocessing, only sources: [Int]? = nil
  ) async throws -> [PreparedCutout] {
    let total = try await database.with { try survey.counts(in: $0).cutouts }
    var all: [PreparedCutout] = []
    let selection =
      sources.map { CutoutSelection.sources(Array($0[ranks.share(of: $0.count)])) }
      ?? ranks.cutouts
    try await forEachChunk(of: survey, selection) { chunk in
      all += try preprocessing.prepare(chunk, beam: survey.observation.beam)
      progress.update(
        "preparing images", done: all.count * ranks.count, of: sources?.count ?? total)
    }
    guard ranks.count > 1 else { return all }
    let (seen, images) = ranks.together(
      all.map(SeenCutout.init), all.map(\.image), by: preprocessing)
    return zip(seen, images).map {
      PreparedCutout(source: $0.source, cutout: $0.cutout, image: $1)
    }
  }
}
