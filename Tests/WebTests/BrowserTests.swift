import Catalogue
import Foundation
import PostgreSQL
import Testing

@testable import Web

@Suite(.enabled(if: Browser.driver != nil, "chromium-driver is not installed"), .serialized)
struct BrowserTests {
  /// Serves a database to a browser in which somebody has signed in.
  static func withBrowser(
    _ address: String, scheme: String = ClassScheme.twelveClasses, as annotator: String = "Ada",
    width: Int = 1366, height: Int = 900, dark: Bool = false,
    _ body: (Browser, _ root: String) async throws -> Void
  ) async throws {
    let site = try Site(pool: Pool(address), scheme: scheme)
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    let serving = Task {
      try await site.serve(host: "127.0.0.1", port: 0) { continuation.yield($0) }
    }
    defer { serving.cancel() }
    var started = ports.makeAsyncIterator()
    let root = "http://127.0.0.1:\(await started.next() ?? 0)"
    let browser = try await Browser(width: width, height: height, dark: dark)
    do {
      try await browser.go(root + "/login?next=/synthetic/label")
      try await browser.press(annotator + "\u{E007}")
      try await browser.wait("document.querySelector('.montage img, img.single')?.complete")
      try await body(browser, root)
    } catch {
      await browser.quit()
      throw error
    }
    await browser.quit()
  }

  @Test func aClusterIsLabelledByKeyboard() async throws {
    let made = try SyntheticSurvey(count: 360, leaves: 12)
    let database = try Connection(made.address)
    try await Self.withBrowser(made.address) { browser, root in
      let cluster = try await browser.evaluate("location.pathname.split('/').pop()")
      let members = try await browser.evaluate("document.querySelector('.bar b').textContent")
      // Right twice to the second source, space takes it out, 3 is the third class.
      try await browser.press("\u{E014}\u{E014} ")
      let out = try await browser.evaluate("document.querySelector('.choice :checked').value")
      try await browser.press("3")
      try await browser.wait("location.pathname.split('/').pop() !== '\(cluster)'")
      try await browser.wait("document.getElementById('said').textContent.includes('bright core')")
      let rows = try database.rows(
        """
        SELECT source_id, class.name, annotator, method, cluster, action_id IS NOT NULL
        FROM reber.label JOIN reber.class USING (class_scheme_id, class_id)
        """, as: Int.self, String.self, String.self, String.self, Int32?.self, Bool.self)
      #expect(rows.count == Int(members).map { $0 - 1 })
      #expect(rows.allSatisfy { $0.1 == "bright core" && $0.2 == "Ada" && $0.3 == "cluster" })
      #expect(rows.allSatisfy { $0.4.map(String.init) == cluster && $0.5 })
      #expect(!rows.contains { String($0.0) == out })

      try await browser.press("u")
      try await browser.wait("document.getElementById('said').textContent.includes('took back')")
      #expect(try database.row("SELECT count(*) FROM reber.current_label", as: Int.self) == 0)
      #expect(try database.row("SELECT count(*) FROM reber.label", as: Int.self) == 2 * rows.count)
    }
  }

  @Test func tagsAreToggledByKeyboardAndClick() async throws {
    let made = try SyntheticSurvey(count: 120, leaves: 12)
    let database = try Connection(made.address)
    _ = try ClassScheme.add(
      named: "features", classes: ["bent", "hybrid", "odd"], areTags: true, in: database)
    let current: SQL = """
      SELECT string_agg(class_id::text || CASE WHEN denies THEN 'no' ELSE '' END, ' ' ORDER BY class_id)
      FROM reber.current_label GROUP BY source_id ORDER BY min(label_id)
      """
    try await Self.withBrowser(made.address, scheme: "features") { browser, root in
      let first = try await browser.evaluate("document.querySelector('h1').textContent")
      // On, on, off again; Return saves and shows the next.
      try await browser.press("132")
      try await browser.press("1")
      try await browser.press("\u{E007}")
      try await browser.wait("document.querySelector('h1').textContent !== '\(first)'")
      try await browser.wait("document.getElementById('said').textContent.includes('hybrid, odd')")
      #expect(try database.rows(current, as: String.self) == ["0no 1 2"])
      let second = try await browser.evaluate("document.querySelector('h1').textContent")
      _ = try await browser.evaluate("document.querySelector('.tags label').click()")
      _ = try await browser.evaluate("document.querySelector('.tags button').click()")
      try await browser.wait("document.querySelector('h1').textContent !== '\(second)'")
      try await browser.wait("document.getElementById('said').textContent.includes('is bent')")
      #expect(try database.rows(current, as: String.self) == ["0no 1 2", "0 1no 2no"])
      try await browser.press("u")
      try await browser.wait("document.getElementById('said').textContent.includes('took back')")
      #expect(try database.rows(current, as: String.self) == ["0no 1 2"])
    }
  }

  @Test func aClassIsGrownByKeyboard() async throws {
    let made = try SyntheticSurvey(count: 1800, leaves: 12)
    let database = try Connection(made.address)
    try await Self.withBrowser(made.address) { browser, root in
      // From the first leaf: what is like it is of the same class, 150 of the 1,800.
      try await browser.go(root + "/synthetic/grow?cluster=0")
      try await browser.press("1")
      try await browser.wait("document.querySelector('[name=answer]') !== null")
      var decisions = 0
      while try await browser.evaluate("document.querySelector('[value=match]') !== null") == "true"
      {
        let page = try await browser.evaluate("document.querySelector('.bar').textContent")
        let sources = try await browser.evaluate(
          "[...document.querySelectorAll('.choice input')].map(i => i.value).join()")
        let kinds = try database.rows(
          """
          SELECT DISTINCT (substr(source.name, 2)::int % 12) FROM reber.source
          WHERE source_id = ANY (\(sources.split(separator: ",").compactMap { Int($0) }))
          """, as: Int32.self)
        try await browser.press(kinds.map { $0 } == [0] ? "f" : "j")
        try await browser.wait("document.querySelector('.bar').textContent !== `\(page)`")
        decisions += 1
      }
      try await browser.wait("document.querySelector('[name=finish]') !== null")
      try await browser.press("e")
      try await browser.wait("document.getElementById('said').textContent.includes('labelled')")
      let (right, all) = try database.row(
        """
        SELECT count(*) FILTER (WHERE substr(source.name, 2)::int % 12 = 0), count(*)
        FROM reber.label JOIN reber.source USING (survey_id, source_id)
        WHERE method = 'growth' AND class_id = 0
        """, as: Int.self, Int.self)
      #expect(right == all && all >= 120, "\(right) of \(all) after \(decisions) decisions")
      #expect(
        try database.row("SELECT count(*) FROM reber.growth_decision", as: Int.self) == decisions)
    }
  }

  /// Keys set and take back flags, show what the model thinks and contours, and keep what was taken out.
  @Test func flagsOpinionsAndContoursHaveKeys() async throws {
    let made = try SyntheticSurvey(count: 120, leaves: 12)
    let database = try Connection(made.address)
    try await Self.withBrowser(made.address) { browser, root in
      try await browser.press("\u{E014} ")
      try await browser.press("h")
      try await browser.wait("document.querySelectorAll('.cells .caption').length > 0")
      #expect(
        try await browser.evaluate("document.querySelectorAll('.choice :checked').length") == "1")
      try await browser.press("c")
      try await browser.wait("document.querySelector('.montage img').src.includes('marks=1')")
      #expect(
        try await browser.evaluate("document.querySelectorAll('.choice :checked').length") == "1")
      try await browser.press("h")
      try await browser.wait("document.querySelectorAll('.cells .caption').length === 0")

      try await browser.go(root + "/synthetic/sources/S000017")
      try await browser.press("b")
      try await browser.wait("document.querySelector('[data-key=b]').ariaPressed === 'true'")
      let said = try database.rows("SELECT kind FROM reber.current_remark", as: String.self)
      #expect(said == ["blended"])
      try await browser.press("b")
      try await browser.wait("document.querySelector('[data-key=b]').ariaPressed === 'false'")
      #expect(try database.row("SELECT count(*) FROM reber.current_remark", as: Int.self) == 0)
      let contours = "document.querySelectorAll('.contour').length"
      #expect(try await browser.evaluate(contours) != "0")
      try await browser.press("c")
      try await browser.wait("\(contours) === 0")
    }
  }

  /// A line around sources on the map leads to their montage; a source shows itself where the pointer rests.
  @Test func aLineIsDrawnOnTheMap() async throws {
    let made = try SyntheticSurvey(count: 240, leaves: 12)
    try await Self.withBrowser(made.address) { browser, root in
      try await browser.go(root + "/synthetic/map")
      try await browser.wait("document.documentElement.dataset.mapped === '240'")
      try await browser.press("l")
      #expect(try await browser.evaluate("document.getElementById('lasso').ariaPressed") == "true")
      let draw = """
        (() => {
          const map = document.getElementById('map');
          map.setPointerCapture = () => {};
          const send = (kind, x, y) => map.dispatchEvent(new PointerEvent(kind, {
            clientX: map.getBoundingClientRect().left + x * map.clientWidth,
            clientY: map.getBoundingClientRect().top + y * map.clientHeight, bubbles: true, pointerId: 1 }));
          send('pointerdown', 0, 0);
          for (const [x, y] of [[1, 0], [1, 1], [0, 1]]) send('pointermove', x, y);
          send('pointerup', 0, 1);
        })()
        """
      _ = try await browser.evaluate(draw)
      try await browser.wait("location.pathname.endsWith('/map/selection')")
      try await browser.wait("document.body.innerText.includes('240 sources, of which')")
      try await browser.press("2")
      try await browser.wait(
        "document.getElementById('said').textContent.includes('240 sources are')")
    }
  }

  /// The overview looks again by itself.
  @Test func theOverviewShowsWhatHasChangedWithoutBeingAsked() async throws {
    let made = try SyntheticSurvey(count: 120, leaves: 12)
    let database = try Connection(made.address)
    let command = try QueuedCommand.ask(for: .publish, of: made.survey, in: database)
    try await Self.withBrowser(made.address) { browser, root in
      try await browser.go(root + "/synthetic/overview")
      try await browser.wait("document.body.innerText.includes('waits')")
      _ = try QueuedCommand.askNoMore(command, by: "Ada", in: database)
      try await browser.wait("document.body.innerText.includes('taken back by Ada')")
    }
  }

  /// Pictures for a person to look at: `REBER_SCREENSHOTS` names the folder.
  @Test(
    .enabled(
      if: ProcessInfo.processInfo.environment["REBER_SCREENSHOTS"] != nil,
      "REBER_SCREENSHOTS is not set"))
  func pagesArePhotographed() async throws {
    let folder = ProcessInfo.processInfo.environment["REBER_SCREENSHOTS"] ?? "."
    let made = try SyntheticSurvey(count: 1200, leaves: 24)
    let database = try Connection(made.address)
    _ = try Survey.add(named: "bare", in: database)
    let eve = Annotation(
      survey: made.survey, scheme: try ClassScheme.named(ClassScheme.twelveClasses, in: database),
      annotator: "Eve")
    let sources = try StoredSource.all(of: made.survey, in: database).map(\.id)
    _ = try eve.label(Array(sources.prefix(60)), as: 3, in: database)
    try eve.lookAgain(at: 0.1, in: database)
    try eve.remark(.blended, of: sources[17], in: database)
    try eve.remark(.note, note: "A jet to the north-west?", of: sources[17], in: database)
    try eve.save("snr_min=100&order=signal", as: "bright and clear", in: database)
    _ = try QueuedCommand.ask(for: .publish, of: made.survey, in: database)
    for (width, height, dark) in [
      (1280, 900, false), (1280, 900, true), (768, 1180, false), (768, 1180, true),
    ] {
      try await Self.withBrowser(made.address, width: width, height: height, dark: dark) {
        browser, root in
        for (name, path) in Self.photographed {
          try await browser.go(root + path)
          if name == "map" { try await browser.wait("document.documentElement.dataset.mapped > 0") }
          try await Task.sleep(for: .milliseconds(300))
          let file = URL(fileURLWithPath: folder)
            .appendingPathComponent("\(name)-\(width)\(dark ? "-dark" : "").png")
          try await browser.screenshot().write(to: file)
        }
      }
    }
  }

  /// The pages by the names of their pictures.
  private static let photographed = [
    ("overview", "/synthetic/overview"), ("cluster", "/synthetic/label"),
    ("clusters", "/synthetic/clusters"), ("grow", "/synthetic/grow"),
    ("single", "/synthetic/single?shown=1"), ("unlike", "/synthetic/unlike"),
    ("like", "/synthetic/sources/S000017/like"), ("sources", "/synthetic/sources"),
    ("table", "/synthetic/sources?view=table&snr_min=100&order=signal"),
    ("source", "/synthetic/sources/S000017?colours=cubehelix"), ("map", "/synthetic/map"),
    ("agreement", "/synthetic/agreement"), ("progress", "/synthetic/progress"),
    ("work", "/synthetic/work"), ("marks", "/synthetic/label?marks=1&shown=1"),
    ("selection", "/synthetic/map/selection?polygon=0,-10001,10001,-10001,10001,10001,0,10001"),
    ("nothing", "/bare/label"), ("bare", "/bare/overview"),
    ("home", "/"),
  ]
}
