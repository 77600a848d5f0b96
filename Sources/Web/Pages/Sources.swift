import Astronomy
import Catalogue
import Foundation
import Hummingbird
import Markup
import PostgreSQL

extension Section {
  /// Lists of sources, and the page of each.
  static let browse = Section(
    name: "Browse", path: "sources",
    templates: [
      "sources": PackageResources.sources_mustache, "source": PackageResources.source_mustache,
    ],
    routes: [
      .get("sources") { try await $0.sourceList() },
      .get("sources/:source") { try await $0.sourcePage() },
      .get("sources/:source/picture") { try await $0.sourcePicture() },
      .get("sources/:source/like") { try await $0.likePage() },
      .post("sources/:source/join") { try await $0.joinSource() },
      .post("sources/:source/remark") { try await $0.remarkSource() },
      .post("questions") { try await $0.saveQuestion() },
      .get("source-by-number/:source") { try await $0.numberedSource() },
    ])
}

extension Visit {
  fileprivate func numberedSource() async throws -> Response {
    let number = try context.number("source")
    let cells = try await pool.with { try annotation.cells(of: [number], in: $0) }
    guard let name = cells.first?.name else {
      throw CatalogueError.missing("source \(number)", hint: "it may be of another survey")
    }
    return .redirect(to: address(ofSource: name))
  }

  fileprivate func sourceList() async throws -> Response {
    let work = try await pool.with { try NewestWork.on(survey, scheme: scheme, in: $0) }
    let sets = try await classSets(of: work)
    let filter = SourceFilter(fields, sets)
    let size = 60
    let (found, images, tags, saved) = try await pool.with { database in
      (
        try filter.page(
          of: survey, scheme: scheme, work: work, at: fields.place, size: size, in: database),
        try survey.counts(in: database).cutouts, try SourceFilter.Tag.all(in: database),
        try SavedQuestion.all(of: survey, in: database)
      )
    }
    let (sources, all) = found
    let pager = pager(beside: sources.map(\.cell.source), size: size, of: all)
    let (action, isTable) = (base + "/sources", fields["view"] == "table" || images == 0)
    return try page(
      "sources", "Sources",
      [
        "action": action, "pager": pager, "isTable": isTable,
        "lacksImages": images == 0 ? base + "/overview" : nil,
        "images": [("1", "has one"), ("0", "has none")].map {
          .choice($0, $1, isChosen: fields["image"] == $0)
        } as [Content],
        "remarks": choices(
          ["any flag"] + Remark.Kind.flags.map(\.rawValue) + ["note"], chosen: fields["flag"]),
        "tags": Content.each(tags.map { choice(of: $0, chosen: filter.tag) }),
        "saved": Content.each(saved.map { content($0, action: action) }),
        "save": base + "/questions", "query": fields.question.encoded,
        "asTable": action + "?" + fields.setting("view", "table").encoded,
        "asMontage": action + "?" + fields.setting("view", nil).encoded,
        "fields": Dictionary(fields.pairs.map { ($0.name, $0.value) }) { first, _ in first },
        "labels": scheme.choices(chosen: filter.labelledAs),
        "classes": scheme.choices(chosen: filter.predictedAs),
        "sets": sets?.content(of: scheme, chosen: fields["set"]),
        "orders": choices(
          SourceFilter.Order.allCases.map(\.rawValue), chosen: filter.order.rawValue),
        "marks": isTable
          ? nil : action + "?" + fields.setting("marks", look.isMarked ? nil : "1").encoded,
        "isMarked": look.isMarked, "montage": isTable ? nil : pictures(sources),
        "rows": isTable ? sources.map(row) : [],
      ])
  }

  private func choice(
    of found: (tag: SourceFilter.Tag, scheme: String, name: String), chosen: SourceFilter.Tag?
  ) -> Content {
    .choice(
      "\(found.tag.scheme).\(found.tag.id)", "\(found.name) (\(found.scheme))",
      isChosen: found.tag == chosen)
  }

  private func content(_ saved: SavedQuestion, action: String) -> Content {
    [
      "name": saved.name, "annotator": saved.annotator,
      "href": action + "?" + Fields(encoded: saved.query).question.encoded,
      "isCurrent": saved.query == fields.question.encoded,
    ]
  }

  /// Gives a question a name, or takes the name back.
  fileprivate func saveQuestion() async throws -> Response {
    let form = try await request.form()
    let isBack = form["remove"] != nil
    guard
      let name = (form["remove"] ?? form["name"])?.trimmingCharacters(in: .whitespacesAndNewlines),
      !name.isEmpty, name.unicodeScalars.count <= SavedQuestion.longest.name
    else {
      throw HTTPError(
        .badRequest,
        message:
          "a question is saved under a name of at most \(SavedQuestion.longest.name) characters")
    }
    let query = Fields(encoded: form["query"] ?? "").question.encoded
    guard query.utf8.count <= SavedQuestion.longest.query else {
      throw HTTPError(.badRequest, message: "that question is too long to be saved")
    }
    try await pool.with { try annotation.save(isBack ? nil : query, as: name, in: $0) }
    return try answer(
      next: base + "/sources?" + query, isBack ? "'\(name)' is taken back" : "saved as '\(name)'")
  }

  private func pictures(_ sources: [ListedSource]) -> Content {
    montage(
      sources.map(\.cell), columns: 10, captions: sources.map(caption),
      swatches: sources.map { $0.labelledAs.first ?? $0.predictedAs })
  }

  private func caption(_ source: ListedSource) -> String? {
    if let label = scheme.names(of: source.labelledAs) { return label }
    guard let predicted = scheme.name(of: source.predictedAs) else { return nil }
    return predicted + (source.probability.map { String(format: " %.2f", $0) } ?? "")
  }

  private func row(_ source: ListedSource) -> Content {
    [
      "name": source.cell.name, "href": address(ofSource: source.cell.name),
      "ra": source.position.map { String(format: "%.5f", $0.ra) } ?? "",
      "dec": source.position.map { String(format: "%+.5f", $0.dec) } ?? "",
      "flux": formatted(source.totalFlux.map { $0 * 1000 }), "size": formatted(source.majorAxis),
      "snr": formatted(source.signalToNoise),
      "label": scheme.names(of: source.labelledAs), "labelSwatch": source.labelledAs.first,
      "predicted": scheme.name(of: source.predictedAs), "predictedSwatch": source.predictedAs,
      "probability": source.probability.map { String(format: "%.3f", $0) } ?? "",
      "outlier": formatted(source.outlierScore.map(Double.init)),
    ]
  }
}

extension SourceFilter {
  /// Reads a filter from a query; blank fields do not filter, nor sets where there are none.
  init(_ fields: Fields, _ sets: ClassSets?) {
    self.init()
    labelledAs = fields.number("label")
    predictedAs = fields.number("class")
    set = sets?.question(fields["set"])
    probability = fields.range("p")
    // Millijansky for people, jansky in the database.
    flux = fields.range("flux", scale: 1e-3)
    size = fields.range("size")
    signalToNoise = fields.range("snr")
    hasImage = ["1": true, "0": false][fields["image"] ?? ""]
    remarks =
      fields["flag"] == "any flag"
      ? Remark.Kind.flags : [fields["flag"].flatMap(Remark.Kind.init)].compactMap(\.self)
    tag = fields["tag"].flatMap(Tag.init)
    cluster = fields.number("cluster")
    name = fields["name"]
    order = fields["order"].flatMap(Order.init) ?? .name
    if let ra: Double = fields.number("ra"), let dec: Double = fields.number("dec"),
      let radius: Double = fields.number("radius"), radius > 0
    {
      cone = Cone(centre: SkyPosition(ra: ra, dec: dec), radius: radius / 60)
    }
  }
}

extension SourceFilter.Tag {
  /// Reads a tag as the page writes it: the scheme, a point, the tag.
  fileprivate init?(_ text: String) {
    let parts = text.split(separator: ".")
    guard parts.count == 2, let scheme = Int32(parts[0]), let id = Int16(parts[1]) else {
      return nil
    }
    self.init(scheme: Int(scheme), id: id)
  }
}

extension Fields {
  /// What of the fields is the question for sources, without the page of its answer.
  fileprivate var question: Fields {
    var question = Fields()
    for name in Self.ofQuestions { question = question.setting(name, self[name]) }
    return question
  }

  /// The fields that a question for sources can have.
  private static let ofQuestions = [
    "label", "class", "set", "p_min", "p_max", "flux_min", "flux_max", "size_min", "size_max",
    "snr_min",
    "snr_max", "image", "flag", "tag", "ra", "dec", "radius", "name", "cluster", "order", "view",
  ]

  /// Where a page of sources lies; a page that is named by its number alone is the first.
  fileprivate var place: SourceFilter.Place? {
    number("after").map(SourceFilter.Place.after) ?? number("before").map(SourceFilter.Place.before)
  }

  /// The range between `…_min` and `…_max`, each of which may be blank; `nil` where both are, or
  /// nothing lies between.
  fileprivate func range(_ name: String, scale: Double = 1) -> ClosedRange<Double>? {
    let low: Double? = number(name + "_min")
    let high: Double? = number(name + "_max")
    guard low != nil || high != nil else { return nil }
    let bounds = (
      low.map { $0 * scale } ?? -.greatestFiniteMagnitude,
      high.map { $0 * scale } ?? .greatestFiniteMagnitude
    )
    return bounds.0 <= bounds.1 ? bounds.0...bounds.1 : nil
  }
}
