import Catalogue
import Foundation
import Hummingbird
import Morphology
import PostgreSQL

extension Section {
  static let agreement = Section(
    name: "Agreement", path: "agreement",
    templates: ["agreement": PackageResources.agreement_mustache], addRoutes: Site.addAgreement)
}

extension Site {
  /// How far annotators agree, and on which sources they do not.
  func addAgreement(to router: Router<PageContext>) {
    router.get("/:survey/agreement") { try await agreementPage($0, $1) }
  }

  private func agreementPage(_ request: Request, _ context: PageContext) async throws -> Response {
    let annotation = try await annotation(context)
    let shared = SharedLabels(
      try await pool.with {
        try SharedLabel.all(of: annotation.survey, scheme: annotation.scheme, in: $0)
      })
    let page = max(0, request.fields.number("page") ?? 0)
    let shown = Array(shared.disputed.dropFirst(page * 48).prefix(48))
    let cells = try await pool.with { try annotation.cells(of: shown, in: $0) }
    let view = MontageView(
      cells, survey: annotation.survey, columns: 8, look: Look(request.fields), isChoice: false,
      captions: shown.map { shared.caption(of: $0, annotation.scheme) })
    return try self.page(
      "agreement", "Agreement", in: .agreement, of: annotation.survey, context,
      AgreementContent(
        shared, annotation.scheme, view: shown.isEmpty ? nil : view,
        Pager(page, size: 48, of: shared.disputed.count, request)))
  }
}

/// What annotators say of sources that more than one of them has labelled.
struct SharedLabels {
  /// By source and annotator.
  let said: [Int: [String: Int16]]

  /// Who has labelled any of them.
  let annotators: [String]

  init(_ rows: [SharedLabel]) {
    var said: [Int: [String: Int16]] = [:]
    for row in rows { said[row.source, default: [:]][row.annotator] = row.classID }
    self.said = said
    annotators = Set(rows.map(\.annotator)).sorted()
  }

  /// Who says what of a source.
  func caption(of source: Int, _ scheme: ClassScheme) -> String {
    said[source, default: [:]].sorted { $0.key < $1.key }
      .map { "\($0.key): \(scheme.name(of: $0.value) ?? "?")" }.joined(separator: "; ")
  }

  /// Sources on which not all agree.
  var disputed: [Int] { said.filter { Set($0.value.values).count > 1 }.keys.sorted() }

  /// The classes that two annotators gave the sources which both have labelled.
  func pairs(_ first: String, _ second: String) -> (first: [Int16], second: [Int16]) {
    let both = said.sorted { $0.key < $1.key }.compactMap { item -> (Int16, Int16)? in
      guard let a = item.value[first], let b = item.value[second] else { return nil }
      return (a, b)
    }
    return (both.map(\.0), both.map(\.1))
  }

  /// The classes of the sources that were labelled by the commonest number of annotators.
  var evenlyRated: [[Int16]] {
    let numbers = Dictionary(grouping: said.values, by: \.count)
    let largest = numbers.max { ($0.value.count, $0.key) < ($1.value.count, $1.key) }
    return largest?.value.map { Array($0.values) } ?? []
  }
}

private struct AgreementContent {
  var shared: Int?
  var disputed: Int
  var pairs: [Pair]
  var fleiss: String?
  var fleissSources: Int
  var fleissRaters: Int
  var confused: [Confused]
  var montage: MontageView?
  var pager: Pager

  struct Pair {
    var first: String
    var second: String
    var sources: Int
    var same: String
    var kappa: String
  }

  struct Confused {
    var first: String
    var firstSwatch: Int
    var second: String
    var secondSwatch: Int
    var sources: Int
  }

  init(_ shared: SharedLabels, _ scheme: ClassScheme, view: MontageView?, _ pager: Pager) {
    self.shared = shared.said.isEmpty ? nil : shared.said.count
    disputed = shared.disputed.count
    montage = view
    self.pager = pager
    let rated = shared.evenlyRated
    fleiss = Agreement.fleiss(rated).map { String(format: "%.3f", $0) }
    fleissSources = rated.count
    fleissRaters = rated.first?.count ?? 0
    pairs = []
    for (index, first) in shared.annotators.enumerated() {
      for second in shared.annotators.dropFirst(index + 1) {
        let classes = shared.pairs(first, second)
        guard !classes.first.isEmpty else { continue }
        pairs.append(
          Pair(
            first: first, second: second, sources: classes.first.count,
            same: percent(
              zip(classes.first, classes.second).count { $0 == $1 }, of: classes.first.count),
            kappa: Agreement.cohen(classes.first, classes.second)
              .map { String(format: "%.3f", $0) } ?? "undefined"))
      }
    }
    confused = Self.confused(shared, scheme)
  }

  /// Pairs of classes by how many sources were given both.
  private static func confused(_ shared: SharedLabels, _ scheme: ClassScheme) -> [Confused] {
    var counts: [[Int16]: Int] = [:]
    for classes in shared.said.values {
      let distinct = Set(classes.values).sorted()
      for (index, first) in distinct.enumerated() {
        for second in distinct.dropFirst(index + 1) { counts[[first, second], default: 0] += 1 }
      }
    }
    return counts.sorted { ($1.value, $0.key[0], $0.key[1]) < ($0.value, $1.key[0], $1.key[1]) }
      .prefix(12).map {
        Confused(
          first: scheme.name(of: $0.key[0]) ?? "", firstSwatch: Int($0.key[0]),
          second: scheme.name(of: $0.key[1]) ?? "", secondSwatch: Int($0.key[1]),
          sources: $0.value)
      }
  }
}
