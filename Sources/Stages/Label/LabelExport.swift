import Astronomy
public import Catalogue
import PostgreSQL
import Tables

extension Workplace {
  /// Writes the labels that count now as a table that `reber label import` reads.
  ///
  /// - Parameters:
  ///   - path: The file; FITS, VOTable or CSV by its extension.
  ///   - survey: The survey.
  ///   - scheme: The class scheme.
  /// - Returns: The number of labels.
  /// - Throws: `CatalogueError` for an unknown survey or scheme, `FileError` for the file.
  public func exportLabels(
    to path: String, of survey: String, scheme: String = ClassScheme.twelveClasses
  ) async throws -> Int {
    let survey = try await self.survey(survey)
    let labels = try await database.with { database in
      try ListedLabel.all(
        of: survey, scheme: try ClassScheme.named(scheme, in: database), in: database)
    }
    let table = try createTable(
      path,
      columns: positionColumns + [
        Column("class", .string, ucd: "src.class", description: "What the annotator says it is"),
        Column("annotator", .string, ucd: "obs.observer", description: "Who says so"),
        Column("confidence", .float, ucd: "stat.likelihood", description: "How surely"),
        Column("method", .string, ucd: "meta.note", description: "How the label was given"),
        Column("labelled_at", .string, ucd: "time.processing", description: "When, UTC"),
      ],
      metadata: Metadata(
        name: "labels", description: "Labels of survey \(survey.name) in scheme \(scheme).",
        frame: "ICRS", entries: [.init("SIMULATE", .boolean(survey.simulated))]))
    try table.write(
      labels.map { label in
        [
          .text(label.source), Value(label.ra ?? .nan), Value(label.dec ?? .nan),
          .text(label.className), .text(label.annotator), .real(Double(label.confidence)),
          .text(label.method), .text(label.labelledAt),
        ]
      })
    try table.finish()
    return labels.count
  }

  /// Writes a sheet of unlabelled sources from all clusters alike, with a class column to fill in.
  ///
  /// - Parameters:
  ///   - path: The file; CSV is the one a spreadsheet opens.
  ///   - count: The most sources to list.
  ///   - survey: The survey, which must have been clustered.
  ///   - scheme: The class scheme; sources with a label in it are left out.
  ///   - clustering: The clustering; the newest where it is `nil`.
  ///   - seed: Decides which sources of a cluster come first.
  /// - Returns: The number of sources.
  /// - Throws: `CatalogueError` without a clustering, `FileError` for the file.
  public func chooseSources(
    to path: String, count: Int, of survey: String, scheme: String = ClassScheme.twelveClasses,
    clustering: Int? = nil, seed: UInt64 = 1
  ) async throws -> Int {
    let survey = try await self.survey(survey)
    let chosen = try await database.with { database in
      try Clustering.find(of: survey, numbered: clustering, in: database).candidates(
        count, unlabelledIn: try ClassScheme.named(scheme, in: database), seed: seed,
        in: database)
    }
    let table = try createTable(
      path,
      columns: positionColumns + [
        Column("cluster", .int32, ucd: "meta.code.class", description: "Leaf of the clustering"),
        Column("class", .string, ucd: "src.class", description: "To be filled in"),
      ])
    try table.write(
      chosen.map { source in
        [
          .text(source.source), Value(source.ra ?? .nan), Value(source.dec ?? .nan),
          .integer(Int64(source.cluster)), .null,
        ]
      })
    try table.finish()
    return chosen.count
  }
}

/// The columns that say which source a row is about.
let positionColumns = [
  Column("name", .string, ucd: "meta.id;meta.main", description: "Identifier within the survey"),
  Column(
    "ra", .double, unit: "deg", ucd: "pos.eq.ra;meta.main", description: "Right ascension, ICRS"),
  Column(
    "dec", .double, unit: "deg", ucd: "pos.eq.dec;meta.main", description: "Declination, ICRS"),
]
