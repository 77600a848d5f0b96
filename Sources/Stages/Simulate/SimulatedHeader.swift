import Astronomy
import Simulation

extension SimulatedSurvey {
  /// A mosaic's header: its WCS, its beam, and that it is made up.
  func keywords(of tile: SimulatedTile, digest: String) -> [Keyword] {
    let middle = Double(tileSize + 1) / 2
    let scale = pixelScale / 3600
    return provenance(digest: digest) + [
      .init("SIMTILE", .integer(Int64(tile.number)), description: "number of the mosaic"),
      .init("OBJECT", .text("simulated \(tile.number)"), description: "no real field"),
      .init("TELESCOP", .text("SIMULATED"), description: "no telescope"),
      .init("BUNIT", .text("JY/BEAM")),
      .init("BTYPE", .text("Intensity")),
      .init("CTYPE1", .text("RA---\(projection.rawValue)")),
      .init("CRVAL1", .real(tile.centre.ra)),
      .init("CDELT1", .real(-scale)),
      .init("CRPIX1", .real(middle)),
      .init("CUNIT1", .text("deg")),
      .init("CTYPE2", .text("DEC--\(projection.rawValue)")),
      .init("CRVAL2", .real(tile.centre.dec)),
      .init("CDELT2", .real(scale)),
      .init("CRPIX2", .real(middle)),
      .init("CUNIT2", .text("deg")),
      .init("RADESYS", .text("ICRS")),
      .init("BMAJ", .real(beam.width / 3600), unit: "deg"),
      .init("BMIN", .real(beam.width / 3600), unit: "deg"),
      .init("BPA", .real(0), unit: "deg"),
      .init("RESTFRQ", .real(frequency), unit: "Hz"),
      .init("RMS", .real(rms), unit: "Jy/beam", description: "typical noise"),
    ]
  }

  /// That the sky is made up, and from what.
  func provenance(digest: String) -> [Keyword] {
    Keyword.simulation(seed: seed, version: Self.version, digest: digest)
  }
}

extension Keyword {
  /// That a sky is made up, and from what.
  static func simulation(seed: UInt64, version: Int, digest: String) -> [Keyword] {
    [
      .init("SIMULATE", .boolean(true), description: "whether the sky is made up"),
      .init("ORIGIN", .text("Reber simulation")),
      .init("SIMSEED", .text(String(seed)), description: "seed of the simulation"),
      .init("SIMVERS", .integer(Int64(version)), description: "version of the simulation"),
      .init("SIMHASH", .text(digest)),
    ]
  }
}
