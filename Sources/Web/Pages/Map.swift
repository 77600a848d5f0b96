import Catalogue
import Foundation
import Hummingbird
import Markup
import Morphology
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

  /// The clustering that has laid neighbours out beside each other; 0 for the plane of the principal components.
  let clustering: Int

  /// The model of the embeddings.
  let model: Int

  /// Whether neighbours were laid out beside each other.
  var isLayout: Bool { clustering > 0 }

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
    let key = "\(space.key) \(clustering ?? 0)"
    return try await site.maps.value(key) {
      let found = try await pool.with { database in
        try clustering.map {
          try Clustering.find(of: survey, numbered: $0, in: database).layout(in: database)
        }
      }
      if let found, !found.sources.isEmpty {
        return SourceMap(
          sources: found.sources, places: found.places, clustering: clustering ?? 0,
          model: space.key.model)
      }
      return SourceMap(
        sources: space.sources, places: space.points.onFirstPlane().values, clustering: 0,
        model: space.key.model)
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
        "selection": map.map { "\(base)/map/selection?\(Fields().naming($0).encoded)" },
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
    let classes = try await knownClasses()
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

  /// The label and the prediction of every source that has either.
  private func knownClasses() async throws -> [Int: (label: Int16?, prediction: Int16?)] {
    try await pool.with { database in
      try NewestWork.on(survey, scheme: scheme, in: database)
        .knownClasses(of: survey, scheme: scheme, in: database)
    }
  }

  /// The picture of a source, in the size of a thumbnail.
  fileprivate func thumbnail() async throws -> Response {
    try await picture(of: context.number("source"))
  }
}

// MARK: - What a line was drawn around

/// The sources that a line on the map was drawn around.
private struct MapSelection: Sendable {
  /// The map that it was drawn on.
  let map: SourceMap?

  /// x and y of the corners, in ten-thousandths.
  let polygon: [Int]

  /// The sources that the map showed.
  let sources: [Int]

  /// How many more there are, of classes that the map did not show.
  let hidden: Int

  /// Sources on a page.
  static let pageSize = 48

  /// The most sources that one action labels.
  static let most = 5000

  /// The corners that an address gives.
  static func corners(_ fields: Fields) throws -> [Int] {
    let numbers = fields.numbers("polygon").map { Int(Int32(clamping: $0)) }
    guard (3...500).contains(numbers.count / 2) else {
      throw HTTPError(.badRequest, message: "the address has no polygon of 3 to 500 corners")
    }
    return Array(numbers.prefix(numbers.count / 2 * 2))
  }
}

extension Fields {
  /// The same fields with the map that they are about.
  fileprivate func naming(_ map: SourceMap) -> Fields {
    setting("clustering", String(map.clustering)).setting("model", String(map.model))
  }

  /// Whether they are about that map; without a word of one they are about any.
  fileprivate func isAbout(_ map: SourceMap?) -> Bool {
    guard let map else { return self["clustering"] == nil }
    return ["clustering": map.clustering, "model": map.model].allSatisfy { name, number in
      self[name] == nil || self[name] == String(number)
    }
  }
}

extension Visit {
  /// Where the selection is, and what its form is sent to: it says what the page has found.
  private func address(of selection: MapSelection, found: Bool) -> String {
    var query = fields.setting("out", nil)
      .setting("found", found ? String(selection.sources.count) : nil)
    if let map = selection.map { query = query.naming(map) }
    return "\(base)/map/selection?\(query.encoded)"
  }

  private func selection() async throws -> MapSelection {
    let polygon = try MapSelection.corners(fields)
    let map = try await sourceMap()
    guard fields.isAbout(map) else {
      throw HTTPError(
        .conflict, message: "the map was laid out anew since the line was drawn: draw it again")
    }
    let corners = stride(from: 0, to: polygon.count, by: 2).map { index in
      (x: Float(polygon[index]) / 10_000, y: Float(polygon[index + 1]) / 10_000)
    }
    let all = map?.sources(within: corners) ?? []
    let shown = try await shown(of: all)
    return MapSelection(
      map: map, polygon: polygon, sources: shown, hidden: all.count - shown.count)
  }

  /// Those of some sources whose class, by label or by prediction, the map showed.
  private func shown(of sources: [Int]) async throws -> [Int] {
    let hidden = Set(fields.numbers("hidden").map { Int16(clamping: $0) })
    guard !hidden.isEmpty else { return sources }
    let (classes, isPrediction) = (try await knownClasses(), fields["by"] == "prediction")
    return sources.filter { source in
      let known = classes[source]
      return !hidden.contains((isPrediction ? known?.prediction : known?.label) ?? -1)
    }
  }

  fileprivate func selectionPage() async throws -> Response {
    let selection = try await selection()
    let (all, out, size) = (selection.sources, Set(fields.numbers("out")), MapSelection.pageSize)
    let shown = Array(all.dropFirst(pageNumber * size).prefix(size))
    let (new, cells) = try await pool.with {
      (try annotation.new(among: all, in: $0), try annotation.cells(of: shown, in: $0))
    }
    return try page(
      "selection", "Selection",
      [
        "all": all.count, "new": new.count,
        "hidden": selection.hidden == 0 ? nil : selection.hidden,
        "action": address(of: selection, found: true), "map": base + "/map",
        "canLabel": !scheme.isTags && !new.isEmpty && new.count <= MapSelection.most,
        "isTooMany": new.count > MapSelection.most, "most": MapSelection.most,
        "classes": scheme.buttons(), "undo": base + "/undo", "shown": cells.count,
        // Sources that were taken out on other pages of the selection.
        "outElsewhere": out.subtracting(shown).sorted(),
        "montage": shown.isEmpty
          ? nil
          : montage(
            cells, columns: 8, isChoice: true,
            captions: cells.map { scheme.name(of: $0.classID) }, out: out),
        "pager": pager(size: size, of: all.count, keepsOut: true),
      ])
  }

  fileprivate func labelSelection() async throws -> Response {
    try scheme.checkOneClass(for: "labelling a part of the map")
    let form = try await request.form()
    let classID = try scheme.classID(form)
    let selection = try await selection()
    guard fields["clustering"] != nil, fields.number("found") == selection.sources.count else {
      throw HTTPError(
        .conflict,
        message: "not the sources that were shown lie within the line by now: look at it again")
    }
    let out = Set(form.numbers("out"))
    let chosen = try await pool.with { try annotation.new(among: selection.sources, in: $0) }
      .filter { !out.contains($0) }
    guard chosen.count <= MapSelection.most else {
      throw HTTPError(
        .badRequest, message: "at most \(MapSelection.most) sources are labelled at once")
    }
    let clustering = selection.map?.clustering ?? 0
    let action = try await pool.with {
      try annotation.label(
        chosen, as: classID, within: selection.polygon, of: clustering == 0 ? nil : clustering,
        shown: form.number("shown", in: 0...MapSelection.pageSize) ?? 0, in: $0)
    }
    return try answer(
      next: address(of: selection, found: false),
      "\(action.labels) sources are \(scheme.name(of: classID) ?? "")")
  }
}
