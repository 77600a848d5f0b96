import Catalogue
import FITS
import Failures
import FuzzTarget
import PostgreSQL
import Stages

/// Reads files by the functions that ingest reads them by, or has ingest read them.
struct Reader {
  private let workplace: Workplace?

  /// Makes a reader.
  ///
  /// - Parameter database: The address of a database of the present schema; nil to read alone.
  /// - Throws: `PostgresError` where the database does not answer.
  init(database: String?) async throws {
    guard let database else {
      workplace = nil
      return
    }
    workplace = Workplace(
      database: try await Database(database),
      user: Operator(codeVersion: "fuzz", host: "here", account: "fuzz"), progress: Silence())
  }

  /// What becomes of a file, as a line that begins with an `Outcome.Kind`.
  func outcome(of path: String) async -> String {
    do {
      guard let workplace else { return "read \(try readThrough(path))" }
      return try await ingest(path, workplace)
    } catch let failure as any Failure {
      return line(of: failure, path)
    } catch {
      return "unclassified \(error)".oneLine
    }
  }

  private func line(of failure: any Failure, _ path: String) -> String {
    let text = "\(failure)"
    guard failure.exitStatus == .badInput else {
      return "unclassified \(failure.exitStatus.rawValue) \(text)".oneLine
    }
    let name = String(path.split(separator: "/").last ?? "")
    let isWell = !text.contains("\n") && (text.contains(name) || name.hasSuffix(".safetensors"))
    return ((isWell ? "refused " : "unnamed ") + text).oneLine
  }

  private func ingest(_ path: String, _ workplace: Workplace) async throws -> String {
    // Some files meet a survey that others of their kind are in already.
    var options = Ingest(
      survey: "sky\(path.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF } % 20)")
    let isImage = path.hasSuffix(".png") || (try? FITSImage(path)) != nil
    if isImage { options.images = [path] } else { options.catalogue = path }
    let report = try await workplace.ingest(options)
    return report.rejected > 0 ? "partly \(report.rejected) set aside" : "read \(report.sources)"
  }
}

extension String {
  fileprivate var oneLine: String { split(whereSeparator: \.isNewline).joined(separator: " ⏎ ") }
}
