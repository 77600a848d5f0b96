public import ArgumentParser
import Astronomy
import Foundation
public import Simulation
import Stages

struct SimulateCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract:
      "Make up surveys, without a database: images and classes, or two catalogues of a sky.",
    discussion: """
      Example:
        reber simulate --sources 1500 --seed 1 --output sky
        reber simulate pair --objects 20000 --seed 1 --output sky
      """,
    subcommands: [SimulateCommand.self, SimulatePairCommand.self],
    defaultSubcommand: SimulateCommand.self)
}

struct SimulatePairCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pair",
    abstract:
      "Make up one sky as two surveys see it: two catalogues, and which sources are one object.",
    discussion: """
      The folder gets simulated-NAME.fits for each survey and simulated-identities.fits. All say in
      their headers that they are simulated, and the same options give the same bytes. A source is
      listed from five times the noise on; its place has an error by beam and signal-to-noise ratio,
      and 0.2″ of the frame.

      Example:
        reber simulate pair --objects 100000 --output sky
        reber ingest --survey lotss sky/simulated-lotss.fits --beam-major 6
        reber ingest --survey first sky/simulated-first.fits --beam-major 5.4
        reber match --survey first --survey lotss
        reber show match --truth sky/simulated-identities.fits
      """)

  @Option(help: "How many objects, without their companions.") var objects: Int

  @Option(help: "The seed of everything random.") var seed: UInt64 = 1

  @Option(name: .shortAndLong, help: "The folder; made where it is missing.") var output: String

  @Option(
    name: .customLong("survey"),
    help: ArgumentHelp(
      "A survey: MHz, beam in arcsec, noise in microjansky a beam. Given twice, or not at all.",
      discussion: "Without it lotss=144,6,80 and first=1400,5.4,150.",
      valueName: "name=MHz,beam,noise"))
  var surveys: [String] = []

  @Option(help: "Objects a square degree.") var density = defaults.density

  @Option(help: "The part of the objects with a companion that the wider beam does not tell apart.")
  var blends = defaults.blends

  @Option(help: "Right ascension of the south-western corner, degrees.") var ra = defaults.corner.ra

  @Option(help: "Declination of the south-western corner, degrees.") var dec = defaults.corner.dec

  @Flag(help: "Print the result as JSON.") var json = false

  @Flag(name: .shortAndLong, help: "Say nothing but the result.") var quiet = false

  private static let defaults = SimulatedPair(objects: 1, seed: 1)

  func validate() throws {
    for text in surveys where survey(text) == nil {
      throw ValidationError(
        "--survey \(text): write it as name=MHz,beam,noise, such as first=1400,5.4,150")
    }
  }

  func run() throws {
    var pair = SimulatedPair(objects: objects, seed: seed)
    if !surveys.isEmpty { pair.surveys = surveys.compactMap(survey) }
    (pair.density, pair.blends) = (density, blends)
    pair.corner = SkyPosition(ra: ra, dec: dec)
    let progress: any ProgressDisplay = quiet ? Silence() : TerminalProgress()
    let metrics = try pair.write(to: output, progress: progress)
    if json { return try printJSON(metrics) }
    for (name, sources) in metrics.sources.sorted(by: { $0.key < $1.key }) {
      let blends = metrics.blends[name] ?? 0
      print("\(metrics.catalogues[name] ?? ""): \(sources) sources, \(blends) of them two objects")
    }
    print("\(metrics.identities): which are one object")
  }

  private func survey(_ text: String) -> SimulatedPair.Survey? {
    let parts = text.split(separator: "=", maxSplits: 1)
    let numbers = parts.last?.split(separator: ",").compactMap { Double($0) } ?? []
    guard parts.count == 2, numbers.count == 3 else { return nil }
    return SimulatedPair.Survey(
      String(parts[0]), frequency: numbers[0] * 1e6, beam: numbers[1], rms: numbers[2] * 1e-6)
  }
}

struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "survey",
    abstract: "Make up a survey: mosaics, a catalogue and the true classes.",
    discussion: """
      The folder gets images/simulated-NNNNN.fits, simulated-catalogue.fits and
      simulated-truth.fits. All say in their headers that they are simulated. The same options
      give the same bytes; a killed simulation goes on when it is started again.

      Example:
        reber simulate --sources 1500 --seed 1 --output sky
        reber ingest --survey sky sky/simulated-catalogue.fits --images sky/images
        reber label import --survey sky sky/simulated-truth.fits
      """)

  @Option(name: .shortAndLong, help: "How many sources.") var sources: Int

  @Option(help: "The seed of everything random.") var seed: UInt64 = 1

  @Option(name: .shortAndLong, help: "The folder; made where it is missing.") var output: String

  @Flag(help: "Draw all classes equally often.") var even = false

  @Option(help: "How the mosaics are projected: TAN or SIN.") var projection = Projection.tangent

  @Option(help: "Pixels a side of a mosaic.") var tileSize = defaults.tileSize

  @Option(help: "Arcsec a pixel.") var pixelScale = defaults.pixelScale

  @Option(help: "The beam's full width at half maximum, arcsec.") var beam = defaults.beam.width

  @Option(help: "Frequency, MHz.") var frequency = defaults.frequency / 1e6

  @Option(help: "The typical noise, microjansky a beam.") var rms = 80.0

  @Option(help: "The relative scatter of the noise over a mosaic.")
  var rmsVariation = defaults.rmsVariation

  @Option(help: "The typical distance between sources, arcsec.")
  var separation = defaults.separation

  @Option(help: "Unrelated faint points a square degree; the catalogue does not list them.")
  var fieldSources = defaults.fieldSources

  @Option(help: "Right ascension of the survey's south-western corner, degrees.")
  var ra = defaults.corner.ra

  @Option(help: "Declination of the survey's south-western corner, degrees.")
  var dec = defaults.corner.dec

  @Flag(help: "Print the result as JSON.") var json = false

  @Flag(name: .shortAndLong, help: "Say nothing but the result.") var quiet = false

  private static let defaults = SimulatedSurvey(sources: 1, seed: 1)

  func run() throws {
    let progress: any ProgressDisplay = quiet ? Silence() : TerminalProgress()
    let metrics = try survey.write(to: output, progress: progress)
    if json { return try printJSON(metrics) }
    print(
      """
      simulated \(metrics.sources) sources on \(metrics.mosaics) mosaics \
      (\(metrics.kept) were there): \(metrics.catalogue), \(metrics.truth), \(metrics.images)
      """)
  }

  private var survey: SimulatedSurvey {
    var survey = SimulatedSurvey(sources: sources, seed: seed)
    if even { survey.frequencies = .even }
    survey.projection = projection
    survey.tileSize = tileSize
    survey.pixelScale = pixelScale
    survey.beam = Beam(width: beam)
    survey.frequency = frequency * 1e6
    survey.rms = rms * 1e-6
    survey.rmsVariation = rmsVariation
    survey.separation = separation
    survey.fieldSources = fieldSources
    survey.corner = SkyPosition(ra: ra, dec: dec)
    return survey
  }
}

extension Projection: ExpressibleByArgument {}
