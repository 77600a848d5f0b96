public import PostgreSQL

/// The runs that a run rests on, with what they read and who made them, as PROV-JSON has it (W3C member
/// submission of 24 April 2013): statements by their kind and name, each with its attributes.
///
/// Images are many: those that a run read are one entity, with the digest of their digests.
public struct Provenance: Sendable, Encodable {
  private var statements: [String: [String: [String: String]]] = [:]

  /// The prefix of names, and the attributes of statements.
  public func encode(to encoder: any Encoder) throws {
    var document = encoder.container(keyedBy: Key.self)
    try document.encode(["reber": "urn:reber:"], forKey: Key(stringValue: "prefix"))
    for (kind, named) in statements { try document.encode(named, forKey: Key(stringValue: kind)) }
  }

  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private mutating func say(_ kind: String, _ name: String, _ attributes: [String: String]) {
    statements[kind, default: [:]][name] = attributes
  }
}

extension Provenance {
  /// The provenance of what a run made.
  public init(of run: Int, in database: Connection) throws {
    try addRuns(before: run, in: database)
    try addParents(before: run, in: database)
    try addInputs(before: run, in: database)
    try addAnnotators(before: run, in: database)
  }

  private mutating func addRuns(before run: Int, in database: Connection) throws {
    let activities = try database.rows(
      """
      SELECT \(Activity.columns)
      FROM reber.lineage(\(run))
      JOIN reber.run USING (run_id)
      """, as: Activity.self)
    for found in activities {
      let run = found.run
      say(
        "activity", activity(run),
        [
          "prov:startTime": found.start, "prov:endTime": found.end ?? found.start,
          "prov:label": found.stage, "reber:code_version": found.codeVersion,
          "reber:parameters": found.parameters,
        ])
      say("entity", output(run), ["prov:label": "what run \(run) made (\(found.stage))"])
      say(
        "wasGeneratedBy", "_:made\(run)",
        ["prov:entity": output(run), "prov:activity": activity(run)])
      let agent = "reber:account/\(found.account)"
      say("agent", agent, ["prov:type": "prov:Person", "prov:label": found.account])
      associate(run, agent, role: "operator")
    }
  }

  private mutating func addParents(before run: Int, in database: Connection) throws {
    let parents = try database.rows(
      """
      SELECT run_id, parent_run_id, role
      FROM reber.lineage(\(run))
      JOIN reber.run_parent USING (run_id)
      """, as: Int.self, Int.self, String.self)
    for (run, parent, role) in parents { use(run, output(parent), role: role) }
  }

  private mutating func addInputs(before run: Int, in database: Connection) throws {
    let files = try database.rows(
      """
      SELECT run_id, role, regexp_replace(name, '.*/', ''), run_input.sha256
      FROM reber.lineage(\(run))
      JOIN reber.run_input USING (run_id)
      WHERE role <> 'image'
      """, as: Int.self, String.self, String.self, String.self)
    for (run, role, name, sha256) in files {
      say(
        "entity", "reber:sha256/\(sha256)", ["prov:label": name, "reber:sha256": sha256])
      use(run, "reber:sha256/\(sha256)", role: role)
    }
    let images = try database.rows(
      """
      SELECT
          run_id, count(*),
          encode(sha256(convert_to(string_agg(run_input.sha256, '' ORDER BY run_input.sha256), 'UTF8')), 'hex')
      FROM reber.lineage(\(run))
      JOIN reber.run_input USING (run_id)
      WHERE role = 'image'
      GROUP BY run_id
      """, as: Int.self, Int.self, String.self)
    for (run, count, sha256) in images {
      let name = "reber:images/\(sha256)"
      say(
        "entity", name,
        [
          "prov:type": "prov:Collection", "prov:label": "\(count) images",
          "reber:sha256_of_sorted_sha256": sha256,
        ])
      use(run, name, role: "image")
    }
  }

  private mutating func addAnnotators(before run: Int, in database: Connection) throws {
    let taught = try database.rows(
      """
      SELECT DISTINCT training_source.run_id, annotator
      FROM reber.lineage(\(run))
      JOIN reber.training_source USING (run_id)
      JOIN reber.label ON label.label_id = ANY (training_source.label_ids)
      """, as: Int.self, String.self)
    for (run, annotator) in taught {
      let name = "reber:annotator/\(annotator)"
      say("agent", name, ["prov:type": "prov:Person", "prov:label": annotator])
      associate(run, name, role: "annotator")
    }
  }

  private func activity(_ run: Int) -> String { "reber:run/\(run)" }

  private func output(_ run: Int) -> String { "reber:run/\(run)/output" }

  private mutating func use(_ run: Int, _ entity: String, role: String) {
    say(
      "used", "_:run\(run)-\(role)-\(entity)",
      ["prov:activity": activity(run), "prov:entity": entity, "prov:role": role])
  }

  private mutating func associate(_ run: Int, _ agent: String, role: String) {
    say(
      "wasAssociatedWith", "_:run\(run)-\(agent)",
      ["prov:activity": activity(run), "prov:agent": agent, "prov:role": role])
  }
}

/// A run as the document tells of it.
private struct Activity: QueryRow {
  var run: Int
  var stage: String
  /// UTC.
  var start: String
  /// UTC; `nil` where it did not end.
  var end: String?
  var codeVersion: String
  var account: String
  /// JSON.
  var parameters: String

  static let columns = Columns<Self>(
    .column("run_id", \.run), .column("stage", \.stage),
    .expression(utc("started_at"), as: "started_at", \.start),
    .expression(utc("finished_at"), as: "finished_at", \.end),
    .column("code_version", \.codeVersion), .column("account", \.account),
    .expression("parameters::text", as: "parameters", \.parameters), make: Activity.init)
}
