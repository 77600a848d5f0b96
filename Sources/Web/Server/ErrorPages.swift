import Catalogue
import Foundation
import Hummingbird
import Markup
import PostgreSQL

/// Says in one line what went wrong: as a page to people, as text to the programs that want cutouts.
struct ErrorPages: RouterMiddleware {
  let site: Site

  func handle(
    _ request: Request, context: PageContext,
    next: (Request, PageContext) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch {
      let (status, message) = Self.describe(error)
      if status == .internalServerError {
        // The statement and the server's words are for who runs it, not for visitors.
        FileHandle.standardError.write(Data("reber: \(request.uri.path): \(error)\n".utf8))
      }
      if request.uri.path == Site.cutoutPath { return .sentence(message, status: status) }
      return try site.page(
        "error", "\(status.code)", context, status: status, ["message": message])
    }
  }

  private static func describe(_ error: any Error) -> (HTTPResponse.Status, String) {
    switch error {
    case let error as HTTPError:
      (error.status, error.body ?? error.status.reasonPhrase)
    case CatalogueError.unknownSurvey, CatalogueError.unknownSource, CatalogueError.missing:
      (.notFound, "\(error)")
    case let error as CatalogueError: (.badRequest, "\(error)")
    case let error as PostgresError where error.state == .uniqueViolation:
      (.conflict, "another window was faster: load the page again")
    case let error as PostgresError where error.state == .foreignKeyViolation:
      (.notFound, "what the form speaks of is not there: load the page again")
    case let error as PostgresError where error.state?.blamesValue == true:
      (.badRequest, "the address or the form holds what is no text or number of ours")
    case let error as PostgresError
    where error.kind == .standby || error.state == .readOnlyTransaction:
      (.conflict, "this is a standby, which can only be read: labels are given at the primary")
    case let error as PostgresError where error.isConnectionFailure:
      (.serviceUnavailable, "the database cannot be reached: try again")
    default: (.internalServerError, "this failed: see what 'reber serve' printed")
    }
  }
}

extension Response {
  /// A sentence for a program, which is told how it can sign in where that is what it lacks.
  fileprivate static func sentence(_ text: String, status: HTTPResponse.Status) -> Response {
    var response = bytes((text + "\n").utf8, type: "text/plain; charset=utf-8", status: status)
    if status == .unauthorized { response.headers[.wwwAuthenticate] = #"Basic realm="reber""# }
    return response
  }
}
