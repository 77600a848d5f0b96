import Catalogue
import FITS
import Morphology
import PostgreSQL
import Report
import Simulation
import Stages
import Tables

/// What kind of thing went wrong, as sysexits.h numbers it; usage errors (64) are the parser's.
enum ExitStatus: Int32 {
  /// The input is bad: a truncated file, a wrong column, an empty catalogue.
  case badInput = 65
  /// The database cannot be reached.
  case unavailable = 69
  /// The database refused a statement.
  case databaseError = 70
  /// There is no room, or a file cannot be written.
  case cannotCreate = 73
  /// Somebody else is at the same work: try later.
  case busy = 75

  /// The status for Reber's own errors, `nil` for the argument parser's.
  init?(of error: any Error) {
    switch error {
    case CatalogueError.busy: self = .busy
    case let error as PostgresError:
      self = error.isConnectionFailure ? .unavailable : .databaseError
    case SimulationFolderError.busy: self = .busy
    case is PrivateServerError, SimulationFolderError.notWritable, ReportError.notWritable:
      self = .cannotCreate
    case is IngestError, is LabelError, is LearnError, is CatalogueError, is FITSError,
      is TableError, is MorphologyError, is SimulationError, is SimulationFolderError,
      is ReportError:
      self = .badInput
    default: return nil
    }
  }
}
