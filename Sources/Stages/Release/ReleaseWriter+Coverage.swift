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
    var coverage = CoverageMap(order: Self.order)
    var (images, unplaced) = (0, 0)
    try catalogue.readPlacedImages(in: database) { image in
      let points = image.footprint.points(step: Self.step)
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

  private func write(_ coverage: CoverageMap) throws {
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
