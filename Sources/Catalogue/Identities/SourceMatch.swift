import Astronomy
public import PostgreSQL

/// Seeks the sources of a survey in another one, by position, positional error and density: for each pair the
/// likelihood ratio and the reliability of Sutherland & Saunders (1992, MNRAS 259, 413).
///
/// A pair at the separation r, whose positions have the joint error σ in each coordinate, has the ratio
/// LR = q(m) f(r) / n(m) with f(r) = exp(−r² / 2σ²) / 2πσ². Of a part of the counterparts, which is found from the
/// catalogues too, f is wider by the beam: blends, and extended sources, do not lie where their parts do. The density n of the other survey is counted where
/// the source lies; q and n by brightness m are counted near the sources and everywhere. The reliability is
/// LR / (Σ LR + 1 − Q) over all that lie near the source, and Q is the part of the sources that have a
/// counterpart.
///
/// All is done by sets in the server, so that the program needs no more memory for more sources.
public struct SourceMatch {
  /// The survey whose sources are sought.
  public let survey: Survey

  /// The survey in which they are sought.
  public let other: Survey

  /// What decides the match.
  public let options: Options

  let run: Int
  let database: Connection

  /// What decides a match.
  public struct Options: Codable, Sendable, Equatable {
    /// From which reliability on a pair is taken for one object.
    public var minReliability = 0.8

    /// What is added in quadrature to the errors of either survey, arcsec: how well its frame is known.
    public var systematic = 0.2

    /// How far a counterpart may lie, arcsec: five times the error at most, and no farther than this; 30″, or
    /// the larger beam, where it is `nil`.
    public var radius: Double?

    /// Positional errors by survey, as the user said: arcsec, or columns of its own catalogue.
    ///
    /// What is not said is found.
    public var errors: [String: String] = [:]

    /// The column of the other survey's own catalogue that is the brightness m, such as a magnitude; its flux
    /// density where it is `nil`.
    public var magnitude: String?

    /// Whether positions alone decide, without the brightness.
    public var positionsOnly = false

    /// Whether several sources of the survey may be one object with one of the other, as components are.
    public var takesSeveral = false

    /// Whether separations are due to positional errors alone, and not to blends and extended sources too.
    public var errorsAlone = false

    /// The defaults.
    public init() {}
  }

  /// The separations, as multiples of the error, within which counterparts are counted and sought.
  static let (counted, sought) = (3.0, 5.0)

  /// The least reliability of what is kept.
  static let kept = 0.01

  /// In so many parts the other survey is divided by brightness, equally many sources in each.
  static let bins = 20

  /// Describes a match that a run does.
  public init(
    of survey: Survey, in other: Survey, _ options: Options, run: Int, database: Connection
  ) {
    self.survey = survey
    self.other = other
    self.options = options
    self.run = run
    self.database = database
  }

  /// What the match will go by, in words, so that it can be said before it begins.
  ///
  /// - Throws: `CatalogueError.noPositionError`, `CatalogueError.unknownColumn`.
  public static func basis(
    of survey: Survey, in other: Survey, _ options: Options, database: Connection
  ) throws -> [String] {
    let errors = try [survey, other].map { survey in
      let error = try PositionError(of: survey, asked: options.errors[survey.name], in: database)
      return "errors of '\(survey.name)': \(error.words), and \(options.systematic)″ of its frame"
    }
    let brightness = try Brightness(of: other, options, in: database)
    return errors + ["brightness of '\(other.name)': \(brightness.words)"]
  }

  /// Finds the pairs, and links what is one object; in the transaction that it is called in.
  ///
  /// - Throws: `CatalogueError.missing` where one of the surveys has no source with a position.
  public func perform() throws -> MatchFigures {
    let basis = try gather()
    let density = try countDensity()
    try findCandidates(within: basis.radius)
    let share = try findShare(within: basis.radius)
    try weigh(share)
    try link()
    return try figures(basis, density, share)
  }
}

extension SourceMatch {
  /// Whether a run is the newest match of its surveys.
  public static func isCurrent(_ run: Int, in database: Connection) throws -> Bool {
    try database.row(
      "SELECT EXISTS (SELECT FROM reber.current_match WHERE run_id = \(run))", as: Bool.self)
  }

  /// The run that made a match: the newest one where none is named.
  ///
  /// - Throws: `CatalogueError.missing`.
  public static func run(numbered run: Int?, in database: Connection) throws -> Run {
    let found = try database.row(
      "SELECT max(run_id) FROM reber.source_match WHERE run_id = coalesce(\(run), run_id)",
      as: Int?.self)
    guard let found else {
      throw CatalogueError.missing(
        run.map { "match by run \($0)" } ?? "match", hint: "'reber match' makes one of two surveys")
    }
    return try Run.numbered(found, in: database)
  }
}

/// A match whose surveys have had a data release since.
public struct OutdatedMatch: Sendable, Codable {
  /// The run that matched.
  public var run: Int
  /// The survey whose sources were sought.
  public var survey: String
  /// The survey in which they were sought.
  public var other: String
  /// The survey that has a newer release.
  public var released: String
  /// The release.
  public var release: String

  /// A sentence that says so, and what to do.
  public var sentence: String {
    """
    run \(run) matched '\(survey)' with '\(other)' before release '\(release)' of '\(released)': \
    'reber match --survey \(survey) --survey \(other)', with the options it had, brings the links up to date
    """
  }
}

extension OutdatedMatch: QueryRow {
  public static let columns = Columns<Self>(
    .column("match.run_id", \.run), .column("one.name", \.survey), .column("other.name", \.other),
    .column("released.name", \.released), .column("release.name", \.release),
    make: OutdatedMatch.init)

  /// The matches that count, of a survey where one is named, and are older than a release of either survey.
  public static func all(
    of survey: String? = nil, in database: Connection
  ) throws -> [OutdatedMatch] {
    try database.rows(
      """
      SELECT \(columns)
      FROM reber.current_match AS match
      JOIN reber.survey AS one ON one.survey_id = match.survey_id
      JOIN reber.survey AS other ON other.survey_id = match.other_survey_id
      JOIN reber.release ON release.survey_id IN (one.survey_id, other.survey_id)
          AND release.follows IS NOT NULL AND release.run_id > match.run_id
      JOIN reber.survey AS released ON released.survey_id = release.survey_id
      WHERE coalesce(\(survey)::text IN (one.name, other.name), true) AND NOT EXISTS (
          SELECT FROM reber.release AS later WHERE later.follows = release.release_id
      )
      ORDER BY match.run_id, released.name
      """, as: OutdatedMatch.self)
  }
}

/// What the brightness of a survey's sources is.
struct Brightness {
  /// Where it comes from, in words.
  let words: String

  /// It as an expression of `source` and `own`; null where it is not known.
  let value: SQL

  init(of survey: Survey, _ options: SourceMatch.Options, in database: Connection) throws {
    if options.positionsOnly {
      (words, value) = ("does not count", "NULL::float8")
    } else if let name = options.magnitude {
      let columns = try OwnColumn.all(of: survey, in: database)
      guard let own = columns.first(where: { $0.column.name == name }),
        own.column.datatype.isNumeric
      else {
        throw CatalogueError.unknownColumn(
          name, survey: survey.name,
          known: columns.filter(\.column.datatype.isNumeric).map(\.column.name))
      }
      words = "column \(name)"
      value = "nullif(own.\(identifier: own.storedAs)::float8, 'NaN')"
    } else {
      words = "its flux density, where it has one"
      value = "nullif(source.total_flux, 'NaN')"
    }
  }
}
