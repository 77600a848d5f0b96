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
  /// Bounds of the total flux density, Jy.
  public var flux: ClosedRange<Double>?
  /// Bounds of the largest angular size, arcsec.
  public var size: ClosedRange<Double>?
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
  /// By consensus of the annotators.
  public var labelledAs: Int16?
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
  /// The newest finished classification.
  public var classification: Int?
  /// The model of the embeddings: that of the clustering, or the newest that has embedded.
  public var model: Int?
  /// How many sources that model has embedded.
  public var embedded: Int
}

extension NewestWork {
  /// The newest clustering, classification and embeddings of a survey.
  public static func on(_ survey: Survey, in database: Connection) throws -> NewestWork {
    try database.row(
      """
      SELECT clustering, classification, model,
          (
              SELECT count(*) FROM reber.embedding
              WHERE model_id = newest.model AND survey_id = \(survey.id)
          ) AS embedded
      FROM (
          SELECT
              (
                  SELECT max(clustering_id) FROM reber.clustering WHERE survey_id = \(survey.id)
              ) AS clustering,
              (
                  SELECT max(run_id) FROM reber.run
                  WHERE stage = \(StageName.classify) AND status = 'finished' AND EXISTS (
                      SELECT FROM reber.prediction
                      WHERE prediction.run_id = run.run_id AND survey_id = \(survey.id)
                  )
              ) AS classification,
              coalesce(
                  (
                      SELECT model_id FROM reber.clustering WHERE survey_id = \(survey.id)
                      ORDER BY clustering_id DESC LIMIT 1
                  ),
                  (
                      SELECT model_id FROM reber.embedding WHERE survey_id = \(survey.id)
                      ORDER BY model_id DESC LIMIT 1
                  )
              ) AS model
      ) AS newest
      """, as: NewestWork.self)
  }
}

extension NewestWork: QueryRow {
  public static let columns = Columns<Self>(
    .column("clustering", \.clustering), .column("classification", \.classification),
    .column("model", \.model), .column("embedded", \.embedded), make: NewestWork.init)
}

extension ListedSource: QueryRow {
  public static let columns = Columns<Self>(
    .group(\.cell, MontageCell.columns),
    .group(\.position, optional: SkyPosition.columns),
    .column("total_flux", \.totalFlux), .column("major_axis", \.majorAxis),
    .column("said.class_id", \.labelledAs), .column("prediction.class_id", \.predictedAs),
    .column("prediction.probability", \.probability),
    .column("member.outlier_score", \.outlierScore), make: ListedSource.init)
}

extension SourceFilter {
  /// A page of the sources of a survey that pass the filter, and how many do.
  ///
  /// - Parameters:
  ///   - survey: The survey.
  ///   - scheme: The scheme of the labels that are shown and filtered by.
  ///   - work: The clustering and the classification that are shown and filtered by.
  ///   - page: Which page, from 0.
  ///   - size: Sources on a page.
  ///   - database: Where they are.
  /// - Returns: The page, which is empty behind the last source, and the number of all.
  /// - Throws: `PostgresError`.
  public func sources(
    of survey: Survey, scheme: ClassScheme, work: NewestWork, page: Int, size: Int,
    in database: Connection
  ) throws -> (sources: [ListedSource], all: Int) {
    let from = joined(survey, scheme, work)
    let all = try database.row("SELECT count(*) \(from)", as: Int.self)
    let sources = try database.rows(
      """
      SELECT \(ListedSource.columns)
      \(from)
      ORDER BY \(order.sql), source.source_id
      LIMIT \(size) OFFSET \(page * size)
      """, as: ListedSource.self)
    return (sources, all)
  }

  private func joined(_ survey: Survey, _ scheme: ClassScheme, _ work: NewestWork) -> SQL {
    """
    FROM reber.source
    LEFT JOIN reber.cutout ON cutout.survey_id = source.survey_id
        AND cutout.source_id = source.source_id AND cutout.is_current
    LEFT JOIN reber.prediction ON prediction.run_id = \(work.classification)
        AND prediction.survey_id = source.survey_id AND prediction.source_id = source.source_id
    LEFT JOIN reber.cluster_member AS member ON member.clustering_id = \(work.clustering)
        AND member.survey_id = source.survey_id AND member.source_id = source.source_id
    LEFT JOIN (
        SELECT source_id, class_id FROM reber.consensus
        WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
    ) AS said ON said.source_id = source.source_id
    WHERE source.survey_id = \(survey.id) AND \(conditions(work).joined(separator: " AND "))
    """
  }

  private func conditions(_ work: NewestWork) -> [SQL] {
    var conditions: [SQL] = ["true"]
    if let labelledAs { conditions.append("said.class_id = \(labelledAs)") }
    if let predictedAs { conditions.append("prediction.class_id = \(predictedAs)") }
    for (column, range) in [
      ("prediction.probability", probability), ("source.total_flux", flux),
      ("source.major_axis", size),
    ] {
      guard let range else { continue }
      conditions.append(
        "\(raw: column) BETWEEN \(range.lowerBound) AND \(range.upperBound)")
    }
    if let cone {
      let (ra, dec, radius) = (cone.centre.ra, cone.centre.dec, cone.radius)
      conditions.append("source.dec BETWEEN \(dec - radius) AND \(dec + radius)")
      conditions.append("reber.separation(\(ra), \(dec), source.ra, source.dec) <= \(radius)")
    }
    if let cluster, let clustering = work.clustering {
      let below = Clustering(id: clustering, run: 0).membersBelow(cluster)
      conditions.append("source.source_id IN (SELECT below.source_id FROM (\(below)) AS below)")
    }
    if let name { conditions.append("strpos(lower(source.name), lower(\(name))) > 0") }
    return conditions
  }
}

extension SourceFilter.Order {
  fileprivate var sql: SQL {
    switch self {
    case .name: "source.name"
    case .flux: "source.total_flux DESC NULLS LAST"
    case .size: "source.major_axis DESC NULLS LAST"
    case .sure: "prediction.probability DESC NULLS LAST"
    case .doubtful: "prediction.probability NULLS LAST"
    case .outliers: "member.outlier_score DESC NULLS LAST"
    }
  }
}

extension NewestWork {
  /// The consensus of the annotators and the newest prediction of every source of a survey that has
  /// either.
  public func knownClasses(
    of survey: Survey, scheme: ClassScheme, in database: Connection
  ) throws -> [Int: (label: Int16?, prediction: Int16?)] {
    let rows = try database.rows(
      """
      SELECT source_id, label.class_id, prediction.class_id
      FROM (
          SELECT source_id, class_id FROM reber.consensus
          WHERE survey_id = \(survey.id) AND class_scheme_id = \(scheme.id)
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
