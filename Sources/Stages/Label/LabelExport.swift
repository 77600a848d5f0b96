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
    try writeTable(
      labels, to: path,
      positionColumns(\.source, ra: \.ra, dec: \.dec) + [
        CellColumn(
          "class", \.className, ucd: "src.class", description: "What the annotator says it is"),
        CellColumn("annotator", \.annotator, ucd: "obs.observer", description: "Who says so"),
        CellColumn("confidence", \.confidence, ucd: "stat.likelihood", description: "How surely"),
        CellColumn("method", \.method, ucd: "meta.note", description: "How the label was given"),
        CellColumn("labelled_at", \.labelledAt, ucd: "time.processing", description: "When, UTC"),
      ],
      metadata: Metadata(
        name: "labels", description: "Labels of survey \(survey.name) in scheme \(scheme).",
        frame: "ICRS", entries: [.init("SIMULATE", .boolean(survey.simulated))]))
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
    try writeTable(
      chosen, to: path,
      positionColumns(\.source, ra: \.ra, dec: \.dec) + sheetColumns(cluster: \.cluster))
    return chosen.count
  }

  /// Writes suggested sources as a sheet with a class column to fill in.
  ///
  /// - Throws: `FileError` for the file.
  public func writeSheet(_ sources: [LabelSuggestion.Source], to path: String) throws {
    try writeTable(
      sources, to: path,
      positionColumns(\.source, ra: \.ra, dec: \.dec) + sheetColumns(cluster: \.cluster) + [
        CellColumn("guess", \.guess, ucd: "meta.note", description: "What it looks like so far"),
        CellColumn(
          "doubt", \.doubt, ucd: "stat.probability", description: "About that guess, 0 to 1"),
        CellColumn(
          "gain", \.gain, ucd: "stat.weight", description: "Part of the need it covers"),
      ])
  }
}

/// The columns that say which source a row is about.
private func positionColumns<Row>(
  _ name: @escaping (Row) -> String, ra: @escaping (Row) -> Double?,
  dec: @escaping (Row) -> Double?
) -> [CellColumn<Row>] {
  [
    CellColumn(
      "name", name, ucd: "meta.id;meta.main", description: "Identifier within the survey"),
    CellColumn(
      "ra", ra, unit: "deg", ucd: "pos.eq.ra;meta.main", description: "Right ascension, ICRS"),
    CellColumn(
      "dec", dec, unit: "deg", ucd: "pos.eq.dec;meta.main", description: "Declination, ICRS"),
  ]
}

/// The columns of a sheet whose classes are still to be filled in.
private func sheetColumns<Row>(cluster: @escaping (Row) -> Int?) -> [CellColumn<Row>] {
  [
    CellColumn(
      "cluster", cluster, ucd: "meta.code.class", description: "Leaf of the clustering"),
    CellColumn(
      "class", { _ in String?.none }, ucd: "src.class", description: "To be filled in"),
  ]
}
