import Catalogue
import Foundation
import HTTPTypes
import Hummingbird
import Markup

extension Site {
  func addLogin(to router: Router<PageContext>) {
    router.get("/login") { try loginPage($0.fields["next"], nil, $1) }
    router.post("/login") { try await signIn($0, $1) }
    router.post("/logout") { request, _ -> Response in
      if let cookie = request.cookies[Door.cookie] { try await visitors.dismiss(cookie.value) }
      return .redirect(to: "/login")
    }
  }

  private func signIn(_ request: Request, _ context: PageContext) async throws -> Response {
    let form = try await request.form()
    let name = (form["annotator"] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    guard name.wholeMatch(of: /[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}/) != nil else {
      return try loginPage(form["next"], "A name of letters and digits, please.", context)
    }
    guard try await visitors.isKnown(password: form["password"] ?? "") else {
      return try loginPage(form["next"], "That is not the password.", context)
    }
    let cookie = try await visitors.admit(name)
    var response = Response.redirect(to: Self.local(form["next"]))
    response.setCookie(
      Cookie(
        name: Door.cookie, value: cookie, path: "/", httpOnly: true, sameSite: .strict))
    return response
  }

  private func loginPage(
    _ next: String?, _ problem: String?, _ context: PageContext
  ) throws -> Response {
    try page(
      "login", "Sign in", context, status: problem == nil ? .ok : .forbidden,
      ["next": Self.local(next), "problem": problem, "needsPassword": password != nil])
  }

  /// An address on this server; anything else leads home.
  static func local(_ next: String?) -> String {
    guard let next, next.hasPrefix("/"), !next.hasPrefix("//"), !next.contains("\\"),
      !next.contains(where: \.isNewline)
    else { return "/" }
    return next
  }

  func addHome(to router: Router<PageContext>) {
    router.get("/") { _, context -> Response in
      let surveys = try await pool.with { database in
        try Survey.all(in: database).map { ($0, try $0.counts(in: database)) }
      }
      if surveys.count == 1, let only = surveys.first {
        return .redirect(to: "\(only.0.address)/overview")
      }
      return try page(
        "home", "Surveys", context,
        [
          "surveys": surveys.map { survey, counts -> Content in
            [
              "name": survey.name, "title": survey.observation.title ?? survey.name,
              "simulated": survey.simulated, "sources": counts.sources, "images": counts.cutouts,
              "labelled": counts.labelled,
            ]
          }
        ])
    }
  }
}
