import Catalogue
import Foundation
import HTTPTypes
import Hummingbird
import Mustache

/// The templates, which are part of the program.
enum Templates {
  /// - Throws: Where one is broken.
  static func library() throws -> MustacheLibrary {
    let sources: [(name: String, bytes: [UInt8])] = [
      ("page", PackageResources.page_mustache), ("login", PackageResources.login_mustache),
      ("home", PackageResources.home_mustache), ("error", PackageResources.error_mustache),
      ("montage", PackageResources.montage_mustache),
      ("cluster", PackageResources.cluster_mustache),
      ("clusters", PackageResources.clusters_mustache),
      ("grow", PackageResources.grow_mustache), ("growth", PackageResources.growth_mustache),
      ("single", PackageResources.single_mustache),
      ("sources", PackageResources.sources_mustache),
      ("source", PackageResources.source_mustache), ("map", PackageResources.map_mustache),
      ("agreement", PackageResources.agreement_mustache),
      ("progress", PackageResources.progress_mustache),
    ]
    var library = MustacheLibrary()
    for (name, bytes) in sources {
      try library.register(String(decoding: bytes, as: UTF8.self), named: name)
    }
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
  static func all(_ survey: String, current: String) -> [Tab] {
    let base = "/" + percentEncoded(survey)
    return [
      ("Label clusters", "/label"), ("Grow a class", "/grow"), ("One by one", "/single"),
      ("Browse", "/sources"), ("Map", "/map"), ("Agreement", "/agreement"),
      ("Progress", "/progress"),
    ].enumerated().map { index, tab in
      Tab(
        name: tab.0, href: base + tab.1, key: "F\(index + 1)", isCurrent: tab.0 == current)
    }
  }
}

extension Site {
  /// A page as HTML.
  func page<Content>(
    _ template: String, _ title: String, tab: String = "", survey: Survey? = nil,
    _ context: PageContext, status: HTTPResponse.Status = .ok, _ content: Content
  ) throws -> Response {
    let page = Page(
      title: title, annotator: context.visitor?.annotator, csrf: context.visitor?.formToken,
      survey: survey?.name, simulated: survey?.simulated ?? false,
      tabs: survey.map { Tab.all($0.name, current: tab) } ?? [], content: content)
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
