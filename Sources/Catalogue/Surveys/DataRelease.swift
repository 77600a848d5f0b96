public import PostgreSQL

/// A data release of a survey, a row of `reber.release`.
///
/// The newest stands in `reber.source` and the survey's own table; a former one in `reber.release_source` and
/// a table such as `survey.first_dr1`. One object has one key in all releases in which it was found again.
public struct DataRelease: Sendable, Codable {
  /// The key in `reber.release`.
  public var id: Int

  /// Its name, such as `dr1`.
  public var name: String

  /// The name of the release that it follows, where it follows one.
  public var follows: String?

  /// How far from its former place a source was looked for, arcsec.
  public var matchRadius: Double?

  /// The ingest that brought it.
  public var run: Int
}

extension DataRelease: QueryRow {
  public static let columns = Columns<Self>(
    .column("release.release_id", \.id), .column("release.name", \.name),
    .expression("former.name", as: "follows", \.follows),
    .column("release.match_radius", \.matchRadius), .column("release.run_id", \.run),
    make: DataRelease.init)

  /// The releases of a survey, the newest last; none where it was ingested without a word of any.
  public static func all(of survey: Survey, in database: Connection) throws -> [DataRelease] {
    try database.rows(
      """
      SELECT \(columns)
      FROM reber.release
      LEFT JOIN reber.release AS former ON former.release_id = release.follows
      WHERE release.survey_id = \(survey.id)
      ORDER BY release.release_id
      """, as: DataRelease.self)
  }

  /// Gives the newest release of a survey a name.
  ///
  /// - Throws: `CatalogueError.badName`; `CatalogueError.taken` where another release has it;
  ///   `CatalogueError.missing` where nothing was ingested.
  public static func name(
    newestOf survey: Survey, _ name: String, in database: Connection
  ) throws {
    try check(name: name, of: survey)
    let known = try all(of: survey, in: database)
    if known.last?.name == name { return }
    if known.contains(where: { $0.name == name }) { throw CatalogueError.taken(name) }
    if let newest = known.last {
      try database.execute(
        "UPDATE reber.release SET name = \(name) WHERE release_id = \(newest.id)")
      return
    }
    let run = try database.row(
      "SELECT coalesce(min(run_id), 0) FROM reber.ingestion WHERE survey_id = \(survey.id)",
      as: Int.self)
    guard run > 0 else {
      throw CatalogueError.missing(
        "source in survey '\(survey.name)'", hint: "'reber ingest' brings some")
    }
    _ = try add(name, to: survey, run: run, database)
  }

  /// Refuses a name that could not be part of that of a table.
  fileprivate static func check(name: String, of survey: Survey) throws {
    guard name.wholeMatch(of: /[a-z][a-z0-9_]*/) != nil,
      name.utf8.count + survey.name.utf8.count < 63
    else { throw CatalogueError.badName(name) }
  }

  fileprivate static func add(
    _ name: String, to survey: Survey, after former: Int? = nil, within radius: Double? = nil,
    run: Int, _ database: Connection
  ) throws -> Int {
    try database.row(
      """
      INSERT INTO reber.release (survey_id, name, follows, match_radius, run_id)
      VALUES (\(survey.id), \(name), \(former), \(radius), \(run))
      RETURNING release_id
      """, as: Int.self)
  }

  /// A release as it is asked for.
  public struct Named: Sendable {
    /// Its name, such as `dr2`.
    public var name: String

    /// How far from its former place a source is looked for, arcsec; ``DataRelease/usualRadius(of:)`` where it
    /// is `nil`.
    public var matchRadius: Double?

    /// Names a release.
    public init(_ name: String, matchRadius: Double? = nil) {
      self.name = name
      self.matchRadius = matchRadius
    }
  }

  /// How far from its former place a source is looked for where nothing is said, arcsec: a third of the beam's
  /// major axis, and 2″ at least.
  ///
  /// At a signal of five times the noise, a position is known to a tenth of the beam (half of it divided by the
  /// signal-to-noise ratio; Condon 1997, PASP 109, 166), so that this is 2.4 times the deviation between two
  /// measurements; brighter sources move less.
  static func usualRadius(of survey: Survey) -> Double {
    max(2, survey.observation.beamMajor.map { Double($0) / 3 } ?? 0)
  }

  /// What a former release is called that nobody has named.
  static let firstName = "dr1"
}

/// A release on its way in, and the one that it follows.
struct FollowingRelease {
  let id: Int
  let name: String
  let former: (id: Int, name: String)
  let radius: Double
}

extension DataRelease.Named {
  /// Notes the release of a survey's first catalogue.
  func beginFirst(in survey: Survey, run: Int, _ database: Connection) throws {
    try DataRelease.check(name: name, of: survey)
    _ = try DataRelease.add(name, to: survey, run: run, database)
  }

  /// Notes a release that follows the newest of the survey; nil where it is the newest itself.
  ///
  /// What was ingested without a name is called `dr1`.
  ///
  /// - Throws: `CatalogueError.badName`, `CatalogueError.unnamedRelease`, `CatalogueError.formerRelease`.
  func begin(in survey: Survey, run: Int, _ database: Connection) throws -> FollowingRelease? {
    try DataRelease.check(name: name, of: survey)
    let known = try DataRelease.all(of: survey, in: database)
    if let newest = known.last, newest.name == name { return nil }
    if let newest = known.last, known.contains(where: { $0.name == name }) {
      throw CatalogueError.formerRelease(name, survey: survey.name, newest: newest.name)
    }
    if known.isEmpty, name == DataRelease.firstName {
      throw CatalogueError.unnamedRelease(name, survey: survey.name)
    }
    let former =
      try known.last.map { ($0.id, $0.name) }
      ?? (
        DataRelease.add(DataRelease.firstName, to: survey, run: run, database),
        DataRelease.firstName
      )
    let radius = matchRadius ?? DataRelease.usualRadius(of: survey)
    let id = try DataRelease.add(
      name, to: survey, after: former.0, within: radius, run: run, database)
    return FollowingRelease(id: id, name: name, former: former, radius: radius)
  }
}
