import Catalogue
import Failures
import Files
import Foundation
import PostgreSQL

/// Batch scripts that take a survey through its stages on a cluster with Slurm.
public struct SlurmScripts: Sendable {
  /// The survey.
  public var survey: String

  /// The source catalogue, where it is ingested there too.
  public var catalogue: String?

  /// Image files and folders, where they are ingested there too; seen by every node under the same name.
  public var images: [String] = []

  /// A table of labels, where these are imported before the classifier learns.
  public var labels: String?

  /// How many processes a stage has that can be shared.
  public var workers = 4

  /// Processors of each process.
  public var processors = 8

  /// Memory of each process, as Slurm reads it.
  public var memory = "16G"

  /// Further options of `sbatch` for every job, such as `--partition=long`.
  public var options: [String] = []

  /// Describes a survey's scripts, with the defaults.
  public init(survey: String) { self.survey = survey }
}

/// A batch script of a stage.
struct SlurmJob: Sendable {
  /// The stage.
  let stage: StageName
  /// Commands of reber, without `--survey`; of several, one after another.
  let commands: [String]
  /// Whether several processes do it at once.
  let isJoined: Bool
  /// Seconds that it may take, by what was measured; `nil` where nothing was.
  let estimate: Double?
  /// Why the estimate is what it is, for people.
  let reason: String

  /// What says so.
  var join: String { isJoined ? " --join" : "" }
}

extension Workplace {
  /// Writes the scripts into a folder that is not there yet.
  ///
  /// - Returns: The names of the files.
  /// - Throws: `FileError` where the folder is there or cannot be written.
  public func write(_ scripts: SlurmScripts, to folder: String) async throws -> [String] {
    let rates = try await database.with { try StageRate.all(for: scripts.survey, in: $0) }
    var files = scripts.jobs(rates).map { ($0.stage.rawValue + ".sh", scripts.text(of: $0)) }
    files.append(("submit.sh", scripts.submission))
    files.append(("job.sh", SlurmScripts.job))
    guard !FileManager.default.fileExists(atPath: folder) else {
      throw FileError(
        folder, "it is there already", advice: "name another folder, or remove it",
        exitStatus: .cannotCreate)
    }
    try makeFolder(folder)
    for (name, text) in files {
      let path = folder + "/" + name
      try PartialFile.write(Data(text.utf8), to: path)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }
    return files.map(\.0)
  }
}

extension SlurmScripts {
  /// The jobs, in their order.
  func jobs(_ rates: [StageName: StageRate]) -> [SlurmJob] {
    let ingested = [
      catalogue, images.isEmpty ? nil : "--images " + images.map(quoted).joined(separator: " "),
    ]
    // Of nodes of several kinds, which begin at once, each would choose for itself.
    let alike = "--precision float32"
    let stages: [(stage: StageName, isJoined: Bool, commands: [String])] = [
      (.ingest, true, ["ingest " + ingested.compactMap(\.self).joined(separator: " ")]),
      (.pretrain, false, ["pretrain \(alike)"]), (.embed, true, ["embed \(alike)"]),
      (.cluster, false, ["cluster"]),
      (
        .finetune, false,
        (labels.map { ["label import \(quoted($0))"] } ?? []) + ["finetune \(alike)"]
      ),
      (.classify, true, ["classify \(alike)"]), (.publish, false, ["publish"]),
    ]
    return stages.filter { $0.stage != .ingest || !ingested.compactMap(\.self).isEmpty }.map {
      stage, isJoined, commands in
      let rate = rates[stage]
      return SlurmJob(
        stage: stage, commands: commands, isJoined: isJoined,
        estimate: rate?.seconds(with: isJoined ? workers : 1),
        reason: rate?.reason ?? "no run of it was measured in this database: say how long")
    }
  }

  func text(of job: SlurmJob) -> String {
    let array = job.isJoined && workers > 1 ? "#SBATCH --array=1-\(workers)\n" : ""
    // Slurm signals the process of the script: that is to be the one that does the stage.
    let commands = job.commands.enumerated().map { place, command in
      let last = place == job.commands.count - 1 ? "exec " : ""
      return "\(last)./job.sh \(command) --survey \(survey)\(job.join) --quiet"
    }
    return """
      #!/bin/bash
      # \(job.stage.rawValue) of \(survey): read it, and change what your cluster wants otherwise.
      # Time: \(job.reason).
      #SBATCH --job-name=\(survey)-\(job.stage.rawValue)
      \(array)#SBATCH --ntasks=1
      #SBATCH --cpus-per-task=\(processors)
      #SBATCH --mem=\(memory)
      #SBATCH --time=\(Self.limit(job.estimate))
      #SBATCH --requeue
      #SBATCH --signal=B:TERM@60
      #SBATCH --output=log/%x-%j.log
      #SBATCH --open-mode=append
      \(options.map { "#SBATCH \($0)\n" }.joined())set -euo pipefail
      cd "$SLURM_SUBMIT_DIR"
      \(commands.joined(separator: "\n"))

      """
  }

  /// A time limit as Slurm reads it: half as much again as was estimated, and ten minutes, in steps of five.
  static func limit(_ estimate: Double?) -> String {
    guard let estimate else { return "12:00:00" }
    let minutes = Int(((estimate * 1.5 / 60 + 10) / 5).rounded(.up)) * 5
    return String(format: "%d-%02d:%02d:00", minutes / 1440, minutes / 60 % 24, minutes % 60)
  }

  private func quoted(_ word: String) -> String {
    let plain = word.allSatisfy { $0.isLetter || $0.isNumber || "_-./+:=".contains($0) }
    return plain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }

  /// Submits the jobs, each behind the one before.
  var submission: String {
    let first = catalogue == nil && images.isEmpty ? "" : "ingest "
    let learned = labels == nil ? "" : " finetune classify publish"
    return """
      #!/bin/bash
      # Submits the stages of \(survey), each behind the one before: ./submit.sh [STAGE]...
      # Without names: \(first)pretrain embed cluster\(learned).\(labels == nil ? " Then label, and call ./submit.sh finetune classify publish." : "")
      # DATABASE_URL says where the database is; every node must reach it. REBER names the program.
      set -euo pipefail
      cd "$(dirname "$0")"
      : "${DATABASE_URL:?say where the database is: postgresql://user@host/name}"
      mkdir -p log
      [[ $# -gt 0 ]] || set -- \(first)pretrain embed cluster\(learned)
      before=
      for stage; do
        before=$(sbatch --parsable --export=ALL ${before:+--dependency=afterok:$before} "$stage.sh")
        before=${before%%;*}
        echo "$stage $before"
      done

      """
  }

  /// Runs a command of reber as a job: what Slurm asks of it reaches it.
  static let job = """
    #!/bin/bash
    # Runs reber within a job. Before the time limit, and where the node is wanted for another job, Slurm sends TERM:
    # reber keeps what it has and ends with status 75, and the job goes back into the queue, to go on from there.
    set -uo pipefail
    : "${DATABASE_URL:?say where the database is: postgresql://user@host/name}"
    work= told=
    trap 'told=1; [[ -z $work ]] || kill -TERM "$work" 2>/dev/null' TERM
    "${REBER:-reber}" "$@" &
    work=$!
    [[ -z $told ]] || kill -TERM "$work"
    # A signal ends a wait with a number of its own: how the work itself ended is asked for when it is over.
    while kill -0 "$work" 2>/dev/null; do wait "$work"; done
    wait "$work"
    status=$?
    # What was told to stop goes on later, however it ended: mpirun, or what TERM met too early, has another status.
    if ((status == 75)) || [[ -n $told && $status != 0 ]]; then
      echo "job.sh: back into the queue"
      # Slurm then ends this script; where it has put the job back itself, for another's, there is nothing to wait for.
      scontrol requeue "$SLURM_JOB_ID" && sleep 60
    fi
    exit "$status"

    """
}
