public import Astronomy
public import Failures
import Foundation
import Tensor

/// A survey of made-up sources: what it is asked to be, and the mosaics that follow from that.
///
/// Everything is a function of the options: each mosaic, source and row of noise has a random
/// stream of its own, so that mosaics can be made in any order and again.
public struct SimulatedSurvey: Codable, Sendable, Hashable {
  /// Changes whenever the same options give other pixels than before.
  public static let version = 1

  /// How many sources are drawn.
  public var sources: Int
  /// The seed of everything random.
  public var seed: UInt64
  /// How often each class is drawn.
  public var frequencies = ClassFrequencies.uneven
  /// Pixels a side of a mosaic.
  public var tileSize = 2048
  /// Arcsec a pixel.
  public var pixelScale = 1.5
  /// The beam.
  public var beam = Beam(width: 6)
  /// Hz.
  public var frequency = 144e6
  /// The typical noise, Jy/beam.
  public var rms = 80e-6
  /// The relative scatter of the noise over a mosaic.
  public var rmsVariation = 0.15
  /// How the mosaics are projected.
  public var projection = Projection.tangent
  /// The typical distance between sources, arcsec.
  public var separation = 200.0
  /// How far a source may lie from the middle of its cell, in sides of the cell.
  public var jitter = 0.12
  /// What of a mosaic's edge is left without catalogued sources, arcsec.
  public var margin = 95.0
  /// What part of a source's size is above 3 rms at least; fainter sources are made brighter.
  public var shownPart = 0.6
  /// Unrelated faint point sources a square degree; the catalogue does not list them.
  public var fieldSources = 800.0
  /// The peak, in units of the rms, from which calibration artefacts surround a source.
  public var artefactThreshold = 120.0
  /// The brightness of those artefacts, relative to the peak.
  public var artefactShare = 0.006
  /// The south-western corner of the survey; it grows to the east, then to the north.
  public var corner = SkyPosition(ra: 180, dec: 30)
  /// The recipe of each class, in the order of ``MorphologyClass``.
  public var recipes = MorphologyClass.allCases.map(Recipe.standard)

  /// A survey like LoTSS: 2048-pixel mosaics at 144 MHz, with a beam of 6" on pixels of 1.5".
  public init(sources: Int, seed: UInt64) {
    self.sources = sources
    self.seed = seed
  }

  /// Arcsec a side of a mosaic.
  var tileWidth: Double { Double(tileSize) * pixelScale }

  /// Cells a side of a mosaic, each with one source.
  var cells: Int { max(Int((tileWidth - 2 * margin) / separation), 1) }

  /// How many mosaics the survey has.
  public var tileCount: Int { (sources + cells * cells - 1) / (cells * cells) }

  /// The numbers of the sources that lie on a mosaic, counted from 0.
  func sourceNumbers(ofTile tile: Int) -> Range<Int> {
    tile * cells * cells..<min((tile + 1) * cells * cells, sources)
  }

  /// Where a mosaic's centre lies.
  ///
  /// - Throws: ``SimulationError`` when the survey grows over the pole.
  public func centre(ofTile tile: Int) throws -> SkyPosition {
    let side = tileWidth / 3600
    var left = tile
    var dec = corner.dec + side / 2
    while dec + side < 88 {
      // Mosaics of a row touch at the edge nearer to the pole, where meridians lie closest.
      let step = side / cos((abs(dec) + side / 2).radians)
      let count = max(Int(360 / step), 1)
      if left < count {
        let ra = corner.ra + (Double(left) + 0.5) * step
        return SkyPosition(ra: ra.truncatingRemainder(dividingBy: 360), dec: dec)
      }
      left -= count
      dec += side
    }
    throw SimulationError.skyIsFull(tiles: tileCount, fitting: tile)
  }

  /// Checks that the options make a survey.
  ///
  /// - Throws: ``SimulationError`` naming the option that does not fit.
  public func validate() throws {
    func check(_ holds: Bool, _ option: String, _ rule: String) throws {
      if !holds { throw SimulationError.badOption(option, rule: rule) }
    }
    try check(sources > 0, "sources", "must be at least 1")
    try check((64...32768).contains(tileSize), "tile-size", "must be 64 to 32768 pixels")
    try check(pixelScale > 0, "pixel-scale", "must be above 0")
    try check(beam.width >= 2 * pixelScale, "beam", "must be at least 2 pixels wide")
    try check(rms > 0, "rms", "must be above 0")
    try check((0...0.5).contains(rmsVariation), "rms-variation", "must be 0 to 0.5")
    try check(separation >= 60, "separation", "must be at least 60 arcsec")
    try check(frequency > 0, "frequency", "must be above 0")
    try check(fieldSources >= 0, "field-sources", "must not be below 0")
    try check(
      tileWidth > 2 * margin, "tile-size", "must leave room between margins of \(margin) arcsec")
    try check(tileWidth < 5 * 3600, "tile-size", "must stay below 5 degrees")
    try check((-80...85).contains(corner.dec), "dec", "must be -80 to 85")
    try check((0..<360).contains(corner.ra), "ra", "must be 0 to below 360")
    _ = try centre(ofTile: tileCount - 1)
  }

  /// The random stream of a purpose within a mosaic.
  func stream(_ purpose: Purpose, _ tile: Int, _ item: Int = 0) -> RandomStream {
    RandomStream(seed, purpose.rawValue, tile, item)
  }

  enum Purpose: Int {
    case source
    case noise
    case noiseLevel
    case fieldSource
  }
}

/// Why a survey cannot be simulated.
public enum SimulationError: Failure, Equatable {
  /// An option has a value that does not fit.
  case badOption(String, rule: String)
  /// There are more mosaics than fit on the sky north of the corner.
  case skyIsFull(tiles: Int, fitting: Int)

  public var exitStatus: ExitStatus { .badInput }

  public var description: String {
    switch self {
    case .badOption(let option, let rule):
      "--\(option) \(rule)"
    case .skyIsFull(let tiles, let fitting):
      """
      \(tiles) mosaics are needed and about \(fitting) fit on the sky: ask for fewer sources, or \
      begin farther south with --dec
      """
    }
  }
}
