public import Astronomy
public import Catalogue
import Foundation
import PostgreSQL

/// Reads a survey: its source catalogue, its images, or both.
public struct Ingest: Sendable {
  /// The survey's name; the survey is made where there is none of that name.
  public var survey: String

  /// The source catalogue: FITS, VOTable or CSV.
  public var catalogue: String?

  /// Image files, and folders of them.
  public var images: [String] = []

  /// The data release that the catalogue is, such as `dr2`; a new one follows the newest of the survey.
  public var release: String?

  /// How far from its place in the former release a source is looked for, arcsec.
  public var matchRadius: Double?

  /// Columns by part of a source, as the user said: `["ra": "RAJ2000", "name": "field+id"]`.
  public var columns: [String: String] = [:]

  /// Units by column, as the user said: `["Maj": "deg"]`.
  public var units: [String: String] = [:]

  /// The profile of the catalogue's columns, by its name or file; `none` for none.
  ///
  /// Without it the one that fits is taken.
  public var profile: String?

  /// The profiles to choose from; those of the user and the program without them.
  public var profiles: SurveyProfiles?

  /// The frame of the positions, where the catalogue does not say it right.
  public var frame: CelestialFrame?

  /// Whether nothing may be assumed that the catalogue does not say.
  public var isStrict = false

  /// How images become cutouts.
  public var cutting = Cutting()

  /// What the user knows of the survey; it is believed before what image headers say.
  public var observation = Survey.Observation()

  /// Describes an ingest into a survey.
  public init(survey: String) {
    self.survey = survey
  }

  /// How images become cutouts.
  public struct Cutting: Codable, Sendable, Equatable {
    /// What images are taken for; decided for each where it is `nil`.
    public var takenAs: Kind?

    /// Side of the cutouts taken from mosaics, arcsec; 20 beams or 80 pixels where nothing is said.
    public var size: Double?

    /// Side of the cutouts as a multiple of the source's size, never below `size`.
    public var sizeFactor: Double?

    /// How far from an image's centre its source may be, arcsec; a beam or 5 pixels where nothing
    /// is said.
    public var tolerance: Double?

    /// Arcsec a pixel of images that do not say so themselves.
    public var pixelScale: Float?

    /// The defaults: what an image is and how large its cutouts are follows from the survey.
    public init() {}

    /// What an image is.
    public enum Kind: String, Codable, Sendable, CaseIterable {
      /// It shows one source, and is taken whole.
      case cutouts
      /// It shows many sources, and is cut at their positions.
      case mosaics
    }
  }

  /// What an ingest did.
  public struct Report: Codable, Sendable {
    /// The survey.
    public var survey: String

    /// What the catalogue brought.
    public var catalogue: StageReport<CatalogueMetrics>?

    /// What the images brought.
    public var images: StageReport<ImageMetrics>?

    /// Sources of the survey now.
    public var sources = 0

    /// Sources that have an image.
    public var cutouts = 0

    /// Sources that no ingested image shows; the view `reber.source_without_image` lists them.
    public var withoutImage = 0

    /// The first of those, by name.
    public var firstWithoutImage: [String] = []

    /// Rows and images that were set aside in `reber.rejected`.
    public var rejected: Int {
      (catalogue?.metrics.changes.rejected ?? 0) + (images?.metrics.rejected ?? 0)
    }
  }
}

extension Workplace {
  /// Ingests a catalogue, images, or both: each is a run of its own.
  ///
  /// - Throws: `IngestError` where there is nothing to ingest or nothing of it is usable,
  ///   `CatalogueError.badName`, and what reading throws.
  public func ingest(_ options: Ingest) async throws -> Ingest.Report {
    guard options.catalogue != nil || !options.images.isEmpty else {
      throw IngestError.nothingToDo
    }
    try Survey.check(name: options.survey)
    let files = try ImageFile.all(in: options.images, except: options.catalogue)
    var report = Ingest.Report(survey: options.survey)
    if let catalogue = options.catalogue {
      report.catalogue = try await surviving {
        try await ingest(catalogue: catalogue, options, after: $0)
      }
    }
    if !files.isEmpty {
      report.images = try await surviving { try await ingest(files, options, after: $0) }
    }
    let made = report
    return try await surviving { _ in try await conclude(made, options) }
  }

  private func conclude(
    _ report: Ingest.Report, _ options: Ingest
  ) async throws -> Ingest.Report {
    try await database.with { database in
      var report = report
      let survey = try Survey.named(options.survey, in: database)
      try survey.describe(options.observation, in: database)
      let runs = [report.catalogue?.run, report.images?.run]
      try Ingestion.end(runs.compactMap(\.self), into: survey, in: database)
      let counts = try survey.counts(in: database)
      (report.sources, report.cutouts) = (counts.sources, counts.cutouts)
      report.withoutImage = counts.withoutImage
      report.firstWithoutImage = try Source.namesWithoutImage(of: survey, atMost: 10, in: database)
      return report
    }
  }
}
