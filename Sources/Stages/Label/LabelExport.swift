import Astronomy
public import Catalogue
import PostgreSQL
import Tables

extension Workplace {
  /// Writes the labels that count now as a table that `reber label import` reads.
  ///
  /// Of a scheme of tags a row has what an annotator says of a source, with a column for each tag: true,
  /// false, or nothing where the annotator says nothing of it.
  ///
  /// - Parameters:
  ///   - path: The file; FITS, VOTable or CSV by its extension.
  ///   - survey: The survey.
  ///   - scheme: The class scheme.
  /// - Returns: The number of rows.
  /// - Throws: `CatalogueError` for an unknown survey or scheme, `FileError` for the file.
  public func exportLabels(
    to path: String, of survey: String, scheme: String = ClassScheme.twelveClasses
  ) async throws -> Int {
    let survey = try await self.survey(survey)
    let (scheme, labels) = try await database.with { database in
      let scheme = try ClassScheme.named(scheme, in: database)
      return (scheme, try ListedLabel.all(of: survey, scheme: scheme, in: database))
    }
    let metadata = Metadata(
      name: "labels", description: "Labels of survey \(survey.name) in scheme \(scheme.name).",
      frame: "ICRS", entries: [.init("SIMULATE", .boolean(survey.simulated))])
    let columns =
      positionColumns(\ListedLabel.source, ra: \.ra, dec: \.dec) + [
        CellColumn(
          "class", \ListedLabel.className, ucd: "src.class",
          description: "What the annotator says it is")
      ] + circumstances { $0 }
    guard scheme.isTags else {
      try writeTable(labels, to: path, columns, metadata: metadata)
      return labels.count
    }
    let rows = TaggedSource.rows(of: labels)
    try writeTable(rows, to: path, TaggedSource.columns(of: scheme), metadata: metadata)
    return rows.count
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

  /// Writes a sheet of sources that an annotator has labelled, to be labelled once more, with a class column to fill in.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - count: The most sources to list, of those labelled longest ago.
  ///   - survey: The survey.
  ///   - scheme: The class scheme.
  ///   - annotator: Who is asked again.
  /// - Returns: The sources.
  /// - Throws: `CatalogueError` for tags, and where nothing of the annotator is left to be asked about; `FileError`.
  public func chooseAgain(
    to path: String, count: Int, of survey: String, scheme: String = ClassScheme.twelveClasses,
    annotator: String
  ) async throws -> [AskedAgain] {
    let survey = try await self.survey(survey)
    let chosen = try await database.with { database in
      let scheme = try ClassScheme.named(scheme, in: database)
      try scheme.checkOneClass(for: "asking again")
      return try Annotation(survey: survey, scheme: scheme, annotator: annotator)
        .askedAgain(count, in: database)
    }
    guard !chosen.isEmpty else {
      throw CatalogueError.missing(
        "source of '\(survey.name)' to ask '\(annotator)' about again",
        hint:
          "name somebody who has labelled some that have an image; each is asked about again once")
    }
    try writeTable(
      chosen, to: path, positionColumns(\.source, ra: \.ra, dec: \.dec) + [classToFillIn()])
    return chosen
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

extension Workplace {
  /// Writes labels that folds contradict as a sheet with a class column to fill in; what is left blank stays as it is.
  ///
  /// - Throws: `FileError` for the file.
  public func writeSheet(_ labels: [ContradictedLabel], to path: String) throws {
    try writeTable(
      labels, to: path,
      positionColumns(\.source, ra: \.ra, dec: \.dec) + [
        classToFillIn(),
        CellColumn("label", \.label, ucd: "src.class", description: "What it is labelled as"),
        CellColumn("folds_say", \.said, ucd: "src.class", description: "What held-out folds say"),
        CellColumn(
          "doubt", \.doubt, ucd: "stat.likelihood",
          description: "Logarithm of how much more probable that is"),
      ])
  }
}

/// What an annotator says of a source's tags, as surely and in the same way.
private struct TaggedSource {
  /// One of the labels.
  let label: ListedLabel

  /// By tag, whether it applies.
  let applies: [String: Bool]

  /// The labels, put together by source, annotator, confidence and method.
  static func rows(of labels: [ListedLabel]) -> [Self] {
    struct Key: Hashable {
      let source, annotator, method: String
      let confidence: Float
    }
    let together = Dictionary(grouping: labels.enumerated()) { item in
      Key(
        source: item.element.source, annotator: item.element.annotator,
        method: item.element.method, confidence: item.element.confidence)
    }
    return together.values.sorted { $0[0].offset < $1[0].offset }.map { same in
      var newest = same[0].element
      newest.labelledAt = same.map(\.element.labelledAt).max() ?? newest.labelledAt
      return Self(
        label: newest,
        applies: Dictionary(
          same.map { ($0.element.className, !$0.element.denies) }, uniquingKeysWith: { $1 }))
    }
  }

  /// A column for each tag between those that say which source it is and who says so.
  static func columns(of scheme: ClassScheme) -> [CellColumn<Self>] {
    positionColumns(\.label.source, ra: \.label.ra, dec: \.label.dec)
      + scheme.classes.map { tag in
        CellColumn(
          ClassScheme.columnName(tag.name), { $0.applies[tag.name] }, ucd: "src.class",
          description: "Whether '\(tag.name)' applies, as the annotator says")
      } + circumstances(\.label)
  }
}

/// The columns that say who gave a label, how and when.
private func circumstances<Row>(_ label: @escaping (Row) -> ListedLabel) -> [CellColumn<Row>] {
  [
    CellColumn(
      "annotator", { label($0).annotator }, ucd: "obs.observer", description: "Who says so"),
    CellColumn(
      "confidence", { label($0).confidence }, ucd: "stat.likelihood", description: "How surely"),
    CellColumn(
      "method", { label($0).method }, ucd: "meta.note", description: "How the label was given"),
    CellColumn(
      "labelled_at", { label($0).labelledAt }, ucd: "time.processing", description: "When, UTC"),
  ]
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
    classToFillIn(),
  ]
}

/// The column of a sheet that a person fills in.
private func classToFillIn<Row>() -> CellColumn<Row> {
  CellColumn("class", { _ in String?.none }, ucd: "src.class", description: "To be filled in")
}
