import Astronomy
public import Simulation
import Tables

/// What a simulation of two surveys wrote.
public struct PairSimulationMetrics: Codable, Sendable {
  /// The catalogues, by survey.
  public var catalogues: [String: String]
  /// Which sources are one object: a row for each source of each object that somebody sees.
  public var identities: String
  /// Sources by survey.
  public var sources: [String: Int]
  /// Sources that are two objects, by survey.
  public var blends: [String: Int]
  /// SHA-256 of the options, which every file names.
  public var options: String
}

extension SimulatedPair {
  /// Writes the two catalogues and the identities into a folder, without a database: `simulated-NAME.fits` for each
  /// survey, and `simulated-identities.fits`.
  ///
  /// The same options give the same bytes.
  ///
  /// - Throws: `SimulationError` for options that make no sky, `SimulationFolderError` where the folder holds another
  ///   simulation, `FileError` where it cannot be written.
  public func write(
    to folder: String, progress: any ProgressDisplay
  ) throws -> PairSimulationMetrics {
    try validate()
    let digest = try simulationDigest(of: self, version: Self.version)
    let place = try SimulationFolder(
      folder, digest: digest, tables: surveys.map(\.name) + ["identities"], hasImages: false)
    let catalogues = try zip(surveys, place.tables).map { survey, path in
      try createTable(path, columns: Self.catalogueColumns, metadata: metadata(survey, digest))
    }
    let identities = try createTable(
      place.tables[2], columns: Self.identityColumns, metadata: metadata(nil, digest))
    var metrics = PairSimulationMetrics(
      catalogues: Dictionary(
        zip(surveys.map(\.name), place.tables).map { ($0, $1) }, uniquingKeysWith: { $1 }),
      identities: place.tables[2], sources: [:], blends: [:], options: digest)
    for chunk in 0..<chunkCount {
      for (index, entries) in entries(ofChunk: chunk).enumerated() {
        let survey = surveys[index]
        let first = metrics.sources[survey.name, default: 0]
        let names = entries.indices.map { "\(survey.name.uppercased())-\(first + $0)" }
        try catalogues[index].write(
          zip(names, entries).map { $1.row(named: $0, rms: survey.rms) })
        try identities.write(
          zip(names, entries).flatMap { name, entry in
            entry.objects.map { [.text($0), .text(survey.name), .text(name)] }
          })
        metrics.sources[survey.name] = first + entries.count
        metrics.blends[survey.name, default: 0] += entries.count { $0.objects.count > 1 }
      }
      progress.update("simulating", done: min(objects, (chunk + 1) * 1000), of: objects)
    }
    for table in catalogues { try table.finish() }
    try identities.finish()
    return metrics
  }

  private func metadata(_ survey: Survey?, _ digest: String) -> Metadata {
    let words = """
      SIMULATED radio sources: nothing in this table is on the sky.
      \(survey == nil ? "Sources of one object have its name as group." : "Fluxes and positions have errors.")
      """
    let seen = survey.map { survey -> [Keyword] in
      [
        .init("FREQ", .real(survey.frequency), unit: "Hz"),
        .init("BEAM", .real(survey.beam), unit: "arcsec"),
      ]
    }
    return Metadata(
      name: survey == nil ? "IDENTITIES" : "SOURCES", description: words, frame: "ICRS",
      entries: Keyword.simulation(seed: seed, version: Self.version, digest: digest) + (seen ?? []))
  }

  private static let catalogueColumns =
    Column.simulatedPlace + [
      Column(
        "E_RA", .float, unit: "arcsec", ucd: "stat.error;pos.eq.ra",
        description: "error of right ascension, on the sky, without that of the frame"),
      Column(
        "E_DEC", .float, unit: "arcsec", ucd: "stat.error;pos.eq.dec",
        description: "error of declination, without that of the frame"),
    ] + Column.simulatedFluxes

  private static let identityColumns = [
    Column("group", .string, description: "the object"),
    Column("survey", .string, description: "a survey that sees it"),
    Column("source", .string, description: "its source there"),
  ]
}

extension SimulatedPair.Entry {
  fileprivate func row(named name: String, rms: Double) -> [Value] {
    [
      .text(name), .real(position.ra), .real(position.dec), .real(error), .real(error),
      .real(1e3 * flux), .real(1e3 * flux), .real(1e3 * rms),
    ]
  }
}
