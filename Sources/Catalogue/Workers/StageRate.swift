public import PostgreSQL

/// How fast a stage was when it was last measured, by the newest finished run of it.
public struct StageRate: Sendable {
  /// The run.
  public let run: Int
  /// Its stage.
  public let stage: StageName
  /// Items that it did: images.
  let items: Int?
  /// Seconds that its processes took, all together.
  let processSeconds: Double
  /// Items that the survey in question has now.
  let wanted: Int?

  /// Seconds that as many processes of the same machine would take.
  public func seconds(with workers: Int) -> Double {
    let share = if let items, let wanted, items > 0 { Double(wanted) / Double(items) } else { 1.0 }
    return processSeconds * share / Double(workers)
  }

  /// What was measured, for people.
  public var reason: String {
    let done = items.map { " for \($0) images" } ?? ""
    let now = wanted.map { "; there are \($0) now" } ?? ""
    return "run \(run) took \(Int(processSeconds.rounded(.up))) s of one process\(done)\(now)"
  }
}

extension StageRate: QueryRow {
  public static let columns = Columns<Self>(
    .column("run_id", \.run), .column("stage", \.stage), .column("items", \.items),
    .column("process_seconds", \.processSeconds), .column("wanted", \.wanted), make: Self.init)

  /// The rates of the stages that were measured, in the survey of that name where they were there, else in another.
  public static func all(
    for survey: String, in database: Connection
  ) throws -> [StageName: StageRate] {
    let rates = try database.rows(
      """
      SELECT DISTINCT ON (run.stage) run.run_id, run.stage, coalesce(
              shared.items, (
                  SELECT sum(rows) FROM reber.run_input AS given
                  WHERE given.run_id = run.run_id AND role = 'cutouts'
              )
          )::bigint AS items,
          -- What publishes also does much that no worker counts; others may have lain idle between two calls.
          CASE
              WHEN run.stage = \(StageName.publish)
                  THEN greatest(shared.seconds, extract(epoch FROM finished_at - started_at))
              ELSE coalesce(shared.seconds, extract(epoch FROM finished_at - started_at))
          END::float8 AS process_seconds, (
              SELECT count(*) FROM reber.survey JOIN reber.cutout USING (survey_id)
              WHERE survey.name = \(survey) AND is_current
              HAVING count(*) > 0
          ) AS wanted
      FROM reber.run
      CROSS JOIN LATERAL (
          SELECT sum(worker.items) AS items,
              sum(extract(epoch FROM ended_at - began_at)) AS seconds
          FROM reber.worker WHERE worker.run_id = run.run_id
      ) AS shared
      WHERE status = 'finished' AND (run.stage <> \(StageName.ingest) OR shared.items IS NOT NULL)
      ORDER BY run.stage, (parameters ->> 'survey' = \(survey)) DESC NULLS LAST, run.run_id DESC
      """, as: StageRate.self)
    return Dictionary(rates.map { ($0.stage, $0) }, uniquingKeysWith: { first, _ in first })
  }
}
