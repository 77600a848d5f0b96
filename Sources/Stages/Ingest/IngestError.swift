public import Failures

/// What can be wrong with what is to be ingested.
public enum IngestError: Failure, Equatable {
  /// `--column` names a part that a source does not have.
  case unknownPart(String)
  /// `--column` or `--unit` names a column that the catalogue does not have.
  case unknownColumn(String, known: [String], file: String = "the catalogue")
  /// No column could be taken for a part that is needed.
  case unmapped(String, file: String, known: [String])
  /// The catalogue has no rows.
  case empty(file: String)
  /// Not one row could be a source.
  case allRejected(file: String, rows: Int, firstReason: String)
  /// A row is wider than PostgreSQL's.
  case tooWide(file: String, columns: Int, reason: String)
  /// There is no such file or folder.
  case notFound(String)
  /// No image was found in a folder.
  case noImages(folder: String)
  /// Not one image could be used.
  case noneUsable(images: Int, firstReason: String)
  /// Something was set aside although `--strict` forbids it.
  case setAside(Int, survey: String)
  /// Neither catalogue nor images were given.
  case nothingToDo
  /// The positions are in a frame that is not known.
  case unknownFrame(String, file: String = "the catalogue")
  /// Something that the catalogue does not say was assumed although `--strict` forbids it.
  case assumed([String], file: String)
  /// There is no profile of a name, nor a file.
  case unknownProfile(String, known: [String])
  /// A column that was chosen for a number holds none.
  case noNumbers(String, column: String, file: String = "the catalogue")
  /// What the catalogue says contradicts itself.
  case contradictory(String, advice: String, file: String = "the catalogue")
  /// A unit cannot be turned into the one that is kept.
  case badUnit(String, column: String, wanted: String, file: String = "the catalogue")

  public var exitStatus: ExitStatus { .badInput }

  public var description: String { sentence.inOneLine }

  private var sentence: String {
    switch self {
    case .unknownPart(let part):
      """
      '\(part)' is no part of a source: --column takes \
      \(ColumnMapping.Part.allCases.map(\.rawValue).joined(separator: ", "))
      """
    case .unknownColumn(let name, let known, let file):
      "\(file) has no column '\(name)': it has \(known.joined(separator: ", "))"
    case .unmapped(let part, let file, let known):
      """
      \(file): no column looks like '\(part)'; say which with --column \(part)=COLUMN \
      (columns: \(known.joined(separator: ", ")))
      """
    case .empty(let file):
      "\(file): the catalogue has no rows, so nothing was written"
    case .allRejected(let file, let rows, let reason):
      "\(file): none of its \(rows) rows can be a source, so nothing was written; row 1: \(reason)"
    case .tooWide(let file, let columns, let reason):
      """
      \(file): a row of its \(columns) columns is wider than PostgreSQL holds (\(reason)); take \
      fewer columns
      """
    case .notFound(let path):
      "\(path): no such file or folder"
    case .noImages(let folder):
      "\(folder): no image in it (looked for .fits, .fit, .fts, these with .gz, .bz2 and .fz, .fz and .png)"
    case .noneUsable(let images, let reason):
      "none of the \(images) images could be used; the first: \(reason)"
    case .setAside(let count, let survey):
      """
      \(count) rows or images of survey '\(survey)' were set aside in reber.rejected, and --strict \
      allows none; the rest was ingested
      """
    case .nothingToDo:
      "nothing to ingest: give a catalogue, or --images with a file or folder"
    case .unknownFrame(let frame, let file):
      """
      \(file): the positions are in the frame '\(frame)', which is not known: say which it is with --frame \
      (ICRS, FK5, 'FK5 J1975', FK4, galactic)
      """
    case .noNumbers(let part, let column, let file):
      """
      \(file), column '\(column)': a cell of it is no single number, so it cannot be \(part); name \
      another with --column \(part)=COLUMN
      """
    case .contradictory(let problem, let advice, let file):
      "\(file): \(problem): \(advice)"
    case .assumed(let words, let file):
      "\(file): \(words.joined(separator: "; ")); --strict allows no such assumption"
    case .unknownProfile(let name, let known):
      """
      there is no profile '\(name)', nor a file of that name (profiles: \
      \(known.joined(separator: ", ")))
      """
    case .badUnit(let unit, let column, let wanted, let file):
      """
      \(file), column '\(column)': unit '\(unit)' cannot be turned into \(wanted); say what it is with \
      --unit \(column)=UNIT
      """
    }
  }
}

extension IngestError {
  /// The same error, which says of which catalogue it is.
  func of(_ file: String) -> IngestError {
    switch self {
    case .unknownColumn(let name, let known, _): .unknownColumn(name, known: known, file: file)
    case .unknownFrame(let frame, _): .unknownFrame(frame, file: file)
    case .noNumbers(let part, let column, _): .noNumbers(part, column: column, file: file)
    case .contradictory(let problem, let advice, _):
      .contradictory(problem, advice: advice, file: file)
    case .badUnit(let unit, let column, let wanted, _):
      .badUnit(unit, column: column, wanted: wanted, file: file)
    default: self
    }
  }

  /// A reason that names its file, whether it does so itself or not.
  static func reason(_ reason: String, of path: String) -> String {
    reason.contains(path) ? reason : "\(path): \(reason)"
  }
}
