import Catalogue
import Foundation
import Hummingbird
import Markup
import PostgreSQL
import Tensor

extension Section {
  /// The embeddings on two axes.
  static let map = Section(
    name: "Map", path: "map",
    templates: [
      "map": PackageResources.map_mustache, "selection": PackageResources.selection_mustache,
    ],
    routes: [
      .get("map") { try await $0.mapPage() },
      .get("map.bin") { try await $0.mapPoints() },
      .get("map/selection") { try await $0.selectionPage() },
      .post("map/selection") { try await $0.labelSelection() },
      .get("thumbnails/:source") { try await $0.thumbnail() },
    ])
}

/// Where the sources of a survey lie on its map.
struct SourceMap: Sendable {
  /// The source of each point.
  let sources: [Int]

  /// x and y of each point, from -1 to 1.
  let places: [Float]

  /// Whether neighbours were laid out beside each other; else it is the plane of the principal components.
  let isLayout: Bool

  /// The sources within a polygon, in the order of their keys.
  func sources(within polygon: [(x: Float, y: Float)]) -> [Int] {
    sources.indices.filter { polygon.holds(places[2 * $0], places[2 * $0 + 1]) }
      .map { sources[$0] }.sorted()
  }
}

extension [(x: Float, y: Float)] {
  /// Whether a point lies within the polygon: a line from it to the right crosses its sides an odd number of times.
  fileprivate func holds(_ x: Float, _ y: Float) -> Bool {
    var isWithin = false
    for (index, one) in enumerated() {
      let other = self[(index + 1) % count]
      guard (one.y > y) != (other.y > y) else { continue }
      if x < one.x + (y - one.y) / (other.y - one.y) * (other.x - one.x) { isWithin.toggle() }
    }
    return isWithin
  }
}

extension Visit {
  /// The map of the survey; `nil` without embeddings.
  private func sourceMap() async throws -> SourceMap? {
    guard let space = try await space() else { return nil }
    let clustering = try await pool.with { try NewestWork.on(survey, in: $0).clustering }
    let key = "\(survey.id) \(clustering ?? 0) \(space.model) \(space.sources.count)"
    return try await site.maps.value(key) {
      let found = try await pool.with { database in
        try clustering.map {
          try Clustering.find(of: survey, numbered: $0, in: database).layout(in: database)
        }
      }
      if let found, !found.sources.isEmpty {
        return SourceMap(sources: found.sources, places: found.places, isLayout: true)
      }
      return SourceMap(sources: space.sources, places: space.map.values, isLayout: false)
    }
  }

  fileprivate func mapPage() async throws -> Response {
    if let nothing = try await lacking(.embeddings) { return nothing }
    let map = try await sourceMap()
    let trust = try await pool.with { database in
      try NewestWork.on(survey, in: database).clustering.flatMap {
        try Clustering.Trust.of(
          Clustering.find(of: survey, numbered: $0, in: database), in: database)
      }
    }
    return try page(
      "map", "Map",
      [
        "points": map?.sources.count, "data": base + "/map.bin", "base": base,
        "isLayout": map?.isLayout ?? false,
        "command": "reber cluster --survey \(survey.name) --again",
        "trust": trust?.layout.map { String(format: "%.2f", $0) },
        "planeTrust": trust?.plane.map { String(format: "%.2f", $0) },
        "classes": scheme.buttons(),
      ])
  }

  /// For each source, little-endian: x and y as 16-bit whole numbers in ±10,000, label and prediction, −1 for no
  /// class, as 16-bit, and the source as a 64-bit one.
  fileprivate func mapPoints() async throws -> Response {
    guard let map = try await sourceMap() else {
      throw CatalogueError.missing("embedding", hint: "make some with 'reber embed'")
    }
    let classes = try await pool.with { database in
      try NewestWork.on(survey, in: database).knownClasses(
        of: survey, scheme: scheme, in: database)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(16 * map.sources.count)
    func append(_ value: some FixedWidthInteger) {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    for (row, source) in map.sources.enumerated() {
      append(Int16(clamping: Int(map.places[row * 2] * 10_000)))
      append(Int16(clamping: Int(map.places[row * 2 + 1] * 10_000)))
      append(classes[source]?.label ?? -1)
      append(classes[source]?.prediction ?? -1)
      append(Int64(source))
    }
    return .bytes(bytes, type: "application/octet-stream")
  }

  /// The picture of a source, in the size of a thumbnail.
  fileprivate func thumbnail() async throws -> Response {
    try await picture(of: context.number("source"))
  }
}

// MARK: - What a line was drawn around

extension Visit {
  /// The most sources that one action on the map labels.
  private static let mostSelected = 5000

  /// Sources on a page.
  private static let selectionPageSize = 48

  private var selectionAddress: String {
    "\(base)/map/selection?polygon=\(percentEncoded(fields["polygon"] ?? ""))"
  }

  private func selected() async throws -> [Int] {
    let numbers = (fields["polygon"] ?? "").split(separator: ",").compactMap { Float($0) }
    let corners = stride(from: 0, to: numbers.count - 1, by: 2).map { index in
      (x: numbers[index] / 10_000, y: numbers[index + 1] / 10_000)
    }
    guard (3...500).contains(corners.count) else {
      throw HTTPError(.badRequest, message: "the address has no polygon of 3 to 500 corners")
    }
    return try await sourceMap()?.sources(within: corners) ?? []
  }

  fileprivate func selectionPage() async throws -> Response {
    let all = try await selected()
    let new = try await pool.with { try annotation.new(among: all, in: $0) }
    let size = Self.selectionPageSize
    let shown = Array(all.dropFirst(pageNumber * size).prefix(size))
    let cells = try await pool.with { try annotation.cells(of: shown, in: $0) }
    return try page(
      "selection", "Selection",
      [
        "all": all.count, "new": new.count, "action": selectionAddress, "map": base + "/map",
        "canLabel": !scheme.isTags && !new.isEmpty && new.count <= Self.mostSelected,
        "isTooMany": new.count > Self.mostSelected, "most": Self.mostSelected,
        "classes": scheme.buttons(), "undo": base + "/undo",
        "montage": shown.isEmpty
          ? nil
          : montage(
            cells, columns: 8, isChoice: true,
            captions: cells.map { scheme.name(of: $0.classID) }),
        "pager": pager(size: size, of: all.count),
      ])
  }

  fileprivate func labelSelection() async throws -> Response {
    try scheme.checkOneClass(for: "labelling a part of the map")
    let form = try await request.form()
    let classID = try scheme.classID(form)
    let out = Set(form.numbers("out"))
    let all = try await selected()
    let chosen = try await pool.with { try annotation.new(among: all, in: $0) }
      .filter { !out.contains($0) }
    guard chosen.count <= Self.mostSelected else {
      throw HTTPError(
        .badRequest, message: "at most \(Self.mostSelected) sources are labelled at once")
    }
    let action = try await pool.with { try annotation.label(chosen, as: classID, in: $0) }
    return try answer(
      next: selectionAddress, "\(action.labels) sources are \(scheme.name(of: classID) ?? "")")
  }
}
