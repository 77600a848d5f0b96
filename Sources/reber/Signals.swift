import Failures
import Foundation
import Stages

/// What the process does when it is told to stop (SIGTERM), as by Slurm before a time limit or for another's job.
///
/// Work that heeds it ends its step, keeps it and leaves with status 75; other work ends at once, and goes on from
/// the rows that are there when it is called again.
enum Signals {
  /// Whether it was told; signals belong to the whole process, and so does this.
  static let stop = StopRequest()

  /// Seconds that work which heeds it may take: Slurm kills after 30.
  private static let patience: UInt32 = 25

  /// Begins to listen; programs that this one starts are not concerned.
  static func listen() {
    _ = stop
    signal(SIGTERM) { _ in
      if Signals.stop.ask() { alarm(Signals.patience) } else { Signals.leave() }
    }
    signal(SIGALRM) { _ in Signals.leave() }
  }

  /// Ends the process, by calls that a signal's handler may make.
  private static func leave() -> Never {
    let sentence: StaticString =
      "reber: stopped, as it was told to; the same command goes on from here\n"
    _ = write(STDERR_FILENO, sentence.utf8Start, sentence.utf8CodeUnitCount)
    _exit(ExitStatus.busy.rawValue)
  }
}
