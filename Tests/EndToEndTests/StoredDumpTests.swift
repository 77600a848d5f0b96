import Foundation
import PostgreSQL
import TestSupport
import Testing

/// A database that an earlier version wrote, as `tools/dumps/make` left it, opens with this one: what
/// was finished is finished, what was killed goes on, and every model gives what it gave.
@Suite("Databases of earlier versions") struct StoredDumpTests {
  private static let folder = SharedData.repository + "/Tests/Dumps"

  private static var versions: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }
  }

  @Test(arguments: try versions) func opensWithThisVersion(_ version: String) throws {
    let program = try Program(restoring: Self.folder + "/" + version)
    let database = try Connection(program.address)
    try seesWhatIsDone(program, database)
    try goesOn(program, database)
    try givesWhatItGave(program, database)
  }

  /// Finished work, asked for again, is not done again.
  private func seesWhatIsDone(_ program: Program, _ database: Connection) throws {
    let runs = try count("reber.run", in: database)
    for command in try program.commands("finished").map(Self.asItWas) {
      let outcome = try program.run(command)
      #expect(outcome.status == 0, "\(command): \(outcome.errors)")
      #expect(outcome.errors.contains("has done this already"), "\(command): \(outcome.errors)")
    }
    #expect(try count("reber.run", in: database) == runs)
  }

  /// Asked for with defaults that have changed since.
  private static func asItWas(_ command: [String]) -> [String] {
    command.first == "cluster" ? command + ["--whitening", "0"] : command
  }

  /// Trainings that were killed go on from their checkpoints to their end, in the same runs.
  private func goesOn(_ program: Program, _ database: Connection) throws {
    let runs = try count("reber.run", in: database)
    let commands = try program.commands("unfinished")
    #expect(try count("reber.checkpoint", in: database) == commands.count)
    for command in commands {
      let outcome = try program.run(command)
      #expect(outcome.status == 0, "\(command): \(outcome.errors)")
      #expect(outcome.errors.contains("going on after"), "\(command): \(outcome.errors)")
    }
    #expect(try count("reber.run", in: database) == runs)
    #expect(try count("reber.run WHERE status <> 'finished'", in: database) == 0)
    #expect(try count("reber.checkpoint", in: database) == 0)
  }

  /// Embeddings and probabilities are those of the dump, as far as another processor rounds alike.
  private func givesWhatItGave(_ program: Program, _ database: Connection) throws {
    let models = try database.rows(
      "SELECT model_id, kind FROM reber.model ORDER BY model_id", as: Int.self, String.self)
    #expect(models.count >= 6)
    try database.script("CREATE TABLE before AS SELECT * FROM reber.embedding")
    for (model, kind) in models {
      let stage = kind == "encoder" ? "embed" : "classify"
      try program.call([stage, "--survey", "sky", "--model", "\(model)", "--again"])
    }
    let apart: SQL = """
      SELECT max(abs(one.value - other.value))::float8
      FROM before
      JOIN reber.embedding USING (model_id, cutout_id)
      CROSS JOIN unnest(before.vector) WITH ORDINALITY AS one (value, place)
      JOIN unnest(embedding.vector) WITH ORDINALITY AS other (value, place) USING (place)
      """
    #expect(try database.row(apart, as: Double.self) < 1e-3)
    let probable: SQL = """
      SELECT max(abs(one.value - other.value))::float8
      FROM reber.prediction AS stored
      JOIN reber.prediction AS fresh USING (model_id, cutout_id)
      CROSS JOIN unnest(stored.probabilities) WITH ORDINALITY AS one (value, place)
      JOIN unnest(fresh.probabilities) WITH ORDINALITY AS other (value, place) USING (place)
      WHERE stored.run_id < fresh.run_id
      """
    #expect(try database.row(probable, as: Double.self) < 1e-3)
  }

  private func count(_ rows: String, in database: Connection) throws -> Int {
    try database.row(SQL(raw: "SELECT count(*) FROM \(rows)"), as: Int.self)
  }
}
