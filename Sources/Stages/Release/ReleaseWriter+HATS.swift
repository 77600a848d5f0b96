import Astronomy
import Catalogue
import Foundation
import HEALPix
import PostgreSQL
import Tables

extension ReleaseWriter {
  /// How far beyond the borders of its parts a catalogue's margin reaches, arcsec: matches within this
  /// radius are found across borders.
  private static let margin = 30.0

  /// Writes the catalogue and its margin as HATS; gives what is not in it.
  func writeHATS() throws -> String? {
    var counts = [UInt32](repeating: 0, count: 12 << (2 * HATSPartitions.deepest))
    var count = 0
    try catalogue.readPositions(in: database) { position in
      counts[Int(HEALPixCell(of: position, order: HATSPartitions.deepest).number)] += 1
      count += 1
    }
    guard count > 0 else { return "no source has a position: there is no HATS catalogue" }
    let partitions = HATSPartitions(counts: counts, most: release.sourcesAPartition)
    try catalogue.place(in: database) { name, position in
      Self.places(of: name, position, among: partitions)
    }
    try folder.makeFolder("hats")
    try write(
      name, partitions, margin: false,
      HATSProperties(catalogue: name, ra: "ra", dec: "dec", metadata: metadata))
    let border = name + "_margin"
    let hasMargin = try write(
      border, partitions, margin: true,
      HATSProperties(
        margin: border, of: name, threshold: Self.margin, ra: "ra", dec: "dec", metadata: metadata))
    try folder.write(
      HATSProperties.collection(name, margin: hasMargin ? border : nil),
      to: "hats/collection.properties")
    let without = catalogue.rows - count
    return without == 0
      ? nil : "\(without) sources without a position are not in the HATS catalogue"
  }

  /// Writes a table of the collection; gives whether it has rows.
  @discardableResult
  private func write(
    _ table: String, _ partitions: HATSPartitions, margin: Bool, _ properties: HATSProperties
  ) throws -> Bool {
    let hats = try HATSTable(
      folder.file("hats/" + table), partitions: partitions, columns: columns, metadata: metadata,
      properties: properties)
    try copy(.placed(margin: margin), to: hats, "hats/" + table)
    return !hats.isEmpty
  }

  /// The part in which a source lies, and those near whose borders it lies.
  ///
  /// A part that is nearer than the margin is met by a circle of 1.5 times its radius on so much of its
  /// way that one of 32 points lies in it, also where no more than a corner is near.
  private static func places(
    of name: String, _ position: SkyPosition, among partitions: HATSPartitions
  ) -> [PlacedSource] {
    let cell = HEALPixCell(of: position).number
    guard let own = partitions.place(of: cell) else { return [] }
    let others =
      partitions.cells.count == 1
      ? []
      : Set(
        position.circle(radius: 1.5 * margin / 3600, points: 32).compactMap {
          partitions.place(of: HEALPixCell(of: $0).number)
        }
      ).subtracting([own])
    return [PlacedSource(name: name, cell: Int(cell), part: own, isMargin: false)]
      + others.sorted().map {
        PlacedSource(name: name, cell: Int(cell), part: $0, isMargin: true)
      }
  }
}

extension SkyPosition {
  /// Points on a circle about the position.
  ///
  /// - Parameters:
  ///   - radius: Degrees.
  ///   - points: How many.
  /// - Returns: The points.
  fileprivate func circle(radius: Double, points: Int) -> [SkyPosition] {
    let (east, north) = directions
    let (along, across) = (cos(radius.radians), sin(radius.radians))
    return (0..<points).map { point in
      let angle = 2 * .pi * Double(point) / Double(points)
      return SkyPosition(vector * along + (east * cos(angle) + north * sin(angle)) * across)
    }
  }
}
