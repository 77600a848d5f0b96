import Catalogue
import Morphology
import NeuralNetwork
import PostgreSQL

/// Images of the database that are read anew each time they are asked for.
struct StoredImages: ImageSource {
  let database: Database
  let surveys: [Survey]
  let preprocessing: Preprocessing

  /// In the order of their places.
  private(set) var cutouts: [SeenCutout] = []

  init(_ database: Database, of surveys: [Survey], by preprocessing: Preprocessing) {
    self.database = database
    self.surveys = surveys
    self.preprocessing = preprocessing
  }

  var count: Int { cutouts.count }

  mutating func add(_ seen: [SeenCutout]) { cutouts += seen }

  func images(at places: [Int]) async throws -> [Prepared] {
    let chosen = places.map { cutouts[$0] }
    let stored = try await database.with {
      try StoredCutout.read(chosen.map(\.cutout), of: surveys, in: $0)
    }
    return try preprocessing.prepare(stored, sigmas: chosen.map(\.sigma)).map(\.image)
  }
}

extension Workplace {
  /// The current cutouts of surveys that show something, to learn from: in memory where they fit.
  ///
  /// Of several ranks each reads and prepares a share of them, and is told of the rest; those of a
  /// machine share its memory. What does not fit each reads as it needs it: its part of every step.
  ///
  /// - Returns: The images, and the number of those left out since they are empty.
  func trainingImages(
    of surveys: [Survey], by preprocessing: Preprocessing, run: Int
  ) async throws -> (images: any ImageSource, empty: Int) {
    let counts = try await database.with { database in
      try surveys.map { try $0.counts(in: database).cutouts }
    }
    let total = counts.reduce(0, +)
    let fits = fits(total * preprocessing.preparedBytes)
    if !fits { progress.note("images do not fit in memory: they are read again in every epoch") }
    var stored = StoredImages(database, of: surveys, by: preprocessing)
    var (kept, done) = ([Prepared](), 0)
    for survey in surveys {
      var (seen, images) = ([SeenCutout](), [Prepared]())
      try await forEachChunk(of: survey, ranks.cutouts) { chunk in
        for image in try preprocessing.prepare(chunk) where !image.image.isEmpty {
          seen.append(SeenCutout(image))
          if fits { images.append(image.image) }
        }
        done += chunk.count * ranks.count
        progress.update("preparing images", done: min(done, total), of: total)
      }
      let all = ranks.together(seen, fits ? images : nil, by: preprocessing)
      if fits { kept += all.images } else { stored.add(all.seen) }
      try await write(all.seen, of: survey, run: run)
    }
    let images: any ImageSource = fits ? kept : stored
    return (images, total - images.count)
  }

  /// Whether every rank has room for so many bytes.
  private func fits(_ bytes: Int) -> Bool {
    ranks.sum(bytes * ranks.onThisMachine <= limits.imageMemory ? 0 : 1) == 0
  }

  /// Writes what a training sees of a survey.
  private func write(_ seen: [SeenCutout], of survey: Survey, run: Int) async throws {
    let sources = seen.map { TrainingSource(source: $0.source, cutout: $0.cutout) }
    try await asFirst { try TrainingSource.write(sources, of: survey, run: run, in: $0) }
  }

  /// Lets the first rank alone do something with the database, for which the others wait.
  func asFirst(_ body: @escaping @Sendable (Connection) throws -> Void) async throws {
    if ranks.isFirst { try await database.with(body) }
    ranks.meet()
  }
}
