import Astronomy
import Foundation
import Simulation
import Tensor
import Testing

@Suite struct SurveyTests {
  /// A small survey: four sources a mosaic.
  private func survey(_ sources: Int, seed: UInt64 = 11) -> SimulatedSurvey {
    var survey = SimulatedSurvey(sources: sources, seed: seed)
    survey.tileSize = 400
    survey.fieldSources = 0
    return survey
  }

  @Test func isTheSameAgain() throws {
    let first = try SimulatedTile(survey(8), number: 1)
    let second = try SimulatedTile(survey(8), number: 1)
    #expect(first.image() == second.image())
    #expect(first.sources.map(\.name) == second.sources.map(\.name))
    let other = try SimulatedTile(survey(8, seed: 12), number: 1)
    #expect(first.image() != other.image())
    #expect(try SimulatedTile(survey(8), number: 0).image() != first.image())
  }

  /// Aperture sums recover the catalogue's fluxes within their noise.
  @Test func fluxesAreThoseOfTheCatalogue() throws {
    var survey = survey(16)
    survey.artefactThreshold = .infinity
    survey.separation = 250
    let half = 66
    var scores: [Double] = []
    let beam = survey.beam.solidAngle / (survey.pixelScale * survey.pixelScale)
    for number in 0..<survey.tileCount {
      let tile = try SimulatedTile(survey, number: number)
      let image = tile.image()
      for source in tile.sources where source.kind != .artifact && source.extent.major < 130 {
        let (x, y) = (Int(source.column.rounded()), Int(source.row.rounded()))
        guard (half..<400 - half).contains(x), (half..<400 - half).contains(y) else { continue }
        var sum = 0.0
        for row in y - half...y + half {
          for column in x - half...x + half { sum += Double(image.values[row * 400 + column]) }
        }
        let pixels = Double((2 * half + 1) * (2 * half + 1))
        let error = source.rms * (2 * pixels / beam).squareRoot()
        scores.append((sum / beam - source.totalFlux) / error)
        #expect(source.totalFlux > 0)
      }
    }
    #expect(scores.count >= 8)
    #expect(scores.allSatisfy { abs($0) < 4 }, "\(scores)")
    let square = scores.reduce(0) { $0 + $1 * $1 } / Double(scores.count)
    #expect((0.2...2.5).contains(square))
  }

  @Test func brightCoresAreWhereTheCatalogueSays() throws {
    var survey = survey(40)
    survey.frequencies = .even
    var seen = 0
    for number in 0..<survey.tileCount {
      let tile = try SimulatedTile(survey, number: number)
      let cores = tile.sources.filter { $0.kind == .brightCore }
      guard !cores.isEmpty else { continue }
      let image = tile.image()
      for source in cores {
        let (x, y) = (Int(source.column.rounded()), Int(source.row.rounded()))
        let near = (y - 12...y + 12).flatMap { row in
          (x - 12...x + 12).map { (value: image.values[row * 400 + $0], column: $0, row: row) }
        }
        let brightest = try #require(near.max { $0.value < $1.value })
        #expect(abs(Double(brightest.column) - source.column) <= 1)
        #expect(abs(Double(brightest.row) - source.row) <= 1)
        #expect(abs(Double(brightest.value) - source.peakFlux) < 6 * source.rms)
        seen += 1
      }
    }
    #expect(seen > 0)
  }

  @Test func mosaicsCoverSkyWithoutOverlap() throws {
    let survey = SimulatedSurvey(sources: 60000, seed: 1)
    let centres = try (0..<survey.tileCount).map(survey.centre)
    let side = 2048 * 1.5 / 3600
    for (index, one) in centres.enumerated() {
      for other in centres[..<index] where abs(one.dec - other.dec) < 0.99 * side {
        let apart = abs(one.ra - other.ra)
        let near = min(apart, 360 - apart) * cos((abs(one.dec) + side / 2) * Double.pi / 180)
        #expect(near > 0.999 * side)
      }
    }
    #expect(throws: SimulationError.self) {
      try SimulatedSurvey(sources: 9_000_000, seed: 1).validate()
    }
  }

  @Test func drawsEveryClass() {
    for frequencies in [ClassFrequencies.even, .uneven] {
      #expect(abs(frequencies.shares.reduce(0, +) - 1) < 1e-5)
      var counts: [MorphologyClass: Int] = [:]
      for index in 0..<6000 {
        var random = RandomStream(3, index)
        counts[frequencies.draw(&random), default: 0] += 1
      }
      for (kind, share) in zip(MorphologyClass.allCases, frequencies.shares) {
        let expected = 6000 * Double(share)
        #expect(abs(Double(counts[kind] ?? 0) - expected) < 5 * expected.squareRoot(), "\(kind)")
      }
    }
  }

  /// What makes a class one: the figure by which an astronomer would tell it from its neighbour.
  @Test func classesAreWhatTheirNamesSay() {
    func core(_ kind: MorphologyClass) -> Double {
      let shares = (0..<200).map { index -> Double in
        var random = RandomStream(9, index)
        let model = SourceModel(kind, .standard(for: kind), &random)
        return model.components[0].flux / model.components.reduce(0) { $0 + $1.flux }
      }
      return shares.reduce(0, +) / 200
    }
    #expect(core(.brightCore) > 0.5)
    #expect((0.1...0.4).contains(core(.centreBright)))
    #expect(core(.edgeBright) < 0.1)
    #expect(core(.symmetricDouble) < 0.05)
    #expect(core(.circularDiffuse) < 0.05)
  }

  @Test func refusesWhatMakesNoSurvey() {
    for change in [
      { $0.beam = Beam(width: 2) }, { $0.tileSize = 80 }, { $0.rms = 0 }, { $0.sources = 0 },
      { $0.separation = 10 }, { $0.corner.dec = 89 },
    ] as [(inout SimulatedSurvey) -> Void] {
      var survey = survey(4)
      change(&survey)
      #expect(throws: SimulationError.self) { try survey.validate() }
    }
  }
}
