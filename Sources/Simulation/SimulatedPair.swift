public import Astronomy
import Foundation
import Tensor

/// One made-up sky as two surveys see it, at two frequencies and with two beams: catalogues without images, and
/// which of their sources are one object.
///
/// Everything is a function of the options: each thousand objects have a random stream of their own.
public struct SimulatedPair: Codable, Sendable, Hashable {
  /// Changes whenever the same options give other catalogues than before.
  public static let version = 1

  /// How many objects are drawn, companions not counted.
  public var objects: Int
  /// The seed of everything random.
  public var seed: UInt64
  /// The surveys: two, of other names.
  public var surveys = [
    Survey("lotss", frequency: 144e6, beam: 6, rms: 80e-6),
    Survey("first", frequency: 1.4e9, beam: 5.4, rms: 150e-6),
  ]
  /// Objects a square degree, companions not counted.
  public var density = 1500.0
  /// The part of the objects that have a companion nearer than the wider beam, and farther than the finer one: the
  /// survey of the wider beam sees the two as one source.
  public var blends = 0.1
  /// The least flux density at the first survey's frequency, Jy.
  public var faintest = 0.2e-3
  /// Counts fall as dN/dS ∝ S^-slope.
  public var slope = 1.8
  /// Mean and scatter of the spectral index.
  public var spectralIndex = -0.7, spectralScatter = 0.25
  /// What is listed, in units of the rms.
  public var detection = 5.0
  /// How well the frame of each survey is known, arcsec in each coordinate, source by source.
  public var frameError = 0.2
  /// The south-western corner of the sky that is seen; it is as high as wide.
  public var corner = SkyPosition(ra: 180, dec: 30)

  /// A sky as LoTSS and FIRST see it.
  public init(objects: Int, seed: UInt64) {
    self.objects = objects
    self.seed = seed
  }

  /// A survey of the sky.
  public struct Survey: Codable, Sendable, Hashable {
    /// A short lower-case name.
    public var name: String
    /// Hz.
    public var frequency: Double
    /// The beam's full width at half maximum, arcsec.
    public var beam: Double
    /// Jy/beam.
    public var rms: Double

    /// Describes a survey.
    public init(_ name: String, frequency: Double, beam: Double, rms: Double) {
      (self.name, self.frequency, self.beam, self.rms) = (name, frequency, beam, rms)
    }
  }

  /// An entry of a catalogue: fluxes in Jy, the error of each coordinate in arcsec, from the flux density that was
  /// measured and without that of the frame.
  public struct Entry: Sendable {
    /// Where it was measured.
    public var position: SkyPosition
    /// What was measured.
    public var flux: Double
    /// Error of a coordinate, arcsec.
    public var error: Double
    /// The objects that it is: two where they are blended.
    public var objects: [String]
  }

  /// Objects in a chunk.
  static let chunk = 1000

  /// How many chunks there are.
  public var chunkCount: Int { (objects + Self.chunk - 1) / Self.chunk }

  /// Checks that the options make a sky.
  ///
  /// - Throws: ``SimulationError`` naming the option that does not fit.
  public func validate() throws {
    func check(_ holds: Bool, _ option: String, _ rule: String) throws {
      if !holds { throw SimulationError.badOption(option, rule: rule) }
    }
    try check(objects > 0, "objects", "must be at least 1")
    try check(
      surveys.count == 2 && surveys[0].name != surveys[1].name, "survey",
      "must be given twice, with two names")
    try check(
      surveys.allSatisfy { $0.name.wholeMatch(of: /[a-z][a-z0-9_]{0,50}/) != nil }, "survey",
      "must have a name of lower-case letters, digits and '_', a letter first")
    try check(
      surveys.allSatisfy { $0.frequency > 0 && $0.beam > 0 && $0.rms > 0 }, "survey",
      "must have a frequency, a beam and a noise above 0")
    try check(density > 0, "density", "must be above 0")
    try check((0...1).contains(blends), "blends", "must be 0 to 1")
    try check((0..<360).contains(corner.ra), "ra", "must be 0 to below 360")
    try check((-90..<90).contains(corner.dec), "dec", "must be -90 to below 90")
    guard top <= 90, width <= 360 else {
      throw SimulationError.badOption(
        "objects",
        rule: "are too many for the sky north of the corner: ask for fewer, or a higher --density")
    }
  }

  /// Degrees a side.
  private var side: Double { (Double(objects) / density).squareRoot() }

  /// The northern edge, degrees.
  private var top: Double { corner.dec + side }

  /// Degrees of right ascension, so that the area is the square of the side.
  private var width: Double {
    side * side * Double.pi / 180 / (sin(top.radians) - sin(corner.dec.radians))
  }
}

extension SimulatedPair {
  /// What the two surveys list of a chunk of objects, counted from 0: an array for each survey.
  public func entries(ofChunk number: Int) -> [[Entry]] {
    var random = RandomStream(seed, number)
    var entries: [[Entry]] = [[], []]
    for index in number * Self.chunk..<min((number + 1) * Self.chunk, objects) {
      let group = group(index, &random)
      for (place, survey) in surveys.enumerated() {
        for blend in blended(group, in: survey) {
          if let entry = measured(blend, in: survey, &random) { entries[place].append(entry) }
        }
      }
    }
    return entries
  }

  /// An object as it is.
  private struct Object {
    var name: String
    var position: SkyPosition
    /// At the first survey's frequency, Jy.
    var flux: Double
    var spectralIndex: Double
  }

  /// An object and, where it has one, its companion, a fifth to as bright.
  private func group(_ index: Int, _ random: inout RandomStream) -> [Object] {
    let (low, high) = (sin(corner.dec.radians), sin(top.radians))
    let position = SkyPosition(
      ra: (corner.ra + width * random.fraction()).wrapped,
      dec: asin(low + (high - low) * random.fraction()).degrees)
    let flux = min(10, faintest * pow(1 - random.fraction(), 1 / (1 - slope)))
    let object = Object(
      name: "S\(index)", position: position, flux: flux, spectralIndex: drawnIndex(&random))
    guard random.fraction() < blends else { return [object] }
    let beams = surveys.map(\.beam).sorted()
    let apart = beams[0] + (beams[1] - beams[0]) * random.fraction()
    let companion = Object(
      name: "S\(index)b", position: position.moved(by: apart, to: 360 * random.fraction()),
      flux: flux * (0.2 + 0.8 * random.fraction()), spectralIndex: drawnIndex(&random))
    return [object, companion]
  }

  private func drawnIndex(_ random: inout RandomStream) -> Double {
    spectralIndex + spectralScatter * Double(random.normal())
  }

  private func flux(_ object: Object, in survey: Survey) -> Double {
    object.flux * pow(survey.frequency / surveys[0].frequency, object.spectralIndex)
  }

  /// What of a group a survey sees as one source.
  private func blended(_ group: [Object], in survey: Survey) -> [[Object]] {
    guard group.count > 1,
      3600 * group[0].position.separation(from: group[1].position) < survey.beam
    else { return group.map { [$0] } }
    return [group]
  }

  /// The source that a survey lists, where noise lets it see one: a blend is as bright as its parts, and lies in
  /// their middle by flux.
  private func measured(
    _ objects: [Object], in survey: Survey, _ random: inout RandomStream
  ) -> Entry? {
    let fluxes = objects.map { flux($0, in: survey) }
    let total = fluxes.reduce(0, +)
    let seen = total + survey.rms * Double(random.normal())
    guard seen >= detection * survey.rms else { return nil }
    let middle = zip(objects, fluxes).reduce(SIMD3<Double>.zero) {
      $0 + $1.0.position.vector * ($1.1 / total)
    }
    let error = survey.beam * survey.rms / (2 * max(total, 2 * survey.rms))
    let scatter = (error * error + frameError * frameError).squareRoot()
    let (east, north) = (Double(random.normal()), Double(random.normal()))
    return Entry(
      position: SkyPosition(middle).moved(east: scatter * east, north: scatter * north), flux: seen,
      error: survey.beam * survey.rms / (2 * seen), objects: objects.map(\.name))
  }
}

extension SkyPosition {
  /// The place so many arcsec away, in a direction in degrees east of north.
  fileprivate func moved(by arcsec: Double, to angle: Double) -> SkyPosition {
    moved(east: arcsec * sin(angle.radians), north: arcsec * cos(angle.radians))
  }

  /// The place so many arcsec to the east and to the north.
  fileprivate func moved(east: Double, north: Double) -> SkyPosition {
    let (toEast, toNorth) = directions
    return SkyPosition(vector + toEast * (east / 3600).radians + toNorth * (north / 3600).radians)
  }
}

extension RandomStream {
  /// A number drawn evenly from 0 up to 1, one of 2⁵³.
  fileprivate mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }
}
