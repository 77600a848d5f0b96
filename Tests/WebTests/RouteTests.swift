import Catalogue
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import PostgreSQL
import Synchronization
import Testing

@testable import Web

@Suite struct RouteTests {
  static let survey = Result { try SyntheticSurvey(count: 600, leaves: 24) }

  @Test func aPortThatIsTakenIsTold() async throws {
    let site = try Site(pool: Pool("host=nowhere"))
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    let serving = Task {
      try await site.serve(host: "127.0.0.1", port: 0) { continuation.yield($0) }
    }
    defer { serving.cancel() }
    var started = ports.makeAsyncIterator()
    let taken = await started.next() ?? 0
    let error = await #expect(throws: ServeError.self) {
      try await site.serve(host: "127.0.0.1", port: taken)
    }
    #expect(error?.port == taken)
  }

  /// A browser that keeps its cookie.
  struct Visit {
    let client: any TestClientProtocol
    let cookie: String
    let csrf: String

    init(_ client: any TestClientProtocol, as name: String, password: String? = nil) async throws {
      self.client = client
      var form = "annotator=\(percentEncoded(name))&next=/"
      if let password { form += "&password=\(percentEncoded(password))" }
      cookie = try await client.execute(
        uri: "/login", method: .post, headers: Self.form, body: ByteBuffer(string: form)
      ) { response in
        let header = try #require(response.headers[.setCookie])
        #expect(header.contains("HttpOnly") && header.contains("SameSite=Strict"))
        return String(header.prefix { $0 != ";" })
      }
      csrf = ""
    }

    init(_ client: any TestClientProtocol, cookie: String, csrf: String) {
      (self.client, self.cookie, self.csrf) = (client, cookie, csrf)
    }

    static let form: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]

    func get(_ uri: String) async throws -> (HTTPResponse.Status, String, HTTPFields) {
      try await client.execute(uri: uri, method: .get, headers: [.cookie: cookie]) {
        ($0.status, String(buffer: $0.body), $0.headers)
      }
    }

    /// The same visit, with the token of its forms.
    func withToken(from uri: String) async throws -> Visit {
      let (_, page, _) = try await get(uri)
      let found = try #require(page.firstMatch(of: /name="csrf" value="([0-9a-f]+)"/))
      return Visit(client, cookie: cookie, csrf: String(found.1))
    }

    func post(_ uri: String, _ fields: String) async throws -> (HTTPResponse.Status, String) {
      try await client.execute(
        uri: uri, method: .post,
        headers: Self.form.with([.cookie: cookie, .accept: "application/json"]),
        body: ByteBuffer(string: "csrf=\(csrf)&\(fields)")
      ) { ($0.status, String(buffer: $0.body)) }
    }
  }

  func withSite(
    password: String? = nil,
    _ body: @Sendable @escaping (any TestClientProtocol, SyntheticSurvey) async throws -> Void
  ) async throws {
    let survey = try Self.survey.get()
    let site = try Site(pool: Pool(survey.address), password: password)
    let application = Application(router: site.router())
    try await application.test(.router) { client in try await body(client, survey) }
  }

  @Test func sourcesAreJoinedOnTheirPageAndTakenApart() async throws {
    try await withSite { client, _ in
      let page = "/synthetic/sources/S000011"
      let visit = try await Visit(client, as: "joiner").withToken(from: page)
      let (_, before, _) = try await visit.get(page)
      #expect(before.contains("No other source is known to be one object with it"))
      let (joined, _) = try await visit.post(
        page + "/join", "survey=synthetic&name=S000012&say=join")
      #expect(joined == .ok)
      for of in [page, "/synthetic/sources/S000012"] {
        let (_, text, _) = try await visit.get(of)
        #expect(text.contains("joined by joiner") && text.contains("take back"))
      }
      let (refused, _) = try await visit.post(
        page + "/join", "survey=synthetic&name=S000011&say=join")
      #expect(refused == .badRequest)
      let (unknown, _) = try await visit.post(
        page + "/join", "survey=synthetic&name=nobody&say=join")
      #expect(unknown == .notFound)
      let (nothing, _) = try await visit.post(
        page + "/join", "survey=synthetic&name=S000012&say=what")
      #expect(nothing == .badRequest)
      _ = try await visit.post(page + "/join", "survey=synthetic&name=S000012&say=back")
      let (_, after, _) = try await visit.get(page)
      #expect(!after.contains("joined by joiner"))
    }
  }

  @Test func everyPageOpensAndEscapesWhatItShows() async throws {
    try await withSite { client, _ in
      let visit = try await Visit(client, as: "eve <eve>".replacing("<eve>", with: "E."))
      for path in [
        "/", "/synthetic/clusters", "/synthetic/label/0", "/synthetic/grow", "/synthetic/single",
        "/synthetic/single?shown=1", "/synthetic/sources", "/synthetic/sources?view=table",
        "/synthetic/sources/S000007", "/synthetic/map", "/synthetic/agreement",
        "/synthetic/progress", "/synthetic/audit",
      ] {
        let (status, page, headers) = try await visit.get(path)
        #expect(status == .ok || path == "/" && status == .seeOther, "\(path): \(page)")
        #expect(
          headers[HTTPField.Name("Content-Security-Policy")!]?.contains("default-src 'none'")
            == true)
        #expect(!page.contains("<b>bold"), "\(path)")
        #expect(!page.contains(" style="), "\(path): the policy forbids inline style")
      }
      let (_, source, _) = try await visit.get("/synthetic/sources/S000007")
      #expect(source.contains("&lt;b&gt;bold &amp; made up&lt;/b&gt;"))
      #expect(source.contains("class=\"contour\"") && source.contains("15″"))
    }
  }

  @Test func tagsAreToggled() async throws {
    let made = try SyntheticSurvey(count: 120, leaves: 12)
    let database = try Connection(made.address)
    _ = try ClassScheme.add(
      named: "features", classes: ["bent", "hybrid", "<odd>"], areTags: true, in: database)
    let site = try Site(pool: Pool(made.address), scheme: "features")
    try await Application(router: site.router()).test(.router) { client in
      let visit = try await Visit(client, as: "Ada").withToken(from: "/synthetic/single")
      let (_, fresh, _) = try await visit.get("/synthetic/single?source=S000007")
      #expect(fresh.contains("&lt;odd&gt;") && !fresh.contains(" checked"))
      #expect(!fresh.contains("/synthetic/grow\"") && !fresh.contains("/synthetic/label\""))
      let source = try #require(fresh.firstMatch(of: /name="source" value="([0-9]+)"/)).1
      let (status, said) = try await visit.post("/synthetic/single", "source=\(source)&tag=0&tag=2")
      #expect(status == .ok && said.contains("is bent, <odd>"))
      let (_, shown, _) = try await visit.get("/synthetic/single?source=S000007")
      #expect(shown.contains("you said <b>bent, &lt;odd&gt;</b>"))
      #expect(shown.matches(of: #/ checked/#).count == 2)
      let (_, none) = try await visit.post("/synthetic/single", "source=\(source)")
      #expect(none.contains("is without a tag"))
      let (_, page, _) = try await visit.get("/synthetic/sources/S000007")
      #expect(page.contains("not bent") && page.contains("not hybrid"))
      _ = try await visit.post("/synthetic/undo", "")
      let (_, listed, _) = try await visit.get("/synthetic/sources?view=table&label=2")
      #expect(listed.contains("bent, &lt;odd&gt;") && listed.contains("S000007"))
      let (wrong, _) = try await visit.post("/synthetic/single", "source=\(source)&tag=9")
      #expect(wrong == .badRequest)
      // What gives a source one class says why it does not.
      for path in ["/synthetic/clusters", "/synthetic/label/0", "/synthetic/grow"] {
        let (status, page, _) = try await visit.get(path)
        #expect(status == .badRequest && page.contains("several"), "\(path)")
      }

      let eve = try await Visit(client, as: "Eve").withToken(from: "/synthetic/single")
      _ = try await eve.post("/synthetic/single", "source=\(source)&tag=0")
      let (_, agreement, _) = try await eve.get("/synthetic/agreement")
      #expect(
        agreement.contains("<b>1</b> sources have labels") && agreement.contains("not &lt;odd&gt;"))
      #expect(agreement.contains("Ada: &lt;odd&gt;; Eve: not &lt;odd&gt;"))
      let (_, progress, _) = try await eve.get("/synthetic/progress")
      #expect(progress.contains("<b>1</b> of 120 sources"))
      for path in ["/synthetic/map", "/synthetic/sources", "/synthetic/label"] {
        let (status, _, _) = try await visit.get(path)
        #expect(status == .ok || status == .seeOther, "\(path)")
      }
    }
  }

  /// A browser is told of a class's own colour, and asks for none where there is none.
  @Test func classesHaveTheColoursOfTheirScheme() async throws {
    let made = try SyntheticSurvey(count: 120, leaves: 12)
    let application = Application(router: try Site(pool: Pool(made.address)).router())
    let link = "/assets/scheme.css"
    try await application.test(.router) { client in
      let visit = try await Visit(client, as: "eve")
      let (_, plain, _) = try await visit.get("/synthetic/single")
      #expect(!plain.contains(link))
      let database = try Connection(made.address)
      try ClassScheme.named(ClassScheme.twelveClasses, in: database).describe(
        "artifact", ClassDetails(colour: "#cc6677"), in: database)
      let (_, coloured, _) = try await visit.get("/synthetic/single")
      #expect(coloured.contains(link))
      let (_, style, _) = try await visit.get(link)
      #expect(style == ".k0 { background: #cc6677; }\n")
    }
  }

  @Test func picturesArePNGAndKept() async throws {
    try await withSite { client, survey in
      let visit = try await Visit(client, as: "eve")
      let (_, page, _) = try await visit.get("/synthetic/label/0")
      let address = try #require(page.firstMatch(of: /src="(\/synthetic\/montage[^"]+)"/)).1
      try await client.execute(
        uri: String(address).replacing("&amp;", with: "&"), method: .get,
        headers: [.cookie: visit.cookie]
      ) { response in
        #expect(Array(response.body.readableBytesView.prefix(4)) == [0x89, 0x50, 0x4E, 0x47])
        #expect(response.headers[.cacheControl]?.contains("immutable") == true)
      }
    }
  }

  @Test func aSplitIsSeenThoughTheTreeIsKept() async throws {
    try await withSite { client, _ in
      let list = "/synthetic/clusters?groups=1"
      let visit = try await Visit(client, as: "splitter").withToken(from: list)
      let (_, whole, _) = try await visit.get(list)
      #expect(whole.contains("1 parts"))
      let top = try #require(whole.firstMatch(of: /href="\/synthetic\/label\/([0-9]+)/)).1
      let (status, answer) = try await visit.post("/synthetic/label/\(top)?groups=1", "split=1")
      #expect(status == .ok && answer.contains("split cluster \(top)"), "\(answer)")
      #expect(try await visit.get(list).1.contains("2 parts"))
      #expect(try await visit.post("/synthetic/undo?groups=1", "").0 == .ok)
      #expect(try await visit.get(list).1.contains("1 parts"))
      let other = try await Visit(client, as: "another")
      #expect(try await other.get(list).1.contains("1 parts"))
    }
  }

  @Test func theOldestIsDroppedFirst() async {
    let cache = Cache<Int, Int>(limit: 10, weight: { $0 })
    var made: [Int] = []
    for key in [4, 5, 4, 3, 5, 4, 20, 3] {
      let value = await cache.value(key) {
        made.append(key)
        return key
      }
      #expect(value == key)
    }
    #expect(made == [4, 5, 3, 4, 20, 3])
  }

  @Test func strangersAreSentToTheDoor() async throws {
    try await withSite(password: "correct horse") { client, _ in
      try await client.execute(uri: "/synthetic/progress", method: .get) {
        #expect($0.status == .seeOther && $0.headers[.location]?.hasPrefix("/login?next=") == true)
      }
      try await client.execute(uri: "/synthetic/undo", method: .post) {
        #expect($0.status == .unauthorized)
      }
      try await client.execute(
        uri: "/login", method: .post, headers: Visit.form,
        body: ByteBuffer(string: "annotator=eve&password=wrong")
      ) { #expect($0.status == .forbidden && $0.headers[.setCookie] == nil) }
      let visit = try await Visit(client, as: "eve", password: "correct horse")
      #expect(try await visit.get("/synthetic/progress").0 == .ok)
    }
  }

  /// A restart of the server asks nobody again; another password does.
  @Test func visitsOutliveTheServerButNotItsPassword() async throws {
    let kept = Mutex(["", ""])
    try await withSite(password: "first") { client, _ in
      let eve = try await Visit(client, as: "eve", password: "first")
        .withToken(from: "/synthetic/clusters")
      kept.withLock { $0 = [eve.cookie, eve.csrf] }
    }
    let (cookie, token) = kept.withLock { ($0[0], $0[1]) }
    try await withSite(password: "first") { client, _ in
      let eve = Visit(client, cookie: cookie, csrf: token)
      let (page, form) = (
        try await eve.get("/synthetic/progress").0,
        try await eve.post("/synthetic/undo?groups=1", "").0
      )
      #expect(page == .ok && form != .forbidden && form != .unauthorized)
      let guessed = try await Visit(client, cookie: "reber=guessed", csrf: token).get(
        "/synthetic/progress"
      ).0
      #expect(guessed == .seeOther)
    }
    try await withSite(password: "second") { client, _ in
      let page = try await Visit(client, cookie: cookie, csrf: token).get("/synthetic/progress").0
      #expect(page == .seeOther)
    }
    for isEnded in [false, true] {
      try await withSite(password: "first") { client, _ in
        let eve = Visit(client, cookie: cookie, csrf: token)
        if !isEnded { _ = try await eve.post("/logout", "") }
        let page = try await eve.get("/synthetic/progress").0
        #expect(page == .seeOther)
      }
    }
  }

  @Test func formsNeedTheirToken() async throws {
    try await withSite { client, _ in
      let visit = try await Visit(client, as: "eve")
      let (status, _) = try await visit.post("/synthetic/label/0", "class=1")
      #expect(status == .forbidden)
    }
  }

  @Test func foreignHostsAndOriginsAreRefused() async throws {
    try await withSite { client, _ in
      let origin: HTTPFields = Visit.form.with([.origin: "https://evil.example"])
      try await client.execute(
        uri: "/login", method: .post, headers: origin, body: ByteBuffer(string: "annotator=eve")
      ) { #expect($0.status == .forbidden) }
    }
    #expect(HostCheck.isLoopback("127.0.0.1:8480") && HostCheck.isLoopback("localhost"))
    #expect(
      !HostCheck.isLoopback("evil.example:8480") && !HostCheck.isLoopback("localhost.evil.example"))
  }

  @Test func doorsLeadNowhereElse() {
    #expect(Site.local("/first/map?x=1") == "/first/map?x=1")
    for address in ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb", ""] {
      #expect(Site.local(address) == "/")
    }
  }
}

extension HTTPFields {
  func with(_ others: HTTPFields) -> HTTPFields {
    var all = self
    for field in others { all[field.name] = field.value }
    return all
  }
}
