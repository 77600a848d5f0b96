/// How sources of one class are drawn: ranges, from which each source takes its own figures.
///
/// Figures are drawn evenly in their range, those of `size` and `peakToNoise` evenly in their
/// logarithm. What a recipe does not say stands for nothing. Every source also gets an orientation
/// and a handedness by chance.
public struct Recipe: Codable, Sendable, Hashable {
  /// What a source is made of.
  public enum Shape: String, Codable, Sendable, Hashable {
    /// A core from which one arm leaves.
    case oneArm
    /// A core from which two arms leave.
    case twoArms
    /// Blobs scattered around a place.
    case cloud
    /// Spokes, rings or stripes that calibration left around a bright point.
    case artefact
  }

  /// What a source is made of.
  public var shape: Shape
  /// Both arms together or the diameter of a cloud, arcsec, before the beam.
  public var size: ClosedRange<Float>
  /// The brightest pixel, in units of the local rms.
  public var peakToNoise: ClosedRange<Float>

  /// The share of the flux that is in a point at the centre.
  public var core: ClosedRange<Float> = 0...0
  /// The share of an arm's flux that is in a compact spot at its end.
  public var hotSpot: ClosedRange<Float> = 0...0
  /// The share of an arm's flux that is in a lobe at its end.
  public var lobe: ClosedRange<Float> = 0...0
  /// The width of the lobe, in lengths of the arm.
  public var lobeWidth: ClosedRange<Float> = 0.4...0.4
  /// Brightness along the arm goes as `exp(-fade t)`, `t` being 0 at the core and 1 at the end.
  public var fade: ClosedRange<Float> = 0...0
  /// The arm's width at the core, in lengths of the arm.
  public var width: ClosedRange<Float> = 0.1...0.1
  /// How many times as wide the arm is at its end.
  public var flare: ClosedRange<Float> = 1...1
  /// By how much the arm turns on its way, degrees.
  public var bend: ClosedRange<Float> = 0...8
  /// By how much the arms miss being opposite to each other, degrees.
  public var opening: ClosedRange<Float> = 0...8
  /// How often the arms turn to opposite sides (an S) instead of the same (a C).
  public var sShare: Float = 0.5
  /// The longer arm's length in units of the shorter.
  public var armRatio: ClosedRange<Float> = 1...1
  /// The brighter arm's flux in units of the fainter.
  public var fluxRatio: ClosedRange<Float> = 1...1
  /// How uneven the arm is: the scatter of the logarithm of its brightness.
  public var knots: ClosedRange<Float> = 0...0.2

  /// How many blobs a cloud has.
  public var blobs: ClosedRange<Float> = 1...1
  /// How far from the centre blobs lie, in diameters of the cloud.
  public var scatter: ClosedRange<Float> = 0...0
  /// The widths of blobs, in diameters of the cloud.
  public var blobWidth: ClosedRange<Float> = 1...1
  /// The minor axis of blobs in units of the major.
  public var axisRatio: ClosedRange<Float> = 1...1
}
