import Foundation
import Tensor

/// A jet or tail: a stream along a curve, with a lobe and a hot spot at its end.
struct Arm {
  /// Its flux, in the unit of the source.
  var flux: Double
  /// Arcsec along the curve.
  var length: Double
  /// The direction in which it leaves the core, radians.
  var direction: Double
  /// By how much it turns on its way, radians; it turns ever faster.
  var turn: Double
  var width: Double
  var flare: Double
  var fade: Double
  var lobe: Double
  var lobeWidth: Double
  var hotSpot: Double
  var knots: Double

  /// The arm as Gaussians, close enough to each other to be smooth.
  func components(_ random: inout RandomStream) -> [Gaussian] {
    let path = Path(length: length, direction: direction, turn: turn)
    return stream(along: path, &random) + end(of: path, &random)
  }

  private func stream(along path: Path, _ random: inout RandomStream) -> [Gaussian] {
    let count = min(max(Int(2.5 / width), 8), 40)
    let brightness = (0..<count).map { index in
      exp(-fade * (Double(index) + 0.5) / Double(count) + knots * random.gaussian())
    }
    let unit = flux * max(1 - lobe - hotSpot, 0) / brightness.reduce(0, +)
    return brightness.indices.map { index in
      let part = (Double(index) + 0.5) / Double(count)
      let node = path.node(part)
      let across = length * width * (1 + (flare - 1) * part)
      return Gaussian(
        unit * brightness[index], at: node.place, major: max(across, 1.5 * length / Double(count)),
        minor: across, angle: node.heading)
    }
  }

  private func end(of path: Path, _ random: inout RandomStream) -> [Gaussian] {
    let across = length * lobeWidth
    // The lobe's outer side is where the arm ends.
    let middle = path.node(max(1 - 0.4 * lobeWidth, 0))
    let lobe = Gaussian(
      flux * self.lobe, at: middle.place, major: across * random.within(1...1.5), minor: across,
      angle: middle.heading)
    let tip = path.node(random.within(0.9...1))
    let spot = Gaussian(
      flux * hotSpot, at: tip.place, major: random.within(0...4), minor: 0, angle: random.angle())
    return [lobe, spot].filter { $0.flux > 0 }
  }
}

/// A curve that leaves the origin in a direction and turns ever faster.
private struct Path {
  let length: Double
  let direction: Double
  let turn: Double

  /// The place and heading at a part of the way, 0 to 1.
  func node(_ part: Double) -> (place: Point, heading: Double) {
    let steps = 24
    var place = Point()
    for step in 0..<steps {
      place = place.moved(
        part * length / Double(steps), towards: heading(part * (Double(step) + 0.5) / Double(steps))
      )
    }
    return (place, heading(part))
  }

  private func heading(_ part: Double) -> Double { direction + turn * part * part }
}

/// The one or two arms of a source.
struct ArmPair {
  let arms: [Arm]

  /// Draws the arms; the two share what makes them of one kind.
  init(_ recipe: Recipe, size: Double, _ random: inout RandomStream) {
    let direction = random.angle()
    let degree = Double.pi / 180
    let side = random.uniform() < 0.5 ? 1.0 : -1.0
    let first = Arm(
      flux: 1, length: size, direction: direction, turn: side * random.within(recipe.bend) * degree,
      width: random.within(recipe.width), flare: random.within(recipe.flare),
      fade: random.within(recipe.fade), lobe: random.within(recipe.lobe),
      lobeWidth: random.within(recipe.lobeWidth), hotSpot: random.within(recipe.hotSpot),
      knots: random.within(recipe.knots))
    guard recipe.shape == .twoArms else {
      arms = [first]
      return
    }
    let lengths = random.within(recipe.armRatio)
    let fluxes = random.within(recipe.fluxRatio)
    let isS = random.uniform() < recipe.sShare
    var (one, other) = (first, first)
    one.length = size * lengths / (1 + lengths)
    other.length = size / (1 + lengths)
    // The shorter arm may be the brighter one.
    other.flux = random.uniform() < 0.5 ? fluxes : 1 / fluxes
    other.direction += Double.pi - side * random.within(recipe.opening) * degree
    other.turn = (isS ? 1 : -1) * side * random.within(recipe.bend) * degree
    other.hotSpot = random.within(recipe.hotSpot)
    arms = [one, other]
  }
}
