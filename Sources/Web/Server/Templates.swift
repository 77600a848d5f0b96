import Catalogue
import Foundation
import HTTPTypes
import Hummingbird
import Markup
import Mustache

/// A section of a survey's pages, as the line at their top names it.
struct Section: Sendable {
  /// Its name.
  let name: String

  /// Where it begins, below the survey's address.
  let path: String

  /// The templates of its pages, by name.
  let templates: KeyValuePairs<String, [UInt8]>

  /// Answers the requests for its pages.
  let addRoutes: @Sendable (Site) -> (Router<PageContext>) -> Void

  /// All sections, in the order in which the pages show them.
  static let all = [clusters, growth, single, browse, map, agreement, progress]
}

extension MustacheLibrary {
  /// The templates of all pages, which are part of the program.
  ///
  /// - Throws: Where one is broken.
  static func pages() throws -> MustacheLibrary {
    var library = MustacheLibrary()
    try library.add([
      "page": PackageResources.page_mustache, "login": PackageResources.login_mustache,
      "home": PackageResources.home_mustache, "error": PackageResources.error_mustache,
      "montage": PackageResources.montage_mustache, "looks": PackageResources.looks_mustache,
      "pager": PackageResources.pager_mustache,
    ])
    for section in Section.all { try library.add(section.templates) }
    return library
  }
}

/// What every page shows around its content.
struct Page<Content> {
  /// The title.
  var title: String
  /// Who is signed in.
  var annotator: String?
  /// What forms must send back.
  var csrf: String?
  /// The survey, where the page is about one.
  var survey: String?
  /// What a sky that is made up says of itself.
  var simulated: Bool
  /// The sections of a survey.
  var tabs: [Tab]
  /// What the page is about.
  var content: Content
}

/// A section of a survey's pages.
struct Tab {
  var name: String
  var href: String
  var key: String
  var isCurrent: Bool

  /// The sections of a survey.
  static func all(_ survey: String, current: Section?) -> [Tab] {
    Section.all.enumerated().map { index, section in
      Tab(
        name: section.name, href: "/\(percentEncoded(survey))/\(section.path)",
        key: "F\(index + 1)",
        isCurrent: section.name == current?.name)
    }
  }
}

extension Site {
  /// A page as HTML.
  func page<Content>(
    _ template: String, _ title: String, in section: Section? = nil, of survey: Survey? = nil,
    _ context: PageContext, status: HTTPResponse.Status = .ok, _ content: Content
  ) throws -> Response {
    let page = Page(
      title: title, annotator: context.visitor?.annotator, csrf: context.visitor?.formToken,
      survey: survey?.name, simulated: survey?.simulated ?? false,
      tabs: survey.map { Tab.all($0.name, current: section) } ?? [], content: content)
    guard let html = templates.render(page, withTemplate: template) else {
      throw HTTPError(.internalServerError, message: "there is no template '\(template)'")
    }
    return Response(
      status: status, headers: [.contentType: "text/html; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
  }

  /// The answer to a form: where to go on, for the script as JSON and without one as a redirect.
  func answer(_ request: Request, next: String, _ said: String) throws -> Response {
    guard request.headers[.accept] == "application/json" else { return .redirect(to: next) }
    let body = try JSONEncoder().encode(Answer(next: next, said: said))
    return Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
  }
}

/// What a script learns of its form.
private struct Answer: Encodable {
  /// Where to go on.
  var next: String
  /// What was done.
  var said: String
}
