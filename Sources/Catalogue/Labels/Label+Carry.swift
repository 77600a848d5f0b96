public import PostgreSQL

/// Labels of sources of a survey on their way to what is one object with these in another.
public struct CarriedLabels {
  /// The survey whose labels are carried.
  public let from: Survey

  /// The survey that gets them.
  public let to: Survey

  /// The scheme whose labels are carried.
  public let scheme: ClassScheme

  /// Describes what is carried.
  public init(from: Survey, to: Survey, scheme: ClassScheme) {
    (self.from, self.to, self.scheme) = (from, to, scheme)
  }

  /// What carrying came to.
  public struct Metrics: Stored {
    public static var usual: Self? { Self() }

    /// Labels written.
    public var labels = 0
    /// Labels that stood as they were carried before.
    public var standing = 0
    /// Carried labels that were withdrawn, since what they came from does not stand any more, or is contradicted.
    public var withdrawn = 0
    /// Labels that were not carried, since somebody says something else of the source there.
    public var contradicted = 0
    /// Labels that were not carried, since the annotator has labelled the source there.
    public var said = 0
    /// Labels that were not carried, since the annotator gave the sources of one object different classes.
    public var ambiguous = 0
  }

  /// The runs that carried labels come from: those that wrote the labels, and those that linked the sources.
  public func parents(in database: Connection) throws -> [Work.Parent] {
    let links = try database.rows(
      """
      SELECT DISTINCT link.run_id
      FROM reber.current_label AS said
      JOIN reber.source_identity AS own USING (survey_id, source_id)
      JOIN reber.source_identity AS member USING (physical_source_id)
      JOIN reber.identity_link AS link
          ON link.survey_id = member.survey_id AND link.source_id = member.source_id
      WHERE said.survey_id = \(from.id) AND said.class_scheme_id = \(scheme.id)
          AND link.run_id IS NOT NULL
      """, as: Int.self)
    return try Consensus.runs(of: from, scheme: scheme, in: database)
      + links.map { Work.Parent(run: $0, role: "links") }
  }

  /// Writes the labels that are carried, with their annotators and confidences, and withdraws those carried before
  /// that are so no more; in the transaction that it is called in.
  ///
  /// A label that was carried itself is not carried on, and nothing is carried that a person contradicts.
  public func write(run: Int, in database: Connection) throws -> Metrics {
    try gather(in: database)
    try judge(in: database)
    var metrics = try counts(in: database)
    metrics.labels = try database.execute(
      """
      INSERT INTO reber.label (
          survey_id, source_id, class_scheme_id, class_id, annotator, method, confidence, run_id, comment, tag,
          denies, carried_from
      )
      SELECT \(to.id), source_id, \(scheme.id), class_id, annotator, 'carry', confidence, \(run),
          format('%s of %s', name, \(from.name)::text), tag, denies, label_id
      FROM pg_temp.carried
      WHERE verdict = 'new'
      ORDER BY source_id, label_id
      """)
    metrics.withdrawn = try database.execute(
      """
      INSERT INTO reber.label (
          survey_id, source_id, class_scheme_id, annotator, method, run_id, comment, tag, carried_from
      )
      SELECT \(to.id), source_id, \(scheme.id), annotator, 'carry', \(run), 'what it came from is so no more', tag,
          carried_from
      FROM pg_temp.carried_before AS before
      WHERE NOT EXISTS (
          SELECT FROM pg_temp.carried
          WHERE carried.source_id = before.source_id AND carried.annotator = before.annotator
              AND carried.tag = before.tag AND verdict IN ('new', 'standing')
      )
      """)
    return metrics
  }

  /// Puts the labels that are there into the temporary table `there`, and those of them that were carried before
  /// from the survey into `carried_before`.
  private func gather(in database: Connection) throws {
    try database.script(
      """
      DROP TABLE IF EXISTS pg_temp.there, pg_temp.carried_before, pg_temp.carried;
      CREATE TEMPORARY TABLE there ON COMMIT DROP AS
      SELECT source_id, class_id, tag, denies, annotator, carried_from, label.method = 'carry' AS is_carried
      FROM reber.current_label
      JOIN reber.label USING (label_id, survey_id, source_id, class_scheme_id, class_id, tag, denies, annotator)
      WHERE survey_id = \(to.id) AND class_scheme_id = \(scheme.id);
      CREATE TEMPORARY TABLE carried_before ON COMMIT DROP AS
      SELECT there.* FROM pg_temp.there
      JOIN reber.label AS origin ON origin.label_id = there.carried_from
      WHERE is_carried AND origin.survey_id = \(from.id)
      """)
  }

  /// Puts each label that could be carried, and what becomes of it, into the temporary table `carried`.
  private func judge(in database: Connection) throws {
    try database.script(
      """
      CREATE TEMPORARY TABLE carried ON COMMIT DROP AS
      SELECT DISTINCT ON (source_id, annotator, tag) *, CASE
          WHEN said_here THEN 'said'
          WHEN EXISTS (
              SELECT FROM pg_temp.there
              WHERE there.source_id = found.source_id AND there.tag = found.tag AND NOT is_carried
                  AND (there.class_id, there.denies) <> (found.class_id, found.denies)
          ) THEN 'contradicted'
          WHEN lowest <> highest THEN 'ambiguous'
          WHEN EXISTS (
              SELECT FROM pg_temp.there
              WHERE there.source_id = found.source_id AND there.tag = found.tag
                  AND there.annotator = found.annotator
                  AND (there.class_id, there.denies) = (found.class_id, found.denies)
          ) THEN 'standing'
          ELSE 'new'
      END AS verdict
      FROM (
          SELECT target.source_id, said.label_id, said.class_id, said.tag, said.denies, said.annotator,
              said.confidence, source.name,
              min(2 * said.class_id + said.denies::integer) OVER one AS lowest,
              max(2 * said.class_id + said.denies::integer) OVER one AS highest,
              EXISTS (
                  SELECT FROM pg_temp.there
                  WHERE there.source_id = target.source_id AND there.tag = said.tag
                      AND there.annotator = said.annotator AND NOT is_carried
              ) AS said_here
          FROM reber.current_label AS said
          JOIN reber.source_identity AS own USING (survey_id, source_id)
          JOIN reber.source_identity AS target
              ON target.physical_source_id = own.physical_source_id AND target.survey_id = \(to.id)
          JOIN reber.source ON source.survey_id = said.survey_id AND source.source_id = said.source_id
          WHERE said.survey_id = \(from.id) AND said.class_scheme_id = \(scheme.id) AND said.method <> 'carry'
          WINDOW one AS (PARTITION BY target.source_id, said.annotator, said.tag)
      ) AS found
      ORDER BY source_id, annotator, tag, label_id
      """)
  }

  private func counts(in database: Connection) throws -> Metrics {
    let counts = try database.table(
      "SELECT verdict, count(*) FROM pg_temp.carried GROUP BY verdict", by: String.self, Int.self)
    var metrics = Metrics()
    metrics.standing = counts["standing"] ?? 0
    metrics.contradicted = counts["contradicted"] ?? 0
    metrics.said = counts["said"] ?? 0
    metrics.ambiguous = counts["ambiguous"] ?? 0
    return metrics
  }
}
