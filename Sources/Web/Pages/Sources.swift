import Astronomy
import Catalogue
import Foundation
import Hummingbird
import PostgreSQL

extension Section {
  static let browse = Section(
    name: "Browse", path: "sources",
    templates: [
      "sources": PackageResources.sources_mustache, "source": PackageResources.source_mustache,
    ], addRoutes: Site.addSourcePages)
}

extension Site {
  /// Lists of sources, and the page of each.
  func addSourcePages(to router: Router<PageContext>) {
    router.get("/:survey/sources") { request, context -> Response in
      try await sourceList(request, context)
    }
    router.get("/:survey/sources/:source") { request, context -> Response in
      try await sourcePage(request, context)
    }
    router.get("/:survey/source-by-number/:source") { _, context -> Response in
      let annotation = try await annotation(context)
      let number = try context.number("source")
      let cells = try await pool.with { try annotation.cells(of: [number], in: $0) }
      guard let name = cells.first?.name else {
        throw CatalogueError.missing("source \(number)", hint: "it may be of another survey")
      }
      return .redirect(to: "/\(annotation.survey.name)/sources/\(percentEncoded(name))")
    }
  }

  private func sourceList(_ request: Request, _ context: PageContext) async throws -> Response {
    let annotation = try await annotation(context)
    let fields = request.fields
    let filter = SourceFilter(fields)
    let page = max(0, fields.number("page") ?? 0)
    let (sources, all) = try await pool.with { database in
      try filter.sources(
        of: annotation.survey, scheme: annotation.scheme,
        work: NewestWork.on(annotation.survey, in: database),
        page: page, size: SourcesContent.size, in: database)
    }
    return try self.page(
      "sources", "Sources", in: .browse, of: annotation.survey, context,
      SourcesContent(
        sources, filter, fields, Pager(page, size: SourcesContent.size, of: all, request),
        annotation))
  }
}

extension SourceFilter {
  /// Reads a filter from a query; blank fields do not filter.
  init(_ fields: Fields) {
    self.init()
    labelledAs = fields.number("label")
    predictedAs = fields.number("class")
    probability = Self.range(fields, "p")
    // Millijansky for people, jansky in the database.
    flux = Self.range(fields, "flux", scale: 1e-3)
    size = Self.range(fields, "size")
    cluster = fields.number("cluster")
    name = fields["name"]
    order = fields["order"].flatMap(Order.init) ?? .name
    if let ra: Double = fields.number("ra"), let dec: Double = fields.number("dec"),
      let radius: Double = fields.number("radius"), radius > 0
    {
      cone = Cone(centre: SkyPosition(ra: ra, dec: dec), radius: radius / 60)
    }
  }

  private static func range(
    _ fields: Fields, _ name: String, scale: Double = 1
  ) -> ClosedRange<Double>? {
    let low: Double? = fields.number(name + "_min")
    let high: Double? = fields.number(name + "_max")
    guard low != nil || high != nil else { return nil }
    let bounds = ((low ?? -.greatestFiniteMagnitude), (high ?? .greatestFiniteMagnitude))
    guard bounds.0 <= bounds.1 else { return nil }
    return bounds.0 * (low == nil ? 1 : scale)...bounds.1 * (high == nil ? 1 : scale)
  }
}

private struct SourcesContent {
  var action: String
  var montage: MontageView?
  var rows: [Row]
  var pager: Pager
  var fields: [String: String]
  var labels: [Choice]
  var classes: [Choice]
  var orders: [Choice]
  var asTable: String
  var asMontage: String
  var isTable: Bool

  static let size = 60

  struct Row {
    var name: String
    var href: String
    var ra: String
    var dec: String
    var flux: String
    var size: String
    var label: String?
    var labelSwatch: Int?
    var predicted: String?
    var predictedSwatch: Int?
    var probability: String
    var outlier: String
  }

  init(
    _ sources: [ListedSource], _ filter: SourceFilter, _ fields: Fields, _ pager: Pager,
    _ annotation: Annotation
  ) {
    let scheme = annotation.scheme
    action = "/\(percentEncoded(annotation.survey.name))/sources"
    self.pager = pager
    isTable = fields["view"] == "table"
    asTable = action + "?" + fields.setting("view", "table").encoded
    asMontage = action + "?" + fields.setting("view", nil).encoded
    self.fields = Dictionary(fields.pairs.map { ($0.name, $0.value) }) { first, _ in first }
    labels = Self.choices(scheme, filter.labelledAs)
    classes = Self.choices(scheme, filter.predictedAs)
    orders = Choice.all(SourceFilter.Order.allCases.map(\.rawValue), chosen: filter.order.rawValue)
    montage =
      isTable
      ? nil
      : MontageView(
        sources.map(\.cell), survey: annotation.survey, columns: 10, look: Look(fields),
        isChoice: false, captions: sources.map { Self.caption($0, scheme) },
        swatches: sources.map { ($0.labelledAs ?? $0.predictedAs).map(Int.init) })
    let base = action
    rows = isTable ? sources.map { Self.row($0, base, scheme) } : []
  }

  private static func choices(_ scheme: ClassScheme, _ chosen: Int16?) -> [Choice] {
    scheme.classes.map {
      Choice(value: String($0.id), name: $0.name, isChosen: $0.id == chosen)
    }
  }

  private static func caption(_ source: ListedSource, _ scheme: ClassScheme) -> String? {
    if let label = scheme.name(of: source.labelledAs) { return label }
    guard let predicted = scheme.name(of: source.predictedAs) else { return nil }
    return predicted + (source.probability.map { String(format: " %.2f", $0) } ?? "")
  }

  private static func row(_ source: ListedSource, _ base: String, _ scheme: ClassScheme) -> Row {
    Row(
      name: source.cell.name, href: "\(base)/\(percentEncoded(source.cell.name))",
      ra: source.position.map { String(format: "%.5f", $0.ra) } ?? "",
      dec: source.position.map { String(format: "%+.5f", $0.dec) } ?? "",
      flux: formatted(source.totalFlux.map { $0 * 1000 }), size: formatted(source.majorAxis),
      label: scheme.name(of: source.labelledAs), labelSwatch: source.labelledAs.map(Int.init),
      predicted: scheme.name(of: source.predictedAs),
      predictedSwatch: source.predictedAs.map(Int.init),
      probability: source.probability.map { String(format: "%.3f", $0) } ?? "",
      outlier: formatted(source.outlierScore.map(Double.init)))
  }
}
