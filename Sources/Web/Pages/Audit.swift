import Catalogue
import Foundation
import Hummingbird
import Markup
import PostgreSQL

extension Section {
  /// Labels that the folds of a training contradict.
  static let audit = Section(
    name: "Audit", path: "audit", templates: ["audit": PackageResources.audit_mustache],
    routes: [.get("audit") { try await $0.auditPage() }], takesTags: false)
}

extension Visit {
  /// Labels that a page lists.
  private static let listed = 40

  fileprivate func auditPage() async throws -> Response {
    try scheme.checkOneClass(for: "an audit of labels")
    let first = pageNumber * Self.listed
    let (model, all, labels, cells) = try await pool.with { database in
      // That there is none is said on the page.
      guard
        let model = try Model.auditors(of: survey, scheme: scheme, in: database).first
      else { return (Model?.none, 0, [ContradictedLabel](), [MontageCell]()) }
      let labels = try ContradictedLabel.all(
        by: model, of: survey, count: Self.listed, after: first, in: database)
      return (
        model, try ContradictedLabel.count(by: model, of: survey, in: database), labels,
        try annotation.cells(of: labels.map(\.id), in: database)
      )
    }
    let cutouts = Dictionary(cells.map { ($0.source, $0.cutout) }, uniquingKeysWith: { $1 })
    return try page(
      "audit", "Audit",
      [
        "model": model?.id, "survey": survey.name, "scheme": scheme.name, "all": all,
        "begin": all == 0 ? nil : singleAddress(of: nil),
        "rows": labels.map { row($0, cutout: cutouts[$0.id] ?? nil) },
        "pager": all > Self.listed ? pager(size: Self.listed, of: all) : nil,
      ])
  }

  private func row(_ label: ContradictedLabel, cutout: Int?) -> Content {
    [
      "name": label.source, "href": singleAddress(of: label.source),
      "picture": cutout.map {
        "\(base)/cutouts/\($0)?size=\(TileSize.usual.side)&\(look.pictureQuery)"
      },
      "label": label.label, "labelSwatch": swatch(label.label),
      "annotators": label.annotators.joined(separator: ", "), "said": label.said,
      "saidSwatch": swatch(label.said), "probability": String(format: "%.3f", label.probability),
      "saidProbability": String(format: "%.3f", label.saidProbability),
    ]
  }

  private func swatch(_ name: String) -> Int16? { scheme.classes.first { $0.name == name }?.id }

  /// The page on which a contradicted source is labelled, or the most doubtful one.
  private func singleAddress(of source: String?) -> String {
    "\(base)/single?order=\(Annotation.Order.contradicted.rawValue)&\(look.query)"
      + (source.map { "&source=" + percentEncoded($0) } ?? "")
  }
}
