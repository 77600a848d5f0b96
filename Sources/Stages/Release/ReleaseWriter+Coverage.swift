import Astronomy
import Catalogue
import FITS
import HEALPix
import PostgreSQL
import Tables

extension ReleaseWriter {
  /// The order of the map's finest cells, which are 1.7 arcmin wide.
  private static let order = 11

  /// The points at which images are looked at lie no farther apart than this, arcsec: a cell of the order
  /// that an image covers more than a fringe of has one.
  private static let step = 40.0

  /// Writes the part of the sky that the images show as a MOC; gives what is not in it.
  func writeCoverage() throws -> String? {
    var coverage = Coverage(order: Self.order)
    var (images, unplaced) = (0, 0)
    try catalogue.readFootprints(in: database) { footprint in
      let points = footprint.points(step: Self.step)
      for point in points { coverage.insert(point) }
      images += 1
      if points.isEmpty { unplaced += 1 }
      if images % 4096 == 0 {
        progress.update("finding the images' sky", done: images, of: catalogue.rows)
      }
    }
    guard images > unplaced else { return "no image has a place on the sky: there is no MOC" }
    try write(coverage)
    return unplaced == 0 ? nil : "\(unplaced) images without a place on the sky are not in the MOC"
  }

  private func write(_ coverage: Coverage) throws {
    let keywords = [
      Keyword("PIXTYPE", .text("HEALPIX"), description: "HEALPix magic code"),
      Keyword("ORDERING", .text("NUNIQ"), description: "NUNIQ coding method"),
      Keyword("COORDSYS", .text("C"), description: "ICRS"),
      Keyword("MOCVERS", .text("2.0"), description: "MOC version"),
      Keyword("MOCDIM", .text("SPACE"), description: "physical dimension"),
      Keyword("MOCORD_S", .integer(Int64(coverage.order)), description: "MOC resolution"),
      Keyword("MOCTOOL", .text(metadata.origin ?? "reber")),
      Keyword("MOCTYPE", .text("IMAGE"), description: "of the images that were classified"),
      Keyword("MOCID", .text(name)),
      Keyword("DATE", .text((metadata.date ?? "").replacing("Z", with: ""))),
    ]
    let table = try BinaryTableWriter(
      folder.file(name + ".moc.fits"), columns: [Column("UNIQ", .int64)], name: "MOC",
      keywords: keywords)
    let cells = coverage.fewestCells.map(\.unique)
    try table.append([.integers(cells.map { $0 })], rows: cells.count)
    try table.finish()
  }
}

extension Footprint {
  /// Points of the image, its edges among them, no farther apart than `step` arcsec; none where its place
  /// is not known.
  fileprivate func points(step: Double) -> [SkyPosition] {
    let keywords = wcs.flatMap { try? $0.decode(as: [String: Value].self) }
    if let keywords, let wcs = WCS(keywords: keywords, width: width, height: height) {
      return grid(step: step / wcs.pixelScale) { wcs.sky(x: $0, y: $1) }
    }
    guard let scale = pixelScale.map({ Double($0) }),
      let centre = SkyPosition(ra: ra, dec: dec)
    else { return [] }
    let (east, north) = centre.directions
    return grid(step: step / scale) { x, y in
      let right = (Double(width - 1) / 2 - x) * scale / 3600
      let up = (y - Double(height - 1) / 2) * scale / 3600
      return SkyPosition(centre.vector + east * right.radians + north * up.radians)
    }
  }

  /// The sky at a grid of pixels from edge to edge, `step` pixels apart or less.
  private func grid(
    step: Double, _ sky: (Double, Double) -> SkyPosition?
  ) -> [SkyPosition] {
    func places(_ pixels: Int) -> [Double] {
      let parts = max(1, (Double(pixels) / step).rounded(.up))
      return stride(from: 0, through: parts, by: 1).map { Double(pixels) * $0 / parts - 0.5 }
    }
    return places(height).flatMap { y in places(width).compactMap { sky($0, y) } }
  }
}
