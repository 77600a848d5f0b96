public import Astronomy
public import PostgreSQL

/// Which sources of a survey to list, and in what order.
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
  public var cone: Cone?
  /// Only sources in this cluster or below it.
  public var cluster: Int?
  /// Only sources whose name holds this text.
  public var name: String?
  /// The order.
  public var order = Order.name

  /// A circle on the sky.
  public struct Cone: Sendable, Equatable {
    /// The centre, ICRS.
    public var centre: SkyPosition
    /// Degrees.
    public var radius: Double

    /// Describes a circle.
    public init(centre: SkyPosition, radius: Double) {
      self.centre = centre
      self.radius = radius
    }
  }

  /// Orders of sources.
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

extension Survey {
  /// The newest clustering, classification and embeddings of the survey.
  public func newestWork(in database: Connection) throws -> NewestWork {
    let (clustering, classification, model) = try database.row(
      """
      SELECT
          (SELECT max(clustering_id) FROM reber.clustering WHERE survey_id = \(id)),
          (
              SELECT max(run_id) FROM reber.run
              WHERE stage = \(StageName.classify) AND status = 'finished' AND EXISTS (
                  SELECT FROM reber.prediction
                  WHERE prediction.run_id = run.run_id AND survey_id = \(id)
              )
          ),
          coalesce(
              (
                  SELECT model_id FROM reber.clustering WHERE survey_id = \(id)
                  ORDER BY clustering_id DESC LIMIT 1
              ),
              (
                  SELECT model_id FROM reber.embedding WHERE survey_id = \(id)
                  ORDER BY model_id DESC LIMIT 1
              )
          )
      """, as: Int?.self, Int?.self, Int?.self)
    let embedded = try database.row(
      """
      SELECT count(*) FROM reber.embedding WHERE model_id = \(model) AND survey_id = \(id)
      """, as: Int.self)
    return NewestWork(
      clustering: clustering, classification: classification, model: model, embedded: embedded)
  }

  /// A page of the sources that pass a filter, and how many do.
  public func list(
    _ filter: SourceFilter, scheme: ClassScheme, work: NewestWork, page: Int, size: Int,
    in database: Connection
  ) throws -> (sources: [ListedSource], all: Int) {
    let from = joined(filter, scheme, work)
    let all = try database.row("SELECT count(*) \(from)", as: Int.self)
    let rows = try database.rows(
      """
      SELECT source.source_id, source.name, cutout.cutout_id, source.ra, source.dec,
          source.total_flux, source.major_axis, consensus.class_id, prediction.class_id,
          prediction.probability, member.outlier_score
      \(from)
      ORDER BY \(filter.order.sql), source.source_id
      LIMIT \(size) OFFSET \(page * size)
      """,
      as: Int.self, String.self, Int?.self, Double?.self, Double?.self, Double?.self, Double?.self,
      Int16?.self, Int16?.self, Float?.self, Float?.self)
    let sources = rows.map {
      source, name, cutout, ra, dec, flux, size, label, predicted, probability, outlier in
      ListedSource(
        cell: MontageCell(source: source, name: name, cutout: cutout, classID: label),
        position: SkyPosition(ra: ra, dec: dec), totalFlux: flux, majorAxis: size,
        labelledAs: label,
        predictedAs: predicted, probability: probability, outlierScore: outlier)
    }
    return (sources, all)
  }

  private func joined(_ filter: SourceFilter, _ scheme: ClassScheme, _ work: NewestWork) -> SQL {
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
        WHERE survey_id = \(id) AND class_scheme_id = \(scheme.id)
    ) AS consensus ON consensus.source_id = source.source_id
    WHERE source.survey_id = \(id) AND \(filter.conditions(work).joined(separator: " AND "))
    """
  }
}

extension SourceFilter {
  fileprivate func conditions(_ work: NewestWork) -> [SQL] {
    var conditions: [SQL] = ["true"]
    if let labelledAs { conditions.append("consensus.class_id = \(labelledAs)") }
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

extension Survey {
  /// The embeddings of the survey's current cutouts by a model, in the order of their sources.
  public func embeddings(model number: Int, in database: Connection) throws -> [Embedding] {
    let model = try Model.find(.encoder, .classifier, numbered: number, in: database)
    return try model.embeddings(of: self, in: database)
  }
}

extension Survey {
  /// The consensus of the annotators and the newest prediction of every source that has either.
  public func knownClasses(
    scheme: ClassScheme, work: NewestWork, in database: Connection
  ) throws -> [Int: (label: Int16?, prediction: Int16?)] {
    let rows = try database.rows(
      """
      SELECT source_id, label.class_id, prediction.class_id
      FROM (
          SELECT source_id, class_id FROM reber.consensus
          WHERE survey_id = \(id) AND class_scheme_id = \(scheme.id)
      ) AS label
      FULL JOIN (
          SELECT source_id, class_id FROM reber.prediction
          WHERE run_id = \(work.classification) AND survey_id = \(id)
      ) AS prediction USING (source_id)
      """, as: Int.self, Int16?.self, Int16?.self)
    return Dictionary(
      rows.map { ($0, (label: $1, prediction: $2)) }, uniquingKeysWith: { a, _ in a })
  }
}
