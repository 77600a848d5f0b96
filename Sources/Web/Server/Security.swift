import Foundation
import HTTPTypes
import Hummingbird

/// Headers that keep a browser from doing what the pages do not need.
struct SecurityHeaders: RouterMiddleware {
  func handle(
    _ request: Request, context: PageContext,
    next: (Request, PageContext) async throws -> Response
  ) async throws -> Response {
    var response = try await next(request, context)
    for (name, value) in Self.headers {
      if let name = HTTPField.Name(name) { response.headers[name] = value }
    }
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    return response
  }

  /// Everything from this server alone, and nothing inline.
  private static let headers = [
    (
      "Content-Security-Policy",
      """
      default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'; \
      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
      """
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
  ]
}

/// Refuses requests that name another host than the server is reached by, as a page of a foreign
/// site does whose name was made to lead here (DNS rebinding).
struct HostCheck: RouterMiddleware {
  /// Whether only this machine is served.
  let loopbackOnly: Bool

  func handle(
    _ request: Request, context: PageContext,
    next: (Request, PageContext) async throws -> Response
  ) async throws -> Response {
    let host = request.head.authority ?? ""
    if loopbackOnly, !Self.isLoopback(host) {
      throw HTTPError(.misdirectedRequest, message: "this server is for this machine alone")
    }
    if request.method == .post, let origin = request.headers[.origin],
      URL(string: origin).map(Self.authority) != host
    {
      throw HTTPError(.forbidden, message: "a form of another site was sent here")
    }
    return try await next(request, context)
  }

  static func isLoopback(_ host: String) -> Bool {
    host.wholeMatch(of: /(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?/) != nil
  }

  private static func authority(_ url: URL) -> String {
    (url.host ?? "") + (url.port.map { ":\($0)" } ?? "")
  }
}

/// Finds out who asks, sends strangers to the door, and takes forms only with their token.
struct Door: RouterMiddleware {
  let visitors: Visitors
  static let cookie = "reber"

  func handle(
    _ request: Request, context: PageContext,
    next: (Request, PageContext) async throws -> Response
  ) async throws -> Response {
    var (request, context) = (request, context)
    if let cookie = request.cookies[Self.cookie] {
      context.visitor = try await visitors.find(cookie.value)
    }
    if request.uri.path == "/login" || request.uri.path.hasPrefix("/assets/") {
      return try await next(request, context)
    }
    guard let visitor = context.visitor else {
      if request.uri.path == Site.cutoutPath, [.get, .head].contains(request.method) {
        try await check(request.headers[.authorization])
        return try await next(request, context)
      }
      guard request.method == .get else {
        throw HTTPError(.unauthorized, message: "sign in again: the visit has ended")
      }
      return .redirect(to: "/login?next=" + percentEncoded(request.uri.string))
    }
    try await check(&request, of: visitor)
    return try await next(request, context)
  }

  /// Lets programs in that know the password, by whatever name; everybody where there is none.
  private func check(_ authorization: String?) async throws {
    let words = authorization.flatMap { $0.wholeMatch(of: /[Bb]asic +(.+)/) }
      .flatMap { Data(base64Encoded: String($0.1)) }.map { String(decoding: $0, as: UTF8.self) }
    let password = words?.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard try await visitors.isKnown(password: password?.count == 2 ? password?[1] : nil) else {
      throw HTTPError(
        .unauthorized, message: "give the password of the pages by HTTP's Basic authentication")
    }
  }

  /// Refuses forms without the visitor's token, and whatever is neither a form nor a question.
  private func check(_ request: inout Request, of visitor: Visitor) async throws {
    switch request.method {
    case .get, .head: return
    case .post:
      let token = try await request.keptForm()["csrf"] ?? ""
      guard equalInConstantTime(token, visitor.formToken) else {
        throw HTTPError(.forbidden, message: "the form is from another visit: load the page again")
      }
    default: throw HTTPError(.methodNotAllowed)
    }
  }
}
