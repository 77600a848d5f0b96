import Astronomy
import Simulation
import Tables

/// The catalogue and the true classes of a simulation, in the making.
final class SimulatedTables {
  private let catalogue: any TableWriter
  private let truth: any TableWriter

  init(_ survey: SimulatedSurvey, in place: SimulationFolder) throws {
    catalogue = try createTable(
      place.catalogue, columns: Self.catalogueColumns,
      metadata: survey.metadata("SOURCES", Self.catalogueWords, digest: place.digest))
    truth = try createTable(
      place.truth, columns: Self.truthColumns,
      metadata: survey.metadata("TRUTH", Self.truthWords, digest: place.digest))
  }

  func write(_ tile: SimulatedTile) throws {
    try catalogue.write(tile.sources.map { $0.row(tile: tile.number) })
    try truth.write(tile.sources.map { [.text($0.name), .text($0.kind.rawValue)] })
  }

  func finish() throws {
    try catalogue.finish()
    try truth.finish()
  }

  private static let catalogueWords = """
    SIMULATED radio sources: nothing in this table is on the sky.
    Fluxes, sizes and positions are true figures, without noise.
    """

  private static let truthWords = """
    True classes of SIMULATED radio sources: what each was drawn from,
    not what anybody sees.
    """

  private static let catalogueColumns =
    Column.simulatedPlace + Column.simulatedFluxes + [
      Column(
        "major_axis", .float, unit: "arcsec", ucd: "phys.angSize.smajAxis",
        description: "longest extent above 3 rms"),
      Column(
        "minor_axis", .float, unit: "arcsec", ucd: "phys.angSize.sminAxis",
        description: "extent above 3 rms across the longest"),
      Column(
        "position_angle", .float, unit: "deg", ucd: "pos.posAng",
        description: "of the longest extent, east of north"),
      Column("mosaic", .int32, ucd: "meta.id;obs.field", description: "number of the mosaic"),
    ]

  private static let truthColumns = [
    Column("name", .string, ucd: "meta.id;meta.main", description: "simulated source"),
    Column("class", .string, ucd: "meta.code.class", description: "class of morphology-12"),
  ]
}

extension Column {
  /// The name of a simulated source, and where it is.
  static let simulatedPlace = [
    Column("name", .string, ucd: "meta.id;meta.main", description: "simulated source"),
    Column("ra", .double, unit: "deg", ucd: "pos.eq.ra;meta.main", description: "right ascension"),
    Column("dec", .double, unit: "deg", ucd: "pos.eq.dec;meta.main", description: "declination"),
  ]

  /// How bright it is.
  static let simulatedFluxes = [
    Column(
      "total_flux", .float, unit: "mJy", ucd: "phot.flux.density;em.radio",
      description: "integrated flux density"),
    Column(
      "peak_flux", .float, unit: "mJy/beam", ucd: "phot.flux.density;em.radio;stat.max",
      description: "brightest pixel"),
    Column("rms", .float, unit: "mJy/beam", ucd: "instr.det.noise", description: "local noise"),
  ]
}

extension SimulatedSource {
  fileprivate func row(tile: Int) -> [Value] {
    [
      .text(name), .real(position.ra), .real(position.dec), .real(1e3 * totalFlux),
      .real(1e3 * peakFlux), .real(1e3 * rms), .real(extent.major), .real(extent.minor),
      .real(extent.positionAngle), .integer(Int64(tile)),
    ]
  }
}

extension SimulatedSurvey {
  fileprivate func metadata(_ name: String, _ words: String, digest: String) -> Metadata {
    Metadata(
      name: name, description: words, frame: "ICRS",
      entries: provenance(digest: digest) + [
        .init("FREQ", .real(frequency), unit: "Hz"),
        .init("BEAM", .real(beam.width), unit: "arcsec"),
      ])
  }
}
