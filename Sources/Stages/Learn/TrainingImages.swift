import Catalogue
import Morphology
import PostgreSQL

/// Images of the database that are read anew each time they are asked for.
struct StoredImages: ImageSource {
  let database: Database
  let surveys: [Survey]
  let preprocessing: Preprocessing

  /// The keys in `reber.cutout`, with the noise that was found when each was first prepared.
  private(set) var cutouts: [(id: Int, sigma: Float)] = []

  init(_ database: Database, of surveys: [Survey], by preprocessing: Preprocessing) {
    self.database = database
    self.surveys = surveys
    self.preprocessing = preprocessing
  }

  var count: Int { cutouts.count }

  mutating func add(_ image: PreparedCutout) {
    cutouts.append((image.cutout, image.image.sigma))
  }

  func images(at places: [Int]) async throws -> [Prepared] {
    let chosen = places.map { cutouts[$0] }
    let stored = try await database.with {
      try StoredCutout.read(chosen.map(\.id), of: surveys, in: $0)
    }
    return try preprocessing.prepare(stored, sigmas: chosen.map(\.sigma)).map(\.image)
  }
}

extension Workplace {
  /// The current cutouts of surveys that show something, to learn from: in memory where they fit.
  ///
  /// - Returns: The images, and the number of those left out since they are empty.
  func trainingImages(
    of surveys: [Survey], by preprocessing: Preprocessing, run: Int
  ) async throws -> (images: any ImageSource, empty: Int) {
    let counts = try await database.with { database in
      try surveys.map { try $0.counts(in: database).cutouts }
    }
    let total = counts.reduce(0, +)
    let fits = total * preprocessing.preparedBytes <= limits.imageMemory
    if !fits { progress.note("images do not fit in memory: they are read again in every epoch") }
    var stored = StoredImages(database, of: surveys, by: preprocessing)
    var (kept, done) = ([Prepared](), 0)
    for survey in surveys {
      var seen: [TrainingSource] = []
      try await forEachChunk(of: survey) { chunk in
        for image in try preprocessing.prepare(chunk) where !image.image.isEmpty {
          seen.append(TrainingSource(source: image.source, cutout: image.cutout))
          if fits { kept.append(image.image) } else { stored.add(image) }
        }
        done += chunk.count
        progress.update("preparing images", done: done, of: total)
      }
      let sources = seen
      try await database.with { try TrainingSource.write(sources, of: survey, run: run, in: $0) }
    }
    let images: any ImageSource = fits ? kept : stored
    return (images, total - images.count)
  }
}
