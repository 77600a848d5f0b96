public import PostgreSQL

extension SourceJoin {
  /// What rows of a table come to.
  public struct Grouped: Sendable {
    /// What is said of pairs: the first source of each group with each other one.
    public var joins: [SourceJoin]
    /// Pairs of those of which it was said before.
    public var standing: Int
    /// Groups that have at least two sources.
    public var groups: Int
    /// Rows that repeat an earlier one.
    public var repeated: Int
    /// Rows that cannot be used.
    public var rejected: [Rejected]
  }

  /// Makes joins of rows that say which sources are one object; in the transaction that it is called in.
  ///
  /// A row is set aside where its survey or source is not there, where its source stands in another group too, and
  /// where nothing else is in its group.
  public static func grouped(
    _ rows: [GroupRow], annotator: String, in database: Connection
  ) throws -> Grouped {
    try GroupRow.load(rows, in: database)
    let repeated = try database.execute(
      """
      DELETE FROM pg_temp.grouped USING pg_temp.grouped AS earlier
      WHERE earlier.row_number < grouped.row_number AND earlier.object = grouped.object
          AND earlier.survey = grouped.survey
          AND (earlier.source = grouped.source OR earlier.source_id = grouped.source_id)
      """)
    let rejected = try setAside(in: database)
    let pairs: SQL = """
      SELECT object,
          first_value(survey_id) OVER members AS survey_id, first_value(source_id) OVER members AS source_id,
          survey_id AS other_survey_id, source_id AS other_source_id,
          row_number() OVER members AS place
      FROM pg_temp.grouped
      WINDOW members AS (PARTITION BY object ORDER BY survey_id, source_id)
      """
    let joins = try database.rows(
      """
      SELECT survey_id, source_id, other_survey_id, other_source_id, true AS is_same,
          \(annotator)::text AS annotator, 'group ' || object AS comment
      FROM (\(pairs)) AS pair
      WHERE place > 1 AND NOT EXISTS (
          SELECT FROM reber.current_join AS said
          WHERE said.survey_id = pair.survey_id AND said.source_id = pair.source_id
              AND said.other_survey_id = pair.other_survey_id
              AND said.other_source_id = pair.other_source_id AND said.is_same
      )
      ORDER BY survey_id, source_id, other_survey_id, other_source_id
      """, as: SourceJoin.self)
    let (members, groups) = try database.row(
      "SELECT count(*), count(DISTINCT object) FROM pg_temp.grouped", as: Int.self, Int.self)
    return Grouped(
      joins: joins, standing: members - groups - joins.count, groups: groups, repeated: repeated,
      rejected: rejected)
  }

  /// How many pairs that a run joined stand in the table still.
  public static func count(of run: Int, in database: Connection) throws -> Int {
    try database.row(
      "SELECT count(*) FROM reber.source_join WHERE run_id = \(run)", as: Int.self)
  }

  /// Takes the rows out of the temporary table that cannot be used, and says why.
  private static func setAside(in database: Connection) throws -> [Rejected] {
    try database.script(
      """
      DROP TABLE IF EXISTS pg_temp.set_aside;
      CREATE TEMPORARY TABLE set_aside AS
      SELECT row_number, source AS name, CASE
          WHEN survey_id IS NULL THEN format('there is no survey ''%s''', survey)
          WHEN source_id IS NULL THEN format('survey ''%s'' has no such source', survey)
          WHEN groups > 1 THEN format('it stands in %s groups', groups)
      END AS reason
      FROM pg_temp.grouped
      LEFT JOIN (
          SELECT survey_id, source_id, count(DISTINCT object) AS groups FROM pg_temp.grouped
          GROUP BY survey_id, source_id
      ) AS counted USING (survey_id, source_id)
      WHERE source_id IS NULL OR groups > 1;
      DELETE FROM pg_temp.grouped USING pg_temp.set_aside
      WHERE set_aside.row_number = grouped.row_number;
      INSERT INTO pg_temp.set_aside
      SELECT row_number, source, format('nothing else of group ''%s'' can be used', object)
      FROM pg_temp.grouped
      WHERE object IN (SELECT object FROM pg_temp.grouped GROUP BY object HAVING count(*) = 1);
      DELETE FROM pg_temp.grouped USING pg_temp.set_aside
      WHERE set_aside.row_number = grouped.row_number
      """)
    return try database.rows(
      "SELECT \(Rejected.columns) FROM pg_temp.set_aside ORDER BY row_number", as: Rejected.self)
  }
}
