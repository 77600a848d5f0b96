import Foundation
import PostgreSQL
import Testing

/// Any stage may be killed at any moment: called again it goes on, and the result is that of a run
/// that was not killed.
@Suite("Killed stages") struct KillTests {
  /// The stages, each with a query that tells that it is in the middle of its work.
  private static let stages: [(arguments: [String], isUnderWay: String?)] = [
    (
      ["pretrain", "--survey", "sim", "--epochs", "4", "--batch-size", "40"]
        + Program.smallNetwork + ["--checkpoint-every", "0.02"],
      "SELECT EXISTS (SELECT FROM reber.checkpoint WHERE step >= 3)"
    ),
    (["embed", "--survey", "sim"], "SELECT EXISTS (SELECT FROM reber.embedding)"),
    (["cluster", "--survey", "sim", "--clusters", "12"], nil),
    (["label", "import", "sim/simulated-truth.fits", "--survey", "sim", "--fraction", "0.3"], nil),
    (
      ["finetune", "--survey", "sim", "--epochs", "2", "--folds", "2", "--batch-size", "24"]
        + ["--checkpoint-every", "0"],
      "SELECT EXISTS (SELECT FROM reber.checkpoint WHERE step >= 2)"
    ),
    (["classify", "--survey", "sim"], "SELECT EXISTS (SELECT FROM reber.prediction)"),
    (
      ["publish", "--survey", "sim", "--anyway"],
      "SELECT EXISTS (SELECT FROM reber.run WHERE stage = 'publish' AND status = 'running')"
    ),
  ]

  /// What the stages have made, as digests and counts.
  private static let results = """
    SELECT string_agg(sha256, ' ' ORDER BY model_id) FROM reber.model
    UNION ALL SELECT md5(string_agg(vector::text, ' ' ORDER BY source_id)) FROM reber.embedding
    UNION ALL SELECT md5(string_agg(cluster::text, ' ' ORDER BY source_id)) FROM reber.cluster_member
    UNION ALL
    SELECT md5(string_agg(probabilities::text, ' ' ORDER BY source_id)) FROM reber.prediction
    UNION ALL SELECT sha256 FROM reber.catalogue
    UNION ALL
    SELECT string_agg(relname, ' ') FROM pg_class
    WHERE relnamespace = 'catalogue'::regnamespace AND relkind = 'r'
    UNION ALL SELECT count(*)::text FROM reber.training_curve WHERE series = 'loss'
    UNION ALL SELECT count(*)::text FROM reber.run WHERE status = 'finished'
    """

  @Test func aKilledSurveyEndsAsOneThatWasNot() throws {
    var results: [[String]] = []
    for isKilled in [false, true] {
      let program = try Program(simulating: 320)
      let database = try Connection(program.address)
      for stage in Self.stages {
        if isKilled, let question = stage.isUnderWay {
          try kill(
            stage.arguments + Self.thrift(stage.arguments), of: program, when: question, database)
        }
        try program.call(stage.arguments)
      }
      results.append(try database.rows(SQL(raw: Self.results), as: String.self))
    }
    #expect(results[0] == results[1])
    #expect(results[0].count == 8 && results[0][4].count == 64)
  }

  /// Means that change no result: what is killed has others than what goes on.
  private static func thrift(_ arguments: [String]) -> [String] {
    arguments[0] == "pretrain" ? ["--image-memory", "0"] : []
  }

  private func kill(
    _ arguments: [String], of program: Program, when question: String, _ database: Connection
  ) throws {
    let process = try program.start(arguments)
    while process.isRunning, try !database.row(SQL(raw: question), as: Bool.self) { usleep(1000) }
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal, "\(arguments[0]) ended before the kill")
  }
}
