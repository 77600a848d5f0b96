import Catalogue
import Foundation
import HTTPTypes
import Hummingbird
import Markup
import PostgreSQL

/// A request of a signed-in annotator for a page of a survey.
struct Visit: Sendable {
  let site: Site

  /// The section that the page belongs to.
  let section: Section

  /// The survey that the address names, the site's scheme, and who asks.
  let annotation: Annotation

  /// How old what is read may be, where the server of the database is a standby.
  let standby: Standby?
  let request: Request
  let context: PageContext

  var survey: Survey { annotation.survey }

  var scheme: ClassScheme { annotation.scheme }

  var pool: Pool { site.pool }

  /// Whether the script of the pages only looks ahead.
  var isPrefetch: Bool { HTTPField.Name("X-Prefetch").map { request.headers[$0] != nil } ?? false }

  /// What stands behind the `?` of the address.
  var fields: Fields { request.fields }

  /// How pictures are shown.
  var look: Look { Look(fields) }

  /// The address of the survey's pages.
  var base: String { survey.address }

  /// The page of a list that is asked for, from 0.
  var pageNumber: Int { fields.number("page", in: 0...100_000_000) ?? 0 }

  /// The embeddings of the survey; `nil` where there are none.
  func space() async throws -> EmbeddingSpace? { try await site.space(of: survey) }

  /// A page as HTML.
  func page(_ template: String, _ title: String, _ content: Content) throws -> Response {
    try site.page(
      template, title, of: survey, in: section, scheme: scheme, standby: standby, context, content)
  }

  /// The answer to a form: where to go on, for the script as JSON and without one as a redirect.
  func answer(next: String, _ said: String) throws -> Response {
    guard request.headers[.accept] == "application/json" else { return .redirect(to: next) }
    let body = try JSONEncoder().encode(["next": next, "said": said])
    return .bytes(body, type: "application/json")
  }
}

extension Survey {
  /// The address of its pages.
  var address: String { "/" + percentEncoded(name) }
}

/// An address below a survey's, and what answers there.
struct Route: Sendable {
  typealias Answer = @Sendable (Visit) async throws -> Response

  let method: HTTPRequest.Method
  let path: String
  let answer: Answer

  static func get(_ path: String, _ answer: @escaping Answer) -> Route {
    Route(method: .get, path: path, answer: answer)
  }

  static func post(_ path: String, _ answer: @escaping Answer) -> Route {
    Route(method: .post, path: path, answer: answer)
  }
}

extension Response {
  /// An answer of known type that is all there.
  static func bytes(
    _ bytes: some Collection<UInt8>, type: String, caching: String? = nil,
    status: HTTPResponse.Status = .ok
  ) -> Response {
    var headers: HTTPFields = [.contentType: type]
    headers[.cacheControl] = caching
    return Response(
      status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}
