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

/// A source in a list.
///
/// What is `nil` is not known: no position or size in the catalogue, no label, no prediction.
public struct ListedSource: Sendable {
  /// Its picture.
  public var cell: MontageCell
  /// ICRS, degrees.
  public var position: SkyPosition?
  /// Jy.
  public var totalFlux: Double?
  /// Arcsec.
  public var majorAxis: Double?
  /// Peak flux over the local noise.
  public var signalToNoise: Double?
  /// By consensus of the annotators; several only in a scheme of tags.
  public var labelledAs: [Int16]
  /// By the newest classification.
  public var predictedAs: Int16?
  /// Of that class.
  public var probability: Float?
  /// Larger is less like anything else.
  public var outlierScore: Float?
}

/// The newest work on a survey that pages show.
///
/// What is `nil` was not done yet.
public struct NewestWork: Sendable, Equatable {
  /// The newest clustering.
  public var clustering: Int?
  /// The newest finished classification in the scheme that was asked about.
  public var classification: Int?
  /// The model of the embeddings: that of the clustering, or the newest that has embedded.
  public var model: Int?
  /// How many sources that model has embedded.
  public var embedded: Int
  /// The table of their points: made anew they have another one.
  public var points: String?
}

extension NewestWork {
  /// The newest clustering, classification and embeddings of a survey.
  ///
  /// The classification is the newest in `scheme`: classes of another have other meanings by the same numbers. Without
  /// one it is the newest of all.
  public static func on(
    _ survey: Survey, scheme: ClassScheme? = nil, in database: Connection
  ) throws -> NewestWork {
    try database.row(
      """
      SELECT clustering, classification, model,
          (
              SELECT coalesce(sum(embeddings), 0)::bigint FROM reber.embedding_count
              WHERE survey_id = \(survey.id) AND model_id = newest.model
          ) AS embedded,
          (
              SELECT part FROM reber.point_set
              WHERE survey_id = \(survey.id) AND model_id = newest.model
          ) AS points
      FROM (
          SELECT
              (
                  SELECT max(clustering_id) FROM reber.clustering WHERE survey_id = \(survey.id)
              ) AS clustering,
              (
                  \(Classification.runs(of: survey, scheme: scheme)) ORDER BY run.run_id DESC LIMIT 1
              ) AS classification,
              coalesce(
                  (
                      SELECT model_id FROM reber.clustering WHERE survey_id = \(survey.id)
                      ORDER BY clustering_id DESC LIMIT 1
                  ),
                  (
                      SELECT max(model_id) FROM reber.embedding_count
                      WHERE survey_id = \(survey.id) AND embeddings > 0
                  )
              ) AS model
      ) AS newest
      """, as: NewestWork.self)
  }
}

extension NewestWork: QueryRow {
  public static let columns = Columns<Self>(
    .column("clustering", \.clustering), .column("classification", \.classification),
    .column("model", \.model), .column("embedded", \.embedded),
    .column("points", \.points), make: NewestWork.init)
}

extension ListedSource: QueryRow {
  public static let columns = Columns<Self>(
    .group(\.cell, MontageCell.columns),
    .group(\.position, optional: SkyPosition.columns),
    .column("total_flux", \.totalFlux), .column("major_axis", \.majorAxis),
    .expression(SourceSearch.signalToNoise, as: "signal_to_noise", \.signalToNoise),
    .column("said.class_ids", \.labelledAs), .column("prediction.class_id", \.predictedAs),
    .column("prediction.probability", \.probability),
    .column("member.outlier_score", \.outlierScore), make: ListedSource.init)
}

extension NewestWork {
  /// What the classifier says of a source.
  public struct Opinion: Sendable {
    /// The likeliest class.
    public var classID: Int16
    /// Its probability.
    public var probability: Float
  }

  /// What the newest classification says of some sources, by their keys.
  public func predictions(
    of sources: [Int], in survey: Survey, _ database: Connection
  ) throws -> [Int: Opinion] {
    let rows = try database.rows(
      """
      SELECT source_id, class_id, probability FROM reber.prediction
      WHERE run_id = \(classification) AND survey_id = \(survey.id)
          AND source_id = ANY (\(sources))
      """, as: Int.self, Int16.self, Float.self)
    return Dictionary(
      rows.map { ($0, Opinion(classID: $1, probability: $2)) }, uniquingKeysWith: { $1 })
  }

  /// The consensus of the annotators and the newest prediction of every source of a survey that has
  /// either.
  ///
  /// Several tags are no class: a source that has them counts as one without a label.
  public func knownClasses(
    of survey: Survey, scheme: ClassScheme, in database: Connection
  ) throws -> [Int: (label: Int16?, prediction: Int16?)] {
    let rows = try database.rows(
      """
      SELECT source_id, label.class_id, prediction.class_id
      FROM (
          SELECT source_id, min(class_id) AS class_id FROM reber.consensus
          WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
          GROUP BY source_id
          HAVING count(*) = 1
      ) AS label
      FULL JOIN (
          SELECT source_id, class_id FROM reber.prediction
          WHERE run_id = \(classification) AND survey_id = \(survey.id)
      ) AS prediction USING (source_id)
      """, as: Int.self, Int16?.self, Int16?.self)
    return Dictionary(
      rows.map { ($0, (label: $1, prediction: $2)) }, uniquingKeysWith: { a, _ in a })
  }
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

/// A number of rows that is counted only so far.
public struct BoundedCount: Sendable, Equatable {
  /// How many there are at least.
  public var count: Int

  /// Whether there are more.
  public var isExceeded: Bool

  /// Wraps what was counted; of more than the bound only that is told.
  public init(counted: Int, bound: Int = .max) {
    count = min(counted, bound)
    isExceeded = counted > bound
  }
}
