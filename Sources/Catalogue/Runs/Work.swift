public import PostgreSQL

/// The work that a stage is about to do, described so that the same work is recognised.
///
/// The same stage, seed, inputs and parents make one fingerprint; of runs with that, the one whose
/// parameters ask for the same is the same work.
public struct Work: Sendable {
  /// The stage's name, such as `ingest`.
  public var stage: StageName

  /// Every option that can change the result.
  public let parameters: JSON

  /// The seed of everything random.
  public var seed: UInt64?

  /// What is read, with content digests.
  public var inputs: [Input]

  /// The earlier runs whose rows are read.
  public var parents: [Parent]

  /// Whether stored parameters of a form ask for the same.
  let isSame: @Sendable (_ parameters: JSON, _ form: Int) -> Bool

  /// Describes work.
  ///
  /// Parameters are compared as values: a member at its default makes no other work.
  ///
  /// - Throws: `EncodingError` where the parameters cannot stand as JSON.
  public init<Parameters: Stored>(
    stage: StageName, parameters: Parameters, seed: UInt64? = nil, inputs: [Input] = [],
    parents: [Parent] = []
  ) throws {
    let wanted = try JSON(encoding: parameters)
    self.stage = stage
    self.parameters = wanted
    isSame = { stored, form in
      let read = try? Parameters.read(stored, form: form)
      return read.flatMap { try? JSON(encoding: $0) } == wanted
    }
    self.seed = seed
    self.inputs = inputs
    self.parents = parents
  }

  /// A file, or the rows of earlier runs, with a digest of the content.
  public struct Input: Sendable, Codable {
    /// What it is to the stage: `catalogue`, `image`, `labels`, `truth`, `cutouts`, ….
    public var role: String

    /// A path, or a name for a set of rows.
    public var name: String

    /// SHA-256 of the content, in hexadecimal.
    public var sha256: String

    /// Rows, where it has rows.
    public var rows: Int?

    /// Size in bytes, where it is a file.
    public var bytes: Int?

    /// Describes an input.
    ///
    /// Files that have moved are the same input: the digest counts, and the role.
    public init(role: String, name: String, sha256: String, rows: Int? = nil, bytes: Int? = nil) {
      self.role = role
      self.name = name
      self.sha256 = sha256
      self.rows = rows
      self.bytes = bytes
    }
  }

  /// An earlier run and what its rows are to this one.
  ///
  /// A row of `reber.run_parent`.
  public struct Parent: Sendable, Codable, Hashable {
    /// The earlier run.
    public var run: Int

    /// What its rows are to the stage.
    public var role: String

    /// Describes a parent.
    ///
    /// A parent that is given twice counts once.
    public init(run: Int, role: String) {
      self.run = run
      self.role = role
    }
  }
}

extension Work.Input: TableRow {
  public static let table = "reber.run_input"
  public static let columns = Columns<Self>(
    .column("role", \.role), .column("name", \.name), .column("sha256", \.sha256),
    .column("rows", \.rows), .column("bytes", \.bytes), make: Work.Input.init)
}

extension Work.Parent: TableRow {
  public static let table = "reber.run_parent"
  public static let columns = Columns<Self>(
    .column("parent_run_id", \.run), .column("role", \.role), make: Work.Parent.init)
}

extension Work {
  /// SHA-256 of all but the parameters, which are compared as values.
  func fingerprint(in database: Connection) throws -> String {
    try database.row(
      """
      SELECT reber.fingerprint(
          \(stage), \(storedSeed), \(inputs.map { "\($0.role) \($0.sha256)" }),
          \(parents.map(\.run))
      )
      """, as: String.self)
  }

  /// The seed as `reber.run` keeps it, bit for bit.
  var storedSeed: Int? { seed.map { Int(truncatingIfNeeded: $0) } }
}
