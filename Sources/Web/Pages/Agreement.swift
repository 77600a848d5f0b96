import Catalogue
import Foundation
import Hummingbird
import Markup
import Morphology
import PostgreSQL

extension Section {
  /// How far annotators agree, and on which sources they do not.
  static let agreement = Section(
    name: "Agreement", path: "agreement",
    templates: ["agreement": PackageResources.agreement_mustache],
    routes: [.get("agreement") { try await $0.agreementPage() }])
}

extension Visit {
  fileprivate func agreementPage() async throws -> Response {
    let shared = SharedLabels(
      try await pool.with { try SharedLabel.all(of: survey, scheme: scheme, in: $0) })
    let disputed = shared.disputed
    let shown = Array(disputed.dropFirst(pageNumber * 48).prefix(48))
    let cells = try await pool.with { try annotation.cells(of: shown, in: $0) }
    let view = montage(cells, columns: 8, captions: shown.map { shared.caption(of: $0, scheme) })
    let rated = shared.evenlyRated
    return try page(
      "agreement", "Agreement",
      [
        "shared": shared.said.isEmpty ? nil : shared.said.count, "disputed": disputed.count,
        "fleiss": Agreement.fleiss(rated).map { String(format: "%.3f", $0) },
        "fleissSources": rated.count, "fleissRaters": rated.first?.count ?? 0,
        "pairs": shared.pairs, "confused": shared.confused(scheme),
        "montage": shown.isEmpty ? nil : view, "pager": pager(size: 48, of: disputed.count),
      ])
  }
}

/// What annotators say of sources that more than one of them has labelled.
private struct SharedLabels {
  /// By source and annotator.
  let said: [Int: [String: Int16]]

  init(_ rows: [SharedLabel]) {
    said = rows.reduce(into: [:]) { $0[$1.source, default: [:]][$1.annotator] = $1.classID }
  }

  /// Who says what of a source.
  func caption(of source: Int, _ scheme: ClassScheme) -> String {
    said[source, default: [:]].sorted { $0.key < $1.key }
      .map { "\($0.key): \(scheme.name(of: $0.value) ?? "?")" }.joined(separator: "; ")
  }

  /// Sources on which not all agree.
  var disputed: [Int] { said.filter { Set($0.value.values).count > 1 }.keys.sorted() }

  /// The classes of the sources that were labelled by the commonest number of annotators.
  var evenlyRated: [[Int16]] {
    let numbers = Dictionary(grouping: said.values, by: \.count)
    let largest = numbers.max { ($0.value.count, $0.key) < ($1.value.count, $1.key) }
    return largest?.value.map { Array($0.values) } ?? []
  }

  /// How far every two annotators agree on the sources that both have labelled.
  var pairs: [Content] {
    everyTwo(of: Set(said.values.flatMap(\.keys))).compactMap { first, second in
      let both = said.sorted { $0.key < $1.key }.compactMap { item in
        item.value[first].flatMap { a in item.value[second].map { (a, $0) } }
      }
      guard !both.isEmpty else { return nil }
      let kappa = Agreement.cohen(both.map(\.0), both.map(\.1))
      return [
        "first": first, "second": second, "sources": both.count,
        "same": percent(both.count { $0.0 == $0.1 }, of: both.count),
        "kappa": kappa.map { String(format: "%.3f", $0) } ?? "undefined",
      ]
    }
  }

  /// Pairs of classes by how many sources were given both.
  func confused(_ scheme: ClassScheme) -> [Content] {
    let pairs = said.values.flatMap { everyTwo(of: Set($0.values)).map { [$0, $1] } }
    let counts = pairs.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    return counts.sorted { ($1.value, $0.key[0], $0.key[1]) < ($0.value, $1.key[0], $1.key[1]) }
      .prefix(12).map { classes, sources in
        [
          "first": scheme.name(of: classes[0]) ?? "", "firstSwatch": classes[0],
          "second": scheme.name(of: classes[1]) ?? "", "secondSwatch": classes[1],
          "sources": sources,
        ]
      }
  }
}

/// All pairs of different items, each in order.
private func everyTwo<Item: Comparable>(of items: Set<Item>) -> [(Item, Item)] {
  let sorted = items.sorted()
  return sorted.enumerated().flatMap { index, first in
    sorted.dropFirst(index + 1).map { (first, $0) }
  }
}
