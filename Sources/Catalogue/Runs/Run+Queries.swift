public import PostgreSQL

extension Run {
  /// A run that may be of the same work as another.
  struct Candidate: QueryRow {
    let id: Int
    let isFinished: Bool
    let parameters: JSON
    let form: Int
    let stage: String
    let codeVersion: String
    let checkpointForm: Int?

    static let columns = Columns<Self>(
      .column("run_id", \.id),
      .expression("status = 'finished'", as: "is_finished", \.isFinished),
      .column("parameters", \.parameters), .column("run.form", \.form), .column("stage", \.stage),
      .column("code_version", \.codeVersion), .column("checkpoint_form", \.checkpointForm),
      make: Self.init)

    /// Whether it can be gone on with; an unreadable checkpoint is left behind where the work is
    /// done anew.
    ///
    /// - Throws: `CatalogueError.otherForm` for a checkpoint that this version cannot read.
    func goesOn(unless again: Bool) throws -> Bool {
      guard let form = checkpointForm, !Checkpoint.readable.contains(form) else { return true }
      if again { return false }
      throw CatalogueError.otherForm(run: id, stage: stage, codeVersion: codeVersion)
    }
  }

  /// The runs of a fingerprint whose work still stands, newest first.
  ///
  /// It does not where the survey that they name got another name since, or where the labels that they wrote
  /// were taken back.
  static func runs(of fingerprint: String, in database: Connection) throws -> [Candidate] {
    try database.rows(
      """
      SELECT \(Candidate.columns)
      FROM reber.run
      CROSS JOIN LATERAL (
          SELECT max(checkpoint.form) AS checkpoint_form
          FROM reber.checkpoint WHERE checkpoint.run_id = run.run_id
      ) AS kept
      WHERE fingerprint = \(fingerprint) AND NOT EXISTS (
          SELECT FROM reber.correction
          WHERE made_at > run.finished_at AND (
              kind = 'rename' AND detail ->> 'former_name' = run.parameters ->> 'survey'
              OR run.stage = \(StageName.label) AND EXISTS (
                  SELECT FROM reber.label_taken_back AS gone
                  WHERE gone.correction_id = correction.correction_id
                      AND gone.survey = run.parameters ->> 'survey'
              )
          )
      )
      ORDER BY run_id DESC
      """, as: Candidate.self)
  }

  /// The newest runs, newest first.
  public static func newest(_ count: Int, in database: Connection) throws -> [Run] {
    try select("ORDER BY run_id DESC LIMIT \(count)", in: database)
  }

  /// The run of that number.
  ///
  /// - Throws: `CatalogueError.missing`.
  public static func numbered(_ id: Int, in database: Connection) throws -> Run {
    guard let run = try select("WHERE run_id = \(id)", in: database).first else {
      throw CatalogueError.missing("run \(id)", hint: "'reber show runs' lists them")
    }
    return run
  }

  /// What a run was asked, in the form that `Stored.read(_:form:)` of its stage takes.
  public static func parameters(
    of id: Int, in database: Connection
  ) throws -> (parameters: JSON, form: Int) {
    try database.row(
      "SELECT parameters, form FROM reber.run WHERE run_id = \(id)", as: JSON.self, Int.self)
  }

  /// What a run reads in a role.
  public static func inputs(
    of run: Int, role: String, in database: Connection
  ) throws -> [Work.Input] {
    try database.rows(
      """
      SELECT \(Work.Input.columns) FROM reber.run_input
      WHERE run_id = \(run) AND role = \(role)
      """, as: Work.Input.self)
  }

  /// What the newest run of a stage and a survey that is at work now reads in a role; nothing where there is none.
  public static func inputs(
    ofGoing stage: StageName, role: String, _ survey: String, in database: Connection
  ) throws -> [Work.Input] {
    let going = try database.first(
      """
      SELECT run_id FROM reber.run
      WHERE stage = \(stage) AND status = 'running' AND parameters ->> 'survey' = \(survey)
          AND reber.is_held(run_id)
          AND EXISTS (
              SELECT FROM reber.run_input
              WHERE run_input.run_id = run.run_id AND role = \(role)
          )
      ORDER BY run_id DESC
      LIMIT 1
      """, as: Int.self)
    return try going.map { try inputs(of: $0, role: role, in: database) } ?? []
  }

  /// The runs that a run rests on.
  public static func parents(of id: Int, in database: Connection) throws -> [Work.Parent] {
    try database.rows(
      """
      SELECT \(Work.Parent.columns) FROM reber.run_parent
      WHERE run_id = \(id)
      ORDER BY parent_run_id, role
      """, as: Work.Parent.self)
  }

  /// What a run read.
  ///
  /// By role and name; the digests are those of the time at which it began.
  public static func inputs(of id: Int, in database: Connection) throws -> [Work.Input] {
    try database.rows(
      """
      SELECT \(Work.Input.columns) FROM reber.run_input
      WHERE run_id = \(id)
      ORDER BY role, name
      """, as: Work.Input.self)
  }

  private static func select(_ clause: SQL, in database: Connection) throws -> [Run] {
    try database.rows("SELECT \(Run.columns) FROM reber.run \(clause)", as: Run.self)
  }

  /// What a run warned of.
  public struct Warning: Sendable, CustomStringConvertible {
    /// The run's number.
    public var run: Int
    /// Its stage.
    public var stage: String
    /// What it said.
    public var text: String

    /// As in "evaluate, run 7: …".
    public var description: String { "\(stage), run \(run): \(text)" }

    /// Whether it doubts that what was learned is of use; an ingest says what it assumed.
    public var isDoubt: Bool { stage != StageName.ingest.rawValue }
  }

  /// What the runs that a classification rests on, and its newest evaluation, warn of.
  public static func warnings(
    about classification: Int, in database: Connection
  ) throws -> [Warning] {
    try database.rows(
      """
      SELECT \(Warning.columns)
      FROM reber.run
      CROSS JOIN LATERAL jsonb_array_elements_text(metrics -> 'warnings') AS warning
      WHERE run_id IN (SELECT run_id FROM reber.lineage(\(classification)))
          OR run_id = (
              SELECT max(run_id) FROM reber.run
              JOIN reber.judged USING (run_id)
              WHERE classification_run_id = \(classification) AND status = 'finished'
          )
      ORDER BY run_id
      """, as: Warning.self)
  }

  /// The unfinished runs that a process is working on now, with how far they are.
  ///
  /// A run whose process was killed stands among them until somebody goes on with it.
  public static func running(in database: Connection) throws -> [(run: Run, progress: Progress?)] {
    let progress = try database.rows(
      "SELECT run_id, progress FROM reber.run WHERE status = 'running'", as: Int.self, JSON.self)
    return try progress.map { id, progress in
      (try numbered(id, in: database), try? progress.decode(as: Progress.self))
    }
  }
}

extension Run.Warning: QueryRow {
  public static let columns = Columns<Self>(
    .column("run_id", \.run), .column("stage", \.stage), .column("warning", \.text),
    make: Run.Warning.init)
}
