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
      .post("sources/:source/join") { try await $0.joinSource() },
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
    let filter = SourceFilter(fields)
    let size = 60
    let (sources, all) = try await pool.with { database in
      let work = try NewestWork.on(survey, in: database)
      return (
        try filter.sources(
          of: survey, scheme: scheme, work: work, at: fields.place, size: size, in: database),
        try filter.count(of: survey, scheme: scheme, work: work, in: database)
      )
    }
    let pager = pager(beside: sources.map(\.cell.source), size: size, of: all)
    let (action, isTable) = (base + "/sources", fields["view"] == "table")
    return try page(
      "sources", "Sources",
      [
        "action": action, "pager": pager, "isTable": isTable,
        "asTable": action + "?" + fields.setting("view", "table").encoded,
        "asMontage": action + "?" + fields.setting("view", nil).encoded,
        "fields": Dictionary(fields.pairs.map { ($0.name, $0.value) }) { first, _ in first },
        "labels": scheme.choices(chosen: filter.labelledAs),
        "classes": scheme.choices(chosen: filter.predictedAs),
        "orders": choices(
          SourceFilter.Order.allCases.map(\.rawValue), chosen: filter.order.rawValue),
        "montage": isTable ? nil : pictures(sources), "rows": isTable ? sources.map(row) : [],
      ])
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
      "label": scheme.names(of: source.labelledAs), "labelSwatch": source.labelledAs.first,
      "predicted": scheme.name(of: source.predictedAs), "predictedSwatch": source.predictedAs,
      "probability": source.probability.map { String(format: "%.3f", $0) } ?? "",
      "outlier": formatted(source.outlierScore.map(Double.init)),
    ]
  }
}

extension SourceFilter {
  /// Reads a filter from a query; blank fields do not filter.
  init(_ fields: Fields) {
    self.init()
    labelledAs = fields.number("label")
    predictedAs = fields.number("class")
    probability = fields.range("p")
    // Millijansky for people, jansky in the database.
    flux = fields.range("flux", scale: 1e-3)
    size = fields.range("size")
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

extension Fields {
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
