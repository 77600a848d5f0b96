import Catalogue
import HTTPTypes
import Hummingbird
import Markup
import Mustache
import PostgreSQL

/// A section of a survey's pages, as the line at their top names it.
struct Section: Sendable {
  /// Its name.
  let name: String

  /// Where it begins, below the survey's address.
  let path: String

  /// The templates of its pages, by name.
  let templates: KeyValuePairs<String, [UInt8]>

  /// What answers the requests for its pages.
  let routes: [Route]

  /// Whether it is of use where a source may have several classes.
  var takesTags = true

  /// All sections, in the order in which the pages show them.
  static let all = [
    overview, clusters, growth, single, unlike, browse, map, agreement, audit, progress, work,
  ]
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
      "pager": PackageResources.pager_mustache, "nothing": PackageResources.nothing_mustache,
    ])
    for section in Section.all { try library.add(section.templates) }
    return library
  }
}

extension Site {
  /// A page as HTML: around its content stand who is signed in, what forms must send back, and
  /// where the page is about a survey, the survey's sections.
  func page(
    _ template: String, _ title: String, of survey: Survey? = nil, in section: Section? = nil,
    scheme: ClassScheme? = nil, standby: Standby? = nil, _ context: PageContext,
    status: HTTPResponse.Status = .ok,
    _ content: Content
  ) throws -> Response {
    let tabs = Section.all.filter { $0.takesTags || scheme?.isTags != true }.map { tab -> Content in
      [
        "name": tab.name, "href": survey.map { "\($0.address)/\(tab.path)" },
        "isCurrent": tab.name == section?.name,
      ]
    }
    let page: Content = [
      "title": title, "annotator": context.visitor?.annotator, "csrf": context.visitor?.formToken,
      "survey": survey?.name, "simulated": survey?.simulated ?? false,
      // Most schemes have no colours of their own, and a browser need not ask for them.
      "coloured": scheme?.classes.contains { $0.colour != nil } ?? false,
      "standby": standby?.sentence,
      "tabs": survey == nil ? [] : tabs, "content": content,
    ]
    guard let html = templates.render(page, withTemplate: template) else {
      throw HTTPError(.internalServerError, message: "there is no template '\(template)'")
    }
    return .bytes(html.utf8, type: "text/html; charset=utf-8", status: status)
  }
}
