public import Astronomy
import Foundation
import Tensor

/// A source on a mosaic, with what its catalogue entry says: true figures, without noise.
public struct SimulatedSource: Sendable {
  /// The class it was drawn from.
  public let kind: MorphologyClass
  /// Where it is.
  public let position: SkyPosition
  /// The pixel of its position, counted from 0.
  public let column: Double
  /// The same, from the south.
  public let row: Double
  /// Its flux density, Jy; of an artefact, that of what is brighter than 3 rms.
  public let totalFlux: Double
  /// Its brightest pixel, Jy/beam.
  public let peakFlux: Double
  /// The noise around it, Jy/beam.
  public let rms: Double
  /// The extent of what is brighter than 3 rms.
  public let extent: Extent
  /// Its pixels, with those of its companions and of the artefacts around it, Jy/beam.
  let patch: Patch

  /// Its name: simulated, and where it is.
  public var name: String { "SIM" + position.designation }

  init(
    _ survey: SimulatedSurvey, tile: Int, cell: Int, around centre: SkyPosition, noise: Noise
  ) {
    var random = survey.stream(.source, tile, cell)
    let kind = survey.frequencies.draw(&random)
    let place = survey.place(ofCell: cell, &random)
    var model = SourceModel(kind, survey.recipe(of: kind), &random)
    let rms = noise.level(place.x, place.y)
    model.scale(by: survey.patch(model.components, at: place).scale(showing: model, rms, survey))
    let own = survey.patch(model.components, at: place)
    let halo = survey.halo(of: model, peak: Double(own.peak), rms: rms, &random)
    self.kind = kind
    self.rms = rms
    (column, row) = (place.x, place.y)
    position = survey.position(of: place, around: centre)
    totalFlux = survey.flux(of: model, own, rms)
    peakFlux = Double(own.peak)
    extent = own.extent(above: Float(3 * rms), pixelScale: survey.pixelScale)
    let others = model.companions + halo
    patch = others.isEmpty ? own : survey.patch(model.components + others, at: place)
  }
}

extension SimulatedSurvey {
  fileprivate func recipe(of kind: MorphologyClass) -> Recipe {
    MorphologyClass.allCases.firstIndex(of: kind).map { recipes[$0] } ?? .standard(for: kind)
  }

  /// The pixel of a cell's source, near the middle of the cell.
  fileprivate func place(ofCell cell: Int, _ random: inout RandomStream) -> Point {
    let first = margin / pixelScale
    let side = (Double(tileSize) - 2 * first) / Double(cells)
    let reach = Float(jitter)
    func coordinate(_ index: Int, _ random: inout RandomStream) -> Double {
      first + side * (Double(index) + 0.5 + random.within(-reach...reach)) - 0.5
    }
    return Point(coordinate(cell % cells, &random), coordinate(cell / cells, &random))
  }

  fileprivate func patch(_ components: [Gaussian], at place: Point) -> Patch {
    Patch(components, column: place.x, row: place.y, beam: beam, pixelScale: pixelScale)
  }

  /// The flux density that a catalogue would give: artefacts also have dark parts, which it does
  /// not count.
  fileprivate func flux(of model: SourceModel, _ seen: Patch, _ rms: Double) -> Double {
    guard model.kind == .artifact else { return model.components.reduce(0) { $0 + $1.flux } }
    let beamPixels = beam.solidAngle / (pixelScale * pixelScale)
    return seen.sum(above: Float(3 * rms)) / beamPixels
  }

  /// Where a pixel lies on the sky; east is to the left.
  func position(of place: Point, around centre: SkyPosition) -> SkyPosition {
    let middle = Double(tileSize - 1) / 2
    let scale = pixelScale / 3600
    return projection.position(
      east: (middle - place.x) * scale, north: (place.y - middle) * scale, around: centre)
  }

  /// What calibration leaves around a bright source; around artefacts it is there already.
  fileprivate func halo(
    of model: SourceModel, peak: Double, rms: Double, _ random: inout RandomStream
  ) -> [Gaussian] {
    guard model.kind != .artifact, peak > artefactThreshold * rms else { return [] }
    return ArtefactPattern.halo(share: artefactShare * peak, reach: 70, &random)
  }
}

extension Patch {
  /// The factor that makes a source as bright as it was drawn, or brighter, until most of it shows.
  fileprivate func scale(
    showing model: SourceModel, _ rms: Double, _ survey: SimulatedSurvey
  ) -> Double {
    var scale = model.peakToNoise * rms / Double(max(peak, .leastNormalMagnitude))
    for _ in 0..<12 {
      let shown = extent(above: Float(3 * rms / scale), pixelScale: survey.pixelScale)
      if shown.major >= survey.shownPart * model.size + survey.beam.width { break }
      scale *= 1.3
    }
    return scale
  }
}

extension SourceModel {
  /// Multiplies all fluxes, those of companions included.
  mutating func scale(by factor: Double) {
    components = components.map { $0.scaled(by: factor) }
    companions = companions.map { $0.scaled(by: factor) }
  }
}
