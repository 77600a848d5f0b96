public import ArgumentParser
import Astronomy
import Foundation
public import Simulation
import Stages

struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Make up a survey: mosaics, a catalogue and the true classes, without a database.",
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
