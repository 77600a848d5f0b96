public import PostgreSQL

/// Who labels which survey in which scheme.
///
/// What people decide on the pages goes through it.
public struct Annotation: Sendable {
  /// The survey.
  public var survey: Survey

  /// The classes to choose from.
  public var scheme: ClassScheme

  /// The person.
  public var annotator: String

  /// Wraps the three.
  ///
  /// The annotator is a name that people have given themselves.
  public init(survey: Survey, scheme: ClassScheme, annotator: String) {
    self.survey = survey
    self.scheme = scheme
    self.annotator = annotator
  }
}

/// One decision of a person, a row of `reber.labelling_action`.
///
/// Its labels point to it. `cluster` and `source` are `nil` where the decision was about something else.
public struct LabellingAction: Sendable {
  /// The key in `reber.labelling_action`.
  public var id: Int

  /// What was decided.
  public var kind: String

  /// The cluster it was about.
  public var cluster: Int?

  /// The source it was about, where it was about one.
  public var source: Int?

  /// How many labels it wrote.
  public var labels: Int
}

extension Annotation {
  /// How an annotator was asked about a source, as the method of the label says it.
  public enum Asking: String, Sendable {
    /// With what others, or the annotator before, have said in reach.
    case openly = "single"
    /// After another, without being told what that one said.
    case second
    /// Once more, without being told what the annotator said before.
    case again
  }

  /// Gives all sources of a cluster a class, but those taken out and those that the annotator has
  /// labelled before.
  ///
  /// `excluded` are sources that do not belong, and `shown` how many the person saw.
  public func accept(
    _ classID: Int16, cluster: Int, of clustering: Clustering, excluding excluded: [Int],
    shown: Int, in database: Connection
  ) throws -> LabellingAction {
    try decide(
      "accept", classID: classID, clustering: clustering.id, cluster: cluster, shown: shown,
      labelling: "cluster",
      """
      SELECT member.source_id, \(classID), -1, false
      FROM (\(clustering.membersBelow(cluster))) AS member
      LEFT JOIN LATERAL (\(own(of: "member.source_id"))) AS own ON true
      WHERE own.class_id IS NULL AND NOT member.source_id = ANY (\(excluded))
      """, in: database)
  }

  /// Notes that a cluster is to be labelled in its parts.
  ///
  /// The queue of this annotator has its parts instead of it from then on.
  public func split(
    _ cluster: Int, of clustering: Clustering, shown: Int, in database: Connection
  ) throws -> LabellingAction {
    try decide(
      "split", clustering: clustering.id, cluster: cluster, shown: shown, labelling: "cluster",
      "SELECT NULL::bigint, NULL::smallint, -1, false WHERE false", in: database)
  }

  /// Gives sources a class one by one; `nil` withdraws what the annotator said.
  ///
  /// `asked` says what the annotator knew of what was said before, and `shown` how many sources the person saw, where
  /// that is not all of them.
  public func label(
    _ sources: [Int], as classID: Int16?, asked: Asking = .openly, shown: Int? = nil,
    in database: Connection
  ) throws -> LabellingAction {
    try decide(
      "single", classID: classID, shown: shown ?? sources.count, labelling: asked.rawValue,
      given(classID, to: sources), in: database)
  }

  /// Gives sources within a line on the map a class.
  ///
  /// `polygon` holds x and y of its corners, in ten-thousandths; it was drawn on the layout of `clustering`, or on
  /// the plane of the principal components without one. `shown` is how many sources the person saw.
  public func label(
    _ sources: [Int], as classID: Int16, within polygon: [Int], of clustering: Int?, shown: Int,
    in database: Connection
  ) throws -> LabellingAction {
    try decide(
      "map", classID: classID, clustering: clustering, polygon: polygon, shown: shown,
      labelling: "map", given(classID, to: sources), in: database)
  }

  private func given(_ classID: Int16?, to sources: [Int]) -> SQL {
    "SELECT source_id, \(classID), -1, false FROM unnest(\(sources)) AS source_id"
  }

  /// Says which tags of the scheme apply to a source, and that the others do not.
  ///
  /// Only what the annotator does not say already is written.
  public func tag(
    _ source: Int, with tags: Set<Int16>, asked: Asking = .openly, in database: Connection
  ) throws -> LabellingAction {
    try decide(
      "single", shown: 1, labelling: asked.rawValue,
      """
      SELECT \(source)::bigint, class_id, class_id AS tag, class_id <> ALL (\(Array(tags))) AS denies
      FROM reber.class
      WHERE class_scheme_id = \(scheme.id) AND merged_into IS NULL
      EXCEPT
      SELECT source_id, class_id, class_id, denies FROM (\(currentTags(of: source))) AS said
      ORDER BY tag
      """, in: database)
  }

  /// Withdraws all that the annotator says of a source's tags.
  public func untag(_ source: Int, in database: Connection) throws -> LabellingAction {
    try decide(
      "single", shown: 1, labelling: "single",
      "SELECT source_id, NULL::smallint, class_id, false FROM (\(currentTags(of: source))) AS said",
      in: database)
  }

  /// The tags that the annotator says apply to a source; `nil` where the annotator says nothing of it.
  public func tags(of source: Int, in database: Connection) throws -> Set<Int16>? {
    let said = try database.rows(
      "SELECT class_id, denies FROM (\(currentTags(of: source))) AS said", as: Int16.self, Bool.self
    )
    return said.isEmpty ? nil : Set(said.filter { !$0.1 }.map(\.0))
  }

  private func currentTags(of source: Int) -> SQL {
    """
    SELECT source_id, class_id, denies FROM reber.current_label
    WHERE survey_id = \(survey.id) AND source_id = \(source) AND class_scheme_id = \(scheme.id)
        AND annotator = \(annotator)
    """
  }

  /// Takes back the annotator's newest action that stands: each of its sources gets the label it
  /// had from the annotator before, or none.
  ///
  /// - Returns: The action taken back; `nil` where there is none.
  public func undo(in database: Connection) throws -> LabellingAction? {
    guard let (undone, kind, cluster) = try newest(in: database) else { return nil }
    let undo = try decide(
      "undo", undoes: undone, shown: 0, labelling: "single",
      """
      SELECT label.source_id, before.class_id, label.tag, coalesce(before.denies, false)
      FROM reber.label
      LEFT JOIN LATERAL (
          SELECT
              (array_agg(earlier.class_id ORDER BY earlier.label_id DESC))[1] AS class_id,
              (array_agg(earlier.denies ORDER BY earlier.label_id DESC))[1] AS denies
          FROM reber.label AS earlier
          WHERE (earlier.survey_id, earlier.source_id, earlier.class_scheme_id, earlier.tag)
                  = (label.survey_id, label.source_id, label.class_scheme_id, label.tag)
              AND earlier.annotator = label.annotator AND earlier.label_id < label.label_id
      ) AS before ON true
      WHERE label.action_id = \(undone)
      """, in: database)
    return LabellingAction(
      id: undone, kind: kind, cluster: cluster, source: kind == "single" ? undo.source : nil,
      labels: undo.labels)
  }

  /// The newest decision that is neither an undo nor undone.
  private func newest(in database: Connection) throws -> (Int, String, Int?)? {
    try database.first(
      """
      SELECT action_id, kind, cluster FROM reber.labelling_action AS action
      WHERE survey_id = \(survey.id) AND annotator = \(annotator)
          AND class_scheme_id = \(scheme.id) AND kind <> 'undo'
          AND NOT EXISTS (
              SELECT FROM reber.labelling_action AS undo WHERE undo.undoes = action.action_id
          )
      ORDER BY action_id DESC
      LIMIT 1
      """, as: Int.self, String.self, Int?.self)
  }

  /// Writes a decision and the labels that it gives, in one statement.
  ///
  /// `sources` is a query for the sources, the class, or null, that each gets, the tag that this is about
  /// (-1 for none) and whether the tag is denied; `method` says how their labels come about.
  func decide(
    _ kind: String, classID: Int16? = nil, clustering: Int? = nil, cluster: Int? = nil,
    growth: Int? = nil, undoes: Int? = nil, polygon: [Int]? = nil, shown: Int,
    labelling method: String, _ sources: SQL, in database: Connection
  ) throws -> LabellingAction {
    let (id, source, labels) = try database.row(
      """
      WITH action AS (
          INSERT INTO reber.labelling_action (
              survey_id, class_scheme_id, annotator, kind, class_id, clustering_id, cluster,
              growth_id, undoes, polygon, shown
          )
          VALUES (
              \(survey.id), \(scheme.id), \(annotator), \(kind), \(classID), \(clustering),
              \(cluster), \(growth), \(undoes), \(polygon)::bigint[]::integer[], \(shown)
          )
          RETURNING action_id
      ), written AS (
          INSERT INTO reber.label (
              survey_id, source_id, class_scheme_id, class_id, annotator, method, clustering_id,
              cluster, action_id, tag, denies
          )
          SELECT \(survey.id), given.source_id, \(scheme.id), given.class_id, \(annotator),
              \(method), \(cluster == nil ? nil : clustering), \(cluster), action_id, given.tag,
              given.denies
          FROM action, (\(sources)) AS given (source_id, class_id, tag, denies)
          RETURNING source_id
      )
      SELECT (SELECT action_id FROM action), min(source_id), count(*) FROM written
      """, as: Int.self, Int?.self, Int.self)
    let isOfOne = cluster == nil && growth == nil && polygon == nil
    return LabellingAction(
      id: id, kind: kind, cluster: cluster, source: isOfOne ? source : nil, labels: labels)
  }
}

extension Clustering {
  /// The members of a cluster and of all clusters below it.
  func membersBelow(_ cluster: Int) -> SQL {
    """
    SELECT cluster_member.*
    FROM reber.cluster_member
    WHERE clustering_id = \(id) AND cluster = ANY (ARRAY(\(leavesBelow(cluster))))
    """
  }

  /// The cluster itself, and all clusters below it.
  func leavesBelow(_ cluster: Int) -> SQL {
    """
    WITH RECURSIVE below (cluster) AS (
        SELECT \(cluster)
        UNION
        SELECT child.cluster
        FROM reber.cluster AS child
        JOIN below ON child.parent = below.cluster
        WHERE child.clustering_id = \(id)
    )
    SELECT cluster::integer FROM below
    """
  }
}
