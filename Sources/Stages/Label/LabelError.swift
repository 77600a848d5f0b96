public import Failures

/// What can be wrong with labels, or joins of sources, that are to be read.
public enum LabelError: Failure, Equatable {
  /// An option names a column that the file does not have.
  case unknownColumn(String, file: String, known: [String])
  /// No column could be taken for the source or the class.
  case unmapped(String, file: String, known: [String])
  /// The classifications are of several workflows, and none is chosen.
  case severalWorkflows(file: String, found: [Int])
  /// Volunteers answer to several tasks, and none is chosen.
  case severalTasks(file: String, found: [String])
  /// Nobody answers to the task.
  case unknownTask(String, file: String, known: [String])
  /// Not one row has a class.
  case noLabels(file: String)
  /// Not one row could be used; the first row that was set aside says why.
  case noneUsable(file: String, row: Int?, reason: String?)

  public var exitStatus: ExitStatus { .badInput }

  public var description: String {
    switch self {
    case .unknownColumn(let name, let file, let known):
      "\(file): there is no column '\(name)': it has \(known.joined(separator: ", "))"
    case .unmapped(let part, let file, let known):
      """
      \(file): no column looks like the \(part); say which with --\(part)-column \
      (columns: \(known.joined(separator: ", ")))
      """
    case .severalWorkflows(let file, let found):
      "\(file): it has workflows \(found.map(String.init).joined(separator: ", ")): choose one with --workflow"
    case .severalTasks(let file, let found):
      "\(file): it has answers to \(found.joined(separator: ", ")): choose one with --task"
    case .unknownTask(let task, let file, let known):
      "\(file): nobody answers to '\(task)': there are answers to \(known.joined(separator: ", "))"
    case .noLabels(let file):
      "\(file): no row has a class, so nothing was written"
    case .noneUsable(let file, let row, let reason):
      "\(file): no row in it can be used, so nothing was written"
        + (reason.map { "; row \(row ?? 0): \($0)" } ?? "")
    }
  }
}
