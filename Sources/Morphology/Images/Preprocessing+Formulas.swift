internal import Foundation

extension Preprocessing {
  /// How a cutout becomes a plain view, a formula a step, for whoever makes views elsewhere.
  ///
  /// The symbols are those of docs/models.md, which has the steps in full.
  public var formulas: [String] {
    [
      "pixels that are not finite count as 0",
      scaleFormula,
      smoothingFormula,
      noiseFormula,
      """
      prepared image, \(workingSide) × \(workingSide): p(r, c) = bilinear sample of the smoothed image at row \
      (H − 1)/2 + s (r − \(middle(workingSide))), column (W − 1)/2 + s (c − \(middle(workingSide))); 0 outside
      """,
      neighbourFormula,
      """
      view, \(size) × \(size): the prepared image turned about its centre, resampled likewise; peak = its largest \
      value within \(number(Double(size) / 2)) pixels of its centre, at least 0
      """,
      "x = 0 where the value is below \(number(Double(clip))) σ, else value / peak, held to [0, 1]",
      stretch.formula,
    ].compactMap { $0 }
  }

  private var scaleFormula: String {
    if let framing {
      return """
        s = \(number(framing.sizeFactor)) × extent / \(size) cutout pixels in a pixel of a view, where extent is the \
        source's size in pixels; s × \(size) × pixel scale at least \(number(framing.least))″ and at most \
        \(number(framing.most))″, and \(number(framing.usual))″ where the extent is not known
        """
    }
    if let fieldOfView { return "s = \(number(fieldOfView))″ / pixel scale / \(size)" }
    return "s = \(number(cropFraction)) × min(H, W) / \(size) cutout pixels in a pixel of a view"
  }

  private var smoothingFormula: String {
    let own = "0.42² (s² − 1) where s > 1.05, else 0"
    guard let beam else {
      return "smoothed by a Gaussian of σ² = \(own), in cutout pixels, cut at 3σ"
    }
    return """
      smoothed by a Gaussian of σ² = a + b, in cutout pixels, cut at 3σ: a = \(own); b = (\(number(beam))² − \
      beam²) / (8 ln 2 × pixel scale²), at least 0
      """
  }

  private var noiseFormula: String {
    let estimate =
      switch noise {
      case .medianAbsoluteDeviation: "1.4826 × the median of |v − median of v|"
      case .clippedDeviation:
        "the standard deviation, clipped at 3σ about the median until nothing changes,"
      }
    return """
      noise σ = \(estimate) of the smoothed image's pixels that were finite; 0 where more than 30% of \
      the cutout's share the lowest value
      """
  }

  private var neighbourFormula: String? {
    guard case .mask(let radius) = neighbours else { return nil }
    return """
      islands of prepared pixels above \(number(Double(clip))) σ (8 neighbours) that do not come within \
      \(number(radius * Double(size))) pixels of the centre become 0, unless none does
      """
  }

  private func middle(_ side: Int) -> String { number(Double(side - 1) / 2) }
}

extension Stretch {
  /// How brightness x in [0, 1] is shown, as a formula.
  var formula: String {
    switch self {
    case .linear: "y = x"
    case .squareRoot: "y = √x"
    case .asinh(let a): "y = asinh(\(number(Double(a))) x) / asinh(\(number(Double(a))))"
    case .power(let exponent): "y = x^\(number(Double(exponent)))"
    }
  }
}

/// A number with as many digits as it needs, six at most.
private func number(_ value: Double) -> String { String(format: "%.6g", value) }

extension TestViews {
  /// How a view lies in the prepared image.
  public struct Placement: Codable, Sendable {
    /// The turn about the centre, in degrees.
    public var degrees: Double
    /// How much larger the source is shown.
    public var zoom: Double
    /// Whether columns are mirrored before the turn.
    public var isMirrored: Bool
    /// Quarter turns of the finished view, each from columns to rows.
    public var quarterTurns: Int
  }

  /// How the views lie, in their order.
  public var placements: [Placement] {
    (0..<count).map { number in
      let place = placement(number)
      return Placement(
        degrees: 90 * Double(place.quarter), zoom: Double(place.zoom),
        isMirrored: place.mirrored, quarterTurns: place.turns)
    }
  }
}
