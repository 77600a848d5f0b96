import ArgumentParser
import Stages

struct SlurmCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "slurm",
    abstract: "Write batch scripts that take a survey through its stages on a Slurm cluster.",
    discussion: """
      A script for each stage, with a time limit from what was measured in this database, 'submit.sh',
      which submits them each behind the one before, and 'job.sh', which runs reber so that it goes on
      after preemption and time limits. Read and change them; docs/cluster.md walks through it.

      Example:
        reber slurm --survey first --catalogue first.csv --images /data/first --output jobs
        reber slurm --survey first --workers 16 --sbatch=--partition=long --output jobs
      """)

  @Option(help: "The survey.") var survey: String

  @Option(help: ArgumentHelp("The folder of the scripts, which is made.", valueName: "folder"))
  var output: String

  @Option(help: ArgumentHelp("The source catalogue, to ingest there too.", valueName: "file"))
  var catalogue: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Image files and folders, to ingest there too; every node sees them under these names.",
      valueName: "path"))
  var images: [String] = []

  @Option(
    help: ArgumentHelp(
      "A table of labels; with it the chain goes on to the catalogue.", valueName: "file"))
  var labels: String?

  @Option(help: "How many processes share ingest, embed and classify.") var workers = 4

  @Option(help: "Processors of each process.") var cpus = 8

  @Option(help: "Memory of each process, as Slurm reads it.") var memory = "16G"

  @Option(
    name: .customLong("sbatch"),
    help: ArgumentHelp(
      "A further option of every job, such as --sbatch=--partition=long; may be given again.",
      valueName: "option"))
  var further: [String] = []

  @OptionGroup(title: "Output") var options: ResultOptions

  func validate() throws {
    guard workers > 0, cpus > 0 else {
      throw ValidationError("--workers and --cpus are at least 1")
    }
  }

  func run() async throws {
    var scripts = SlurmScripts(survey: survey)
    scripts.catalogue = catalogue
    scripts.images = images
    scripts.labels = labels
    (scripts.workers, scripts.processors, scripts.memory) = (workers, cpus, memory)
    scripts.options = further
    let files = try await options.workplace().write(scripts, to: output)
    try options.show(files) {
      "\($0.count) scripts in \(output): read them, then \(output)/submit.sh"
    }
  }
}
