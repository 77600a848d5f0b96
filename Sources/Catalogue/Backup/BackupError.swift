public import Failures

/// What can be wrong with a dump, or with the place that it is restored to.
public enum BackupError: Failure, Equatable {
  /// There is something already where a dump is to be written.
  case exists(String)
  /// The folder holds no dump, or one of a newer version.
  case noDump(String)
  /// A file of the dump is not what was written.
  case damaged(file: String)
  /// The database holds something of Reber's already.
  case notEmpty
  /// What was restored is not what was dumped.
  case differing(tables: [String])
  /// A restoration was stopped before it was finished.
  case unfinished

  public var exitStatus: ExitStatus {
    switch self {
    case .exists: .cannotCreate
    case .differing: .databaseError
    case .noDump, .damaged, .notEmpty, .unfinished: .badInput
    }
  }

  public var description: String {
    switch self {
    case .exists(let folder): "\(folder): is there already: name another folder"
    case .noDump(let folder):
      "\(folder): is no dump that this version can read: name a folder that 'reber db dump' wrote"
    case .damaged(let file):
      "\(file): is not what was dumped (its SHA-256 differs): copy the dump again from where it came from"
    case .notEmpty:
      """
      the database holds surveys already, and nothing was changed: restore into an empty one (--database, \
      or REBER_HOME for another private server)
      """
    case .differing(let tables):
      """
      after restoring, \(tables.prefix(5).joined(separator: ", ")) \
      \(tables.count > 5 ? "and \(tables.count - 5) more tables differ" : "differ") from what was dumped: \
      check the server's disk, and restore again
      """
    case .unfinished:
      "a dump was being restored into this database and is not whole: call 'reber db restore' again"
    }
  }
}
