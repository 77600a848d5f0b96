import Astronomy
import PostgreSQL

/// The table of a survey's own catalogue, such as `survey.first`: its columns under their own names, in
/// lower case, and with their own types, by the key of the source.
struct SurveyTable {
  /// The survey, after which it is called.
  let survey: Survey

  /// What the table calls the columns of a file, in the order of the file.
  let columns: [String]

  /// All columns of the table but the key, also those that the file lacks.
  let all: [String]

  /// The table, with its schema.
  var table: String { Self.table(of: survey) }

  static func table(of survey: Survey) -> String { "survey.\"\(survey.name)\"" }

  /// The columns that the table had before the file, but the key.
  let standing: Set<String>

  /// What the table lacks to hold the file's columns.
  private let changes: [SQL]

  /// Whether the table was made just now, and lacks its primary key.
  private let isNew: Bool

  /// Makes the table, where the survey has none, without its primary key, and finds what it lacks for the columns of
  /// a file: a column, or one that is wide enough for the values of both.
  ///
  /// ``adapt(_:in:)`` changes it, ``addKey(in:)`` gives it the key.
  init(of survey: Survey, for columns: [SurveyColumn], run: Int, in database: Connection) throws {
    try SurveyColumn.write(columns, of: survey, run: run, in: database)
    let names = try OwnColumn.storedNames(of: survey, in: database)
    let stored = columns.compactMap { names[$0.column.name] }
    let table = Self.table(of: survey)
    let wanted = zip(stored, columns.map(\.column.postgresType))
    isNew = try database.row("SELECT to_regclass(\(table)) IS NULL", as: Bool.self)
    if isNew { try database.execute("CREATE TABLE \(raw: table) (source_id bigint)") }
    let standing = try database.columnTypes(of: table)
    changes = wanted.compactMap { name, type -> SQL? in
      guard let now = standing[name] else { return "ADD COLUMN \(identifier: name) \(raw: type)" }
      let both = Self.type(holding: now, and: type)
      if both == now { return nil }
      return """
        ALTER COLUMN \(identifier: name) TYPE \(raw: both)
            USING \(identifier: name)::\(raw: both)
        """
    }
    self.survey = survey
    self.columns = stored
    self.standing = Set(standing.keys).subtracting(["source_id"])
    all = Set(standing.keys).union(stored).subtracting(["source_id"]).sorted()
  }

  /// Gives the table, or another that is like it, room for the file's columns.
  ///
  /// Whoever reads the table waits from then on until the transaction ends.
  func adapt(_ table: String, in database: Connection) throws {
    guard !changes.isEmpty else { return }
    try database.execute("ALTER TABLE \(raw: table) \(changes.joined(separator: ", "))")
  }

  /// Gives the table its primary key, where it was made without: making it of loaded rows takes half as long as
  /// keeping it while they are loaded.
  func addKey(in database: Connection) throws {
    guard isNew else { return }
    try database.execute("ALTER TABLE \(raw: table) ADD PRIMARY KEY (source_id)")
  }

  /// The least type of PostgreSQL that holds the values of two.
  static func type(holding one: String, and other: String) -> String {
    if one == other { return one }
    let pair = Set([one, other])
    let whole = ["smallint", "integer", "bigint"]
    if pair.isSubset(of: whole) { return whole.last(where: pair.contains) ?? "bigint" }
    if pair == ["smallint", "real"] { return "real" }
    if pair.isSubset(of: whole + ["real", "double precision"]) { return "double precision" }
    return pair == ["real[]", "double precision[]"] ? "double precision[]" : "text"
  }

  /// The list of the file's columns, with a comma before each.
  var list: SQL { columns.map { ", \(identifier: $0)" }.joined(separator: "") }

  /// The list of all columns of a table or alias, and a constant, so that it is never empty.
  func all(of alias: String) -> SQL {
    (["0"] + all.map { "\(raw: alias).\(identifier: $0)" }).joined(separator: ", ")
  }
}

extension Column {
  /// The type of PostgreSQL that holds the column's cells as they are.
  fileprivate var postgresType: String {
    guard shape == .scalar else { return datatype == .float ? "real[]" : "double precision[]" }
    return switch datatype {
    case .boolean: "boolean"
    case .uint8, .int16: "smallint"
    case .int32: "integer"
    case .int64: "bigint"
    case .float: "real"
    case .double: "double precision"
    case .string: "text"
    }
  }
}
