public import Astronomy
public import PostgreSQL

/// Which sources of a survey to list, and in what order.
///
/// What is `nil` does not filter; bounds leave out sources that have no such figure.
public struct SourceFilter: Sendable, Equatable {
  /// Only sources with this class by consensus of the annotators.
  public var labelledAs: Int16?
  /// Only sources that the newest classification gave this class.
  public var predictedAs: Int16?
  /// Bounds of the predicted class's probability.
  public var probability: ClosedRange<Double>?
  /// Only sources of which the newest classification leaves such classes possible.
  public var set: SetQuestion?
  /// Bounds of the total flux density, Jy.
  public var flux: ClosedRange<Double>?
  /// Bounds of the largest angular size, arcsec.
  public var size: ClosedRange<Double>?
  /// Bounds of the peak flux over the local noise.
  public var signalToNoise: ClosedRange<Double>?
  /// Only sources that have an image, or that have none.
  public var hasImage: Bool?
  /// Only sources of which somebody says one of these now.
  public var remarks: [Remark.Kind] = []
  /// Only sources to which this tag applies, by consensus.
  public var tag: Tag?
  /// A circle on the sky.
  ///
  /// It reaches over the pole and the meridian of right ascension 0.
  public var cone: Cone?
  /// Only sources in this cluster or below it.
  public var cluster: Int?
  /// Only sources whose name holds this text.
  public var name: String?
  /// The order.
  public var order = Order.name

  /// A circle on the sky.
  ///
  /// It reaches over the pole and the meridian of right ascension 0.
  public struct Cone: Sendable, Equatable {
    /// The centre, ICRS.
    public var centre: SkyPosition
    /// Degrees.
    public var radius: Double

    /// Describes a circle.
    ///
    /// The radius is in degrees.
    public init(centre: SkyPosition, radius: Double) {
      self.centre = centre
      self.radius = radius
    }
  }

  /// A tag of any scheme.
  public struct Tag: Sendable, Equatable {
    /// The scheme's key.
    public var scheme: Int
    /// The tag's key within it.
    public var id: Int16

    /// Names a tag by its keys.
    public init(scheme: Int, id: Int16) {
      self.scheme = scheme
      self.id = id
    }
  }

  /// Orders of sources.
  ///
  /// What has no such figure comes last, and equals follow their keys.
  public enum Order: String, Sendable, CaseIterable {
    /// By name.
    case name
    /// Brightest first.
    case flux
    /// Largest first.
    case size
    /// Highest signal to noise first.
    case signal
    /// Surest predictions first.
    case sure
    /// Most doubtful predictions first.
    case doubtful
    /// What is unlike everything else first.
    case outliers
  }

  /// Everything, by name.
  public init() {}
}

extension SourceFilter.Tag {
  /// The tags of all schemes with their names, by scheme.
  public static func all(
    in database: Connection
  ) throws -> [(tag: SourceFilter.Tag, scheme: String, name: String)] {
    try database.rows(
      """
      SELECT class_scheme_id::bigint, class_id, class_scheme.name, class.name
      FROM reber.class JOIN reber.class_scheme USING (class_scheme_id)
      WHERE is_tags AND merged_into IS NULL
      ORDER BY class_scheme.name, class_id
      """, as: Int.self, Int16.self, String.self, String.self
    ).map { (tag: SourceFilter.Tag(scheme: $0, id: $1), scheme: $2, name: $3) }
  }
}

extension SourceFilter.Cone {
  /// On rows of `source`: rough bounds that the index on positions knows, and the circle itself.
  var conditions: [SQL] {
    let (ra, dec) = (centre.ra, centre.dec)
    return [
      "source.dec BETWEEN \(dec - radius) AND \(dec + radius)", meridians,
      "reber.separation(\(ra), \(dec), source.ra, source.dec) <= \(radius)",
    ]
  }

  /// Bounds of right ascension: all about a pole, and two stretches beside the meridian 0.
  private var meridians: SQL {
    let (low, high) = centre.meridians(within: radius)
    if high - low >= 360 { return "true" }
    if low < 0 { return "(source.ra >= \(low + 360) OR source.ra <= \(high))" }
    if high >= 360 { return "(source.ra >= \(low) OR source.ra <= \(high - 360))" }
    return "source.ra BETWEEN \(low) AND \(high)"
  }
}
