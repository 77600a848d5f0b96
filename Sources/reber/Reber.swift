import ArgumentParser
import Failures
import Foundation

/// Catalogues of radio-source morphologies, in PostgreSQL.
struct Reber: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reber",
    abstract: "Catalogues of radio-source morphologies, in PostgreSQL.",
    discussion: """
      A survey goes in, a catalogue of class probabilities comes out:

        reber ingest --survey first catalogue.csv --images cutouts
        reber pretrain --survey first
        reber embed --survey first
        reber cluster --survey first
        reber label import --survey first labels.csv
        reber finetune --survey first
        reber classify --survey first
        reber publish --survey first
        reber release first --output first-2026

      Every stage leaves a run with its parameters, seed and code version, and can be killed and
      started again.
      """,
    version: Version.number,
    subcommands: [
      DatabaseCommands.self, SurveyCommands.self, SimulateCommands.self, IngestCommand.self,
      PretrainCommand.self, EmbedCommand.self, ClusterCommand.self, SchemeCommands.self,
      LabelCommands.self, FinetuneCommand.self, ClassifyCommand.self, EvaluateCommand.self,
      CrossValidateCommand.self, AblateCommand.self, DriftCommand.self, MatchCommand.self,
      PublishCommand.self, CatalogueCommands.self, VerifyCommand.self, ExportCommand.self,
      ReleaseCommands.self, ModelCommands.self, QueryCommand.self, ShowCommands.self,
      RunCommands.self,
      WorkerCommand.self, QueueCommands.self, RunsCommand.self, SlurmCommand.self,
      ServeCommand.self,
      DoctorCommand.self,
    ])
}

@main
enum Program {
  static func main() async {
    CoreType.choose()
    Signals.listen()
    do {
      var command = try Reber.parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      leave(with: error)
    }
  }

  /// One clear line on standard error, and an exit code that says what kind of thing went wrong.
  private static func leave(with error: any Error) -> Never {
    // What all ranks find, the first one says for all; the launcher then ends the others.
    let launch = Launch.current
    if launch.rank > 0 { sleep(2) }
    guard let failure = error as? any Failure else { Reber.exit(withError: error) }
    let who = launch.count > 1 ? "reber (rank \(launch.rank) of \(launch.count))" : "reber"
    FileHandle.standardError.write(Data("\(who): \("\(failure)".inOneLine)\n".utf8))
    exit(failure.exitStatus.rawValue)
  }
}
