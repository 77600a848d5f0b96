import Astronomy
import Foundation
import Simulation
import Testing

@Suite struct PatchTests {
  let beam = Beam(width: 6)

  private func patch(_ components: [Gaussian], scale: Double = 1.5) -> Patch {
    Patch(components, column: 100.3, row: 50.6, beam: beam, pixelScale: scale)
  }

  /// The sum of pixels in Jy/beam over the beam's area in pixels is the flux.
  @Test(arguments: [(0.0, 0.0), (20, 20), (30, 5), (60, 1)])
  func keepsFlux(major: Double, minor: Double) {
    let seen = patch([Gaussian(0.25, at: Point(7, -4), major: major, minor: minor, angle: 0.7)])
    let sum = seen.values.reduce(0) { $0 + Double($1) }
    #expect(abs(sum * 1.5 * 1.5 / beam.solidAngle - 0.25) < 1e-4)
  }

  /// Every pixel against the exponential of the formula, computed one by one.
  @Test func agreesWithFormula() {
    let angle = 0.7
    let seen = patch([Gaussian(2, at: Point(6, -3), major: 24, minor: 9, angle: angle)])
    let sigma = beam.sigma / 1.5
    let (long, across) = (
      (pow(24 / 6 * sigma, 2) + sigma * sigma).squareRoot(),
      (pow(9 / 6 * sigma, 2) + sigma * sigma).squareRoot()
    )
    let peak = 2 * sigma * sigma / (long * across)
    var worst = 0.0
    for row in 0..<seen.height {
      for column in 0..<seen.width {
        let x = Double(column + seen.left) - 100.3 - 4
        let y = Double(row + seen.bottom) - 50.6 + 2
        let u = (x * cos(angle) + y * sin(angle)) / long
        let v = (-x * sin(angle) + y * cos(angle)) / across
        let expected = u * u + v * v < 25 ? peak * exp(-0.5 * (u * u + v * v)) : 0
        let found = Double(seen.values[row * seen.width + column])
        // On the very edge of the ellipse either is right.
        if abs(u * u + v * v - 25) > 1e-6 { worst = max(worst, abs(found - expected)) }
      }
    }
    #expect(worst < 1e-6)
    #expect(worst > 0)
  }

  @Test func aPointPeaksAtItsFlux() {
    let seen = Patch([Gaussian(3, at: Point())], column: 40, row: 30, beam: beam, pixelScale: 1.5)
    #expect(abs(seen.peak - 3) < 1e-6)
    let place = seen.values.firstIndex(of: seen.peak) ?? 0
    #expect(place % seen.width + seen.left == 40)
    #expect(place / seen.width + seen.bottom == 30)
  }

  @Test func extentIsThatOfTheIsophote() {
    // Half the peak of a Gaussian lies at its full width: 60" convolved with 6".
    let seen = patch([Gaussian(1, at: Point(), major: 60, minor: 12, angle: Double.pi / 6)])
    let extent = seen.extent(above: seen.peak / 2, pixelScale: 1.5)
    #expect(abs(extent.major - 3636.0.squareRoot()) < 3)
    #expect(abs(extent.minor - 180.0.squareRoot()) < 6)
    // 30° from west towards north is 120° east of north.
    #expect(abs(extent.positionAngle - 120) <= 10)
    #expect(seen.extent(above: 2 * seen.peak, pixelScale: 1.5).major == 0)
  }
}
