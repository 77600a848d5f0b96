import Astronomy
import Catalogue
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import PostgreSQL
import TestSupport
import Testing

@testable import Web

/// What a day's work on the pages needs beside labels.
@Suite struct WorkdayTests {
  private func withSite(
    count: Int = 240,
    _ body: @Sendable @escaping (any TestClientProtocol, Connection) async throws -> Void
  ) async throws {
    let made = try SyntheticSurvey(count: count, leaves: 12)
    let site = try Site(pool: Pool(made.address))
    try await Application(router: site.router()).test(.router) {
      try await body($0, Connection(made.address))
    }
  }

  @Test func theOverviewSaysWhatIsNextAndAsksForIt() async throws {
    try await withSite { client, database in
      let page = "/synthetic/overview"
      let visit = try await RouteTests.Visit(client, as: "Ada").withToken(from: page)
      let (_, before, _) = try await visit.get(page)
      #expect(before.contains("240 sources") && before.contains("12 clusters"))
      #expect(
        before.contains("Next: Catalogue.") && before.contains("reber publish --survey synthetic"))
      #expect(!before.contains("data-refresh"))
      let (asked, said) = try await visit.post("/synthetic/work", "stage=publish&next=overview")
      #expect(asked == .ok && said.contains("\\/synthetic\\/overview"))
      let (_, waiting, _) = try await visit.get(page)
      #expect(waiting.contains("data-refresh") && waiting.contains("<td>waits</td>"))
      #expect(waiting.contains("It is asked for") && !before.contains("It is asked for"))
      let number = try #require(waiting.firstMatch(of: /name="remove" value="([0-9]+)"/)).1
      let (back, _) = try await visit.post("/synthetic/work", "remove=\(number)")
      let (_, taken, _) = try await visit.get("/synthetic/work")
      #expect(taken.contains("<td>taken back by Ada</td>"))
      let (again, _) = try await visit.post("/synthetic/work", "remove=\(number)")
      #expect(back == .ok && again == .conflict)
      let (wrong, _) = try await visit.post("/synthetic/work", "stage=ingest")
      #expect(wrong == .badRequest)
      // What was asked for by hand is not theirs to take back.
      let words = ["embed", "--survey", "synthetic", "--again"]
      let command = try QueuedCommand.ask(for: words, in: database)
      let (refused, _) = try await visit.post("/synthetic/work", "remove=\(command)")
      #expect(refused == .conflict)
    }
  }

  /// Labels that the newest classifier knew of, and could not learn, do not ask for another one.
  @Test func onlyLabelsSinceTheClassifierAskForAnotherOne() async throws {
    try await withSite { client, database in
      let ada = try await RouteTests.Visit(client, as: "Ada")
      let survey = try Survey.named("synthetic", in: database)
      let scheme = try ClassScheme.named(ClassScheme.twelveClasses, in: database)
      let sources = try StoredSource.all(of: survey, in: database).map(\.id)
      _ = try Annotation(survey: survey, scheme: scheme, annotator: "Eve")
        .label(sources, as: 3, in: database)
      let (_, behind, _) = try await ada.get("/synthetic/overview")
      #expect(
        behind.contains("Next: Classifier.") && behind.contains("240 sources were labelled since"))
      try database.script(
        "ALTER TABLE reber.run DISABLE TRIGGER keep_finished; UPDATE reber.run SET started_at = now()"
      )
      let (_, after, _) = try await ada.get("/synthetic/overview")
      #expect(after.contains("Next: Catalogue.") && !after.contains("were labelled since"))
    }
  }

  /// Class 3 of one scheme is not class 3 of another.
  @Test func aClassificationInAnotherSchemeIsNotShown() async throws {
    try await withSite { _, database in
      let survey = try Survey.named("synthetic", in: database)
      let scheme = try ClassScheme.named(ClassScheme.twelveClasses, in: database)
      try database.execute(
        "INSERT INTO reber.class_scheme (name, description) VALUES ('other', 'Of another meaning.')"
      )
      let other = try ClassScheme.named("other", in: database)
      let own = try NewestWork.on(survey, scheme: scheme, in: database)
      #expect(try own == NewestWork.on(survey, in: database) && own.classification != nil)
      #expect(try NewestWork.on(survey, scheme: other, in: database).classification == nil)
    }
  }

  /// Looking ahead hands nothing out; who goes on has one cluster, not two.
  @Test func lookingAheadTakesNoCluster() async throws {
    try await withSite { client, database in
      let ada = try await RouteTests.Visit(client, as: "Ada").withToken(from: "/synthetic/clusters")
      let eve = try await RouteTests.Visit(client, as: "Eve").withToken(from: "/synthetic/clusters")
      func leases() throws -> [String] {
        try database.rows(
          "SELECT annotator || cluster FROM reber.cluster_lease ORDER BY 1", as: String.self)
      }
      let name = try #require(HTTPField.Name("X-Prefetch"))
      let status = try await client.execute(
        uri: "/synthetic/label/3", method: .get, headers: [.cookie: ada.cookie, name: "1"]
      ) { $0.status }
      #expect(status == .ok)
      #expect(try leases().isEmpty)
      for cluster in [3, 4] {
        let (_, said) = try await ada.post("/synthetic/label/\(cluster)/lease", "")
        #expect(said.contains("\"said\":\"\""))
        #expect(try leases() == ["Ada\(cluster)"])
      }
      let (_, taken) = try await eve.post("/synthetic/label/4/lease", "")
      #expect(taken.contains("Ada has cluster 4") && taken.contains("after=4"))
      #expect(try leases() == ["Ada4"])
    }
  }

  @Test func aSurveyWithoutAnythingSaysWhatToDo() async throws {
    try await withSite { client, database in
      _ = try Survey.add(named: "bare", in: database)
      let visit = try await RouteTests.Visit(client, as: "Ada")
      for (path, lacks) in [
        ("label", "clusters"), ("clusters", "clusters"), ("label/3", "clusters"),
        ("grow", "embeddings"), ("map", "embeddings"), ("unlike", "embeddings"),
        ("single", "images"),
      ] {
        let (status, page, _) = try await visit.get("/bare/\(path)")
        #expect(status == .ok && page.contains("has no \(lacks)"), "\(path): \(page)")
        #expect(page.contains("reber ingest CATALOGUE --survey bare"), "\(path)")
      }
      let (status, browse, _) = try await visit.get("/bare/sources")
      #expect(status == .ok && browse.contains("has no images") && !browse.contains("montage.png"))
    }
  }

  @Test func flagsAndNotesAreKeptShownAndTakenBack() async throws {
    try await withSite { client, database in
      let page = "/synthetic/sources/S000011"
      let ada = try await RouteTests.Visit(client, as: "Ada").withToken(from: page)
      let eve = try await RouteTests.Visit(client, as: "Eve").withToken(from: page)
      _ = try await ada.post(page + "/remark", "kind=artefact&stands=1")
      _ = try await eve.post(page + "/remark", "kind=note&note=%3Cb%3Ea+jet%3F")
      let (_, shown, _) = try await eve.get(page)
      #expect(shown.contains("artefact <small>Ada</small>") && shown.contains("&lt;b&gt;a jet?"))
      #expect(shown.contains("aria-pressed=\"false\"") && !shown.contains("aria-pressed=\"true\""))
      for (question, isThere) in [
        ("flag=artefact", true), ("flag=any+flag", true), ("flag=note", true),
        ("flag=blended", false), ("flag=artefact&order=flux&flux_min=0", true),
      ] {
        let (_, listed, _) = try await ada.get("/synthetic/sources?view=table&\(question)")
        #expect(listed.contains("S000011") == isThere, "\(question)")
        #expect(listed.contains("of \(isThere ? 1 : 0)<"), "\(question)")
      }
      _ = try await ada.post(page + "/remark", "kind=artefact&stands=0")
      _ = try await eve.post(page + "/remark", "kind=note&note=")
      let current = try database.row("SELECT count(*) FROM reber.current_remark", as: Int.self)
      let all = try database.row("SELECT count(*) FROM reber.source_remark", as: Int.self)
      #expect(current == 0 && all == 4)
      let (_, after, _) = try await eve.get(page)
      #expect(after.contains("<em>taken back</em>") && after.contains("say it again"))
      let (wrong, _) = try await ada.post(page + "/remark", "kind=other&stands=1")
      let long = String(repeating: "a", count: Remark.longest + 1)
      let (tooLong, _) = try await ada.post(page + "/remark", "kind=note&note=\(long)")
      #expect(wrong == .badRequest && tooLong == .badRequest)
      #expect(throws: PostgresError.self) {
        try database.execute("DELETE FROM reber.source_remark")
      }
    }
  }

  @Test func questionsGetNames() async throws {
    try await withSite { client, _ in
      let page = "/synthetic/sources"
      let ada = try await RouteTests.Visit(client, as: "Ada").withToken(from: page)
      let query = percentEncoded("snr_min=3&order=signal&evil=%3Cscript%3E&after=7")
      let (saved, answer) = try await ada.post(
        "/synthetic/questions", "name=%3Cb%3Ebright&query=\(query)")
      #expect(saved == .ok && !answer.contains("evil") && !answer.contains("after"))
      let (_, listed, _) = try await ada.get(page)
      #expect(listed.contains("/synthetic/sources?snr_min=3&amp;order=signal\" title=\"by Ada\""))
      #expect(listed.contains("&lt;b&gt;bright") && !listed.contains("<b>bright"))
      _ = try await ada.post("/synthetic/questions", "remove=%3Cb%3Ebright&query=")
      let (_, after, _) = try await ada.get(page)
      #expect(!after.contains("&lt;b&gt;bright"))
      let (nameless, _) = try await ada.post("/synthetic/questions", "name=+&query=")
      #expect(nameless == .badRequest)
    }
  }

  @Test func signalToNoiseAndImagesAreFilters() async throws {
    try await withSite { client, database in
      // One source in five without an image, and what SQL says of them.
      try database.execute("UPDATE reber.cutout SET is_current = false WHERE cutout_id % 5 = 0")
      try database.execute("SELECT reber.count_sources(1)")
      let ada = try await RouteTests.Visit(client, as: "Ada")
      for (question, condition) in [
        (
          "image=1",
          "EXISTS (SELECT FROM reber.cutout WHERE is_current AND cutout.source_id = source.source_id)"
        ),
        (
          "image=0",
          "NOT EXISTS (SELECT FROM reber.cutout WHERE is_current AND cutout.source_id = source.source_id)"
        ),
        ("snr_min=100", "peak_flux / rms >= 100"),
        ("snr_max=100&order=signal", "peak_flux / rms <= 100"),
      ] {
        let all = try database.row(
          "SELECT count(*) FROM reber.source WHERE \(raw: condition)", as: Int.self)
        let (_, page, _) = try await ada.get("/synthetic/sources?view=table&\(question)")
        #expect(all > 0 && page.contains("of \(all)<"), "\(question): \(all)")
      }
      let (_, tiles, _) = try await ada.get("/synthetic/sources?image=0")
      #expect(tiles.contains("no image"))
    }
  }

  /// Without what held-out sources were given there are no sets to ask for; with it there are, and links keep the question.
  @Test func setsAreAFilterWhereThereAreAny() async throws {
    try await withSite { client, database in
      let ada = try await RouteTests.Visit(client, as: "Ada").withToken(from: "/synthetic/sources")
      let (_, without, _) = try await ada.get("/synthetic/sources?view=table&set=none")
      #expect(!without.contains("name=\"set\"") && without.contains("of 240<"))
    }
    try await withSite { client, database in
      // Class 0 is in a set from 0.05 on, the others from 0.5 on; predictions have one class above 0.06 or so.
      let training = try database.row(
        "SELECT run_id FROM reber.model WHERE kind = 'classifier'", as: Int.self)
      let survey = try Survey.named("synthetic", in: database)
      let sources = try database.rows(
        "SELECT source_id, cutout_id FROM reber.cutout ORDER BY source_id", as: Int.self, Int.self)
      let heldOut = sources.enumerated().map { index, source in
        let (classID, own) = (index % 12, index % 12 == 0 ? Float(0.05) : 0.5)
        return TrainingSource(
          source: source.0, cutout: source.1, classID: Int16(classID), fold: 0,
          heldOut: (0..<12).map { $0 == classID ? own : 0.01 })
      }
      try database.script("SET session_replication_role = replica")
      try TrainingSource.write(heldOut, of: survey, run: training, in: database)
      let ada = try await RouteTests.Visit(client, as: "Ada").withToken(from: "/synthetic/sources")
      for (question, condition) in [
        ("set=has0", "probabilities[1] >= 0.05::real"), ("set=has3", "probabilities[4] >= 0.5"),
        ("set=only3", "probabilities[4] >= 0.5 AND probabilities[1] < 0.05::real"),
        ("set=none", "probability < 0.5 AND probabilities[1] < 0.05::real"),
        (
          "set=abstain",
          "CASE class_id WHEN 0 THEN false ELSE probability < 0.5 OR probabilities[1] >= 0.05::real END"
        ),
        ("set=has3&class=3", "class_id = 3 AND probability >= 0.5"), ("set=other", "true"),
      ] {
        let all = try database.row(
          "SELECT count(*) FROM reber.prediction WHERE \(raw: condition)", as: Int.self)
        let (_, page, _) = try await ada.get("/synthetic/sources?view=table&\(question)")
        #expect(all > 0 && page.contains("of \(all)<"), "\(question): \(all)")
        #expect(page.contains("name=\"set\"") && page.contains("90% of the sources"))
      }
      let (_, chosen, _) = try await ada.get("/synthetic/sources?set=only3")
      #expect(chosen.contains("<option value=\"only3\" selected>"))
      _ = try await ada.post("/synthetic/questions", "name=sure&query=set%3Donly3")
      let (_, saved, _) = try await ada.get("/synthetic/sources")
      #expect(saved.contains("/synthetic/sources?set=only3\" title=\"by Ada\""))
    }
  }

  /// A source's page leads to the image it shows, and says so where another one was classified.
  @Test func thePageSaysWhichImageWasClassified() async throws {
    try await withSite { client, database in
      let ada = try await RouteTests.Visit(client, as: "Ada")
      let page = "/synthetic/sources/S000005"
      func key() throws -> Int {
        try database.row(
          """
          SELECT cutout_id FROM reber.cutout JOIN reber.source USING (survey_id, source_id)
          WHERE name = 'S000005' AND is_current
          """, as: Int.self)
      }
      let classified = try key()
      let (_, before, _) = try await ada.get(page)
      #expect(
        before.contains("cutout=\(classified)&amp;pos=") && !before.contains("another image</a>"))
      let survey = try Survey.named("synthetic", in: database)
      let source = try SourceKey.named("S000005", of: survey, in: database).source
      let other = Cutout(
        source: source,
        pixels: ImagePixels(
          width: 2, height: 2, type: .float, bytes: [UInt8](repeating: 0, count: 16)),
        pixelScale: 1.8, wcs: JSON(text: #"{"CTYPE1": "RA---TAN"}"#),
        sha256: String(repeating: "e", count: 64), imageSHA256: String(repeating: "f", count: 64))
      let run = try SyntheticSurvey.run("ingest", database)
      try Cutout.write([other], of: survey, run: run, in: database)
      let (_, after, _) = try await ada.get(page)
      #expect(try key() != classified && after.contains("cutout=\(key())&amp;pos="))
      #expect(
        after.contains("/synthetic/cutouts/\(classified)?size=600")
          && after.contains("another image</a>"))
    }
  }

  @Test func whoIsAskedAgainTooSoonIsTold() async throws {
    try await withSite { client, database in
      let ada = try await RouteTests.Visit(client, as: "Ada").withToken(from: "/synthetic/single")
      for number in 1...2 {
        _ = try await ada.post("/synthetic/single", "source=\(number)&class=3")
      }
      let again = "/synthetic/single?order=again"
      let (_, soon, _) = try await ada.get(again)
      #expect(soon.contains("less than a day ago"))
      try database.forge("UPDATE reber.label SET labelled_at = labelled_at - interval '2 days'")
      let (_, later, _) = try await ada.get(again)
      #expect(later.contains("name=\"source\"") && !later.contains("less than a day ago"))
    }
  }

  @Test func noTwoGetTheSameCluster() async throws {
    try await withSite { client, database in
      let start = "/synthetic/clusters"
      let ada = try await RouteTests.Visit(client, as: "Ada").withToken(from: start)
      let eve = try await RouteTests.Visit(client, as: "Eve").withToken(from: start)
      func next(_ visit: RouteTests.Visit) async throws -> String {
        let (status, _, headers) = try await visit.get("/synthetic/label?groups=12")
        #expect(status == .seeOther)
        return try #require(headers[.location])
      }
      let (hers, others) = (try await next(ada), try await next(eve))
      #expect(hers != others)
      #expect(try await next(ada) == hers)
      // Who asks for it by its address sees who has it; the whole that it is a part of is taken too.
      let (_, taken, _) = try await eve.get(hers)
      #expect(taken.contains("<b>Ada</b> has this cluster"))
      let top = try database.row("SELECT max(cluster)::bigint FROM reber.cluster", as: Int.self)
      let (_, whole, _) = try await eve.get("/synthetic/label/\(top)")
      #expect(whole.contains("<b>Ada</b> has this cluster"))
      // Who goes on from another one is led to one that is free.
      let (ahead, _, _) = try await eve.get(hers + "&after=\(top)")
      #expect(ahead == .seeOther)
      let (done, _) = try await ada.post(hers, "class=1&shown=20")
      #expect(done == .ok)
      let leased = try database.rows(
        "SELECT annotator FROM reber.cluster_lease", as: String.self)
      #expect(Set(leased) == ["Eve"])
      // Where others have all that is left, the list says who has what.
      try database.execute(
        """
        DELETE FROM reber.cluster_lease
        WHERE cluster > (SELECT min(cluster) FROM reber.cluster_lease)
        """)
      try database.execute("UPDATE reber.cluster_lease SET cluster = \(Int32(top))")
      let list = try await next(ada)
      let (_, names, _) = try await ada.get("/synthetic/clusters?groups=1")
      #expect(list.hasPrefix("/synthetic/clusters") && names.contains("Eve has it just now"))
      try database.execute("UPDATE reber.cluster_lease SET lease_ends = clock_timestamp()")
      let last = try await next(ada)
      #expect(last.contains("/synthetic/label/"))
    }
  }

  @Test func aShareIsLabelledTwiceBlindly() async throws {
    try await withSite { client, database in
      let page = "/synthetic/agreement"
      let ada = try await RouteTests.Visit(client, as: "Ada").withToken(from: page)
      let eve = try await RouteTests.Visit(client, as: "Eve").withToken(from: page)
      let (_, empty, _) = try await eve.get("/synthetic/single?order=second")
      #expect(empty.isEmpty)
      let survey = try Survey.named("synthetic", in: database)
      let scheme = try ClassScheme.named(ClassScheme.twelveClasses, in: database)
      let first = Annotation(survey: survey, scheme: scheme, annotator: "Ada")
      let sources = try StoredSource.all(of: survey, in: database).map(\.id)
      _ = try first.label(Array(sources.prefix(100)), as: 3, in: database)
      _ = try await ada.post(page, "share=20")
      let (_, asked, _) = try await ada.get(page)
      let drawn = try database.row(
        "SELECT count(*) FROM reber.agreed WHERE reber.lot(source_id) < 2000", as: Int.self)
      #expect((15...25).contains(drawn) && asked.contains("<b>0</b> of <b>\(drawn)</b>"))
      // Who gave the first label is not asked; the other is, without a word of what the first said.
      let (own, _, _) = try await ada.get("/synthetic/single?order=second")
      let (_, hers, _) = try await ada.get("/synthetic/overview")
      let (_, others, _) = try await eve.get("/synthetic/overview")
      #expect(own == .seeOther && !hers.contains("wait for a second label"))
      #expect(others.contains("\(drawn) sources that others have labelled wait"))
      for step in 0..<drawn {
        let (status, single, _) = try await eve.get("/synthetic/single?order=second")
        #expect(status == .ok && !single.contains("you said") && !single.contains("Ada"))
        let source = try #require(single.firstMatch(of: /name="source" value="([0-9]+)"/)).1
        #expect(sources.prefix(100).contains(Int(source) ?? 0))
        #expect(!single.contains("href=\"/synthetic/sources/S"))
        _ = try await eve.post(
          "/synthetic/single?order=second", "source=\(source)&class=\(step == 0 ? 2 : 3)")
      }
      // What both have labelled, but nobody blindly, is no second look.
      let blind = "<td class=\"n\">\(drawn)</td>"
      _ = try Annotation(survey: survey, scheme: scheme, annotator: "Bob")
        .label(Array(sources.prefix(100)), as: 3, in: database)
      let (_, after, _) = try await eve.get(page)
      #expect(after.contains("<b>\(drawn)</b> of <b>\(drawn)</b>"))
      let table = try #require(
        after.firstMatch(of: #/Cohen’s κ of the blind labels(.*?)<\/table>/#.dotMatchesNewlines())
      ).1
      #expect(table.contains(blind) && table.contains("Eve") && !table.contains("Bob"))
      let (wrong, _) = try await ada.post(page, "share=101")
      #expect(wrong == .badRequest)
    }
  }

  @Test func likenessIsRankAndCosine() async throws {
    try await withSite { client, database in
      let ada = try await RouteTests.Visit(client, as: "Ada")
      let (_, none, _) = try await ada.get("/synthetic/unlike")
      #expect(none.contains("Nothing is labelled yet"))
      let (_, like, _) = try await ada.get("/synthetic/sources/S000012/like")
      // 960 pixels hold ten of the usual size, fifteen small ones or six large ones.
      for (size, columns) in [("small", 15), ("usual", 10), ("large", 6)] {
        let (_, page, _) = try await ada.get("/synthetic/sources/S000012/like?tiles=\(size)")
        #expect(page.contains("class=\"montage c\(columns)\"") && page.contains("width=\"960\""))
        #expect(page.contains("tiles=\(size)&amp;drawn") == (size != "usual"))
      }
      let captions = like.matches(of: #/>(?<rank>[0-9]+) · (?<cosine>-?[0-9.]+)</#)
      let cosines = captions.compactMap { Double($0.cosine) }
      #expect(captions.count == 60 && captions[0].rank == "1")
      #expect(cosines == cosines.sorted(by: >) && cosines[0] > 0.4 && cosines[59] < 0.7)
      // Sources of class 0 are labelled: none of them is unlike, and the rest is.
      let survey = try Survey.named("synthetic", in: database)
      let scheme = try ClassScheme.named(ClassScheme.twelveClasses, in: database)
      let kind = try database.rows(
        "SELECT source_id FROM reber.source WHERE substr(name, 2)::int % 12 = 0", as: Int.self)
      _ = try Annotation(survey: survey, scheme: scheme, annotator: "Eve")
        .label(Array(kind.prefix(10)), as: 0, in: database)
      let (_, unlike, _) = try await ada.get("/synthetic/unlike")
      let names = unlike.matches(of: #/title="S(?<number>[0-9]+):/#).compactMap { Int($0.number) }
      #expect(names.count == 60 && names.allSatisfy { $0 % 12 != 0 })
      let (_, single, _) = try await ada.get("/synthetic/single?order=unlike")
      #expect(single.contains(String(format: "S%06d", names[0])))
    }
  }

  /// What helps most is asked first, beside what is most like it; one decision labels and one undoes all of it.
  @Test func whatIsAskedFirstIsLabelledWithItsCompany() async throws {
    try await withSite { client, database in
      let page = "/synthetic/single"
      let ada = try await RouteTests.Visit(client, as: "Ada").withToken(from: page)
      let (_, single, _) = try await ada.get(page)
      let asked = try #require(single.firstMatch(of: #/name="source" value="([0-9]+)"/#)).1
      let shown = try #require(single.firstMatch(of: #/name="company" value="([0-9,]+)"/#)).1
      let company = shown.split(separator: ",").compactMap { Int($0) }
      let kinds = try database.rows(
        """
        SELECT DISTINCT substr(name, 2)::int % 12 FROM reber.source
        WHERE source_id = ANY (\(company + [Int(asked) ?? 0]))
        """, as: Int.self)
      #expect(company.count == 8 && kinds.count == 1)

      let form = "source=\(asked)&class=3&company=\(shown)&out=\(company[0])"
      let labelled = { () throws -> Set<Int> in
        Set(
          try database.rows(
            "SELECT source_id FROM reber.current_label WHERE annotator = 'Ada'", as: Int.self))
      }
      _ = try await ada.post(page, form)
      #expect(try labelled() == [Int(asked) ?? 0])
      let (status, said) = try await ada.post(page, form + "&together=1")
      #expect(status == .ok && said.contains("and 7 like it"))
      #expect(try labelled() == Set(company.dropFirst() + [Int(asked) ?? 0]))
      _ = try await ada.post("/synthetic/undo", "")
      #expect(try labelled() == [Int(asked) ?? 0])
      // What somebody has labelled since the page was made keeps what it has.
      try database.execute(
        """
        INSERT INTO reber.label (survey_id, source_id, class_scheme_id, class_id, annotator, method)
        SELECT survey_id, \(company[1]), class_scheme_id, 5, 'Eve', 'import' FROM reber.label LIMIT 1
        """)
      let (_, late) = try await ada.post(page, form + "&together=1")
      #expect(try late.contains("and 6 like it") && !labelled().contains(company[1]))
      let seen = try database.rows(
        "SELECT shown FROM reber.labelling_action ORDER BY action_id DESC LIMIT 1", as: Int.self)
      #expect(seen == [9])
      _ = try await ada.post("/synthetic/undo", "")

      let (_, next, _) = try await ada.get(page)
      #expect(!next.contains("name=\"source\" value=\"\(asked)\""))
      let (_, doubtful, _) = try await ada.get(page + "?order=doubtful")
      #expect(!doubtful.contains("name=\"company\""))
    }
  }

  /// What is one object with a source, in another survey too, is seen beside it.
  @Test func whatIsOneObjectIsSeenBesideTheSource() async throws {
    try await withSite { client, database in
      let page = "/synthetic/sources/S000012"
      let ada = try await RouteTests.Visit(client, as: "Ada").withToken(from: page)
      _ = try await ada.post(page + "/join", "survey=synthetic&name=S000015&say=join")
      let (_, shown, _) = try await ada.get(page)
      #expect(shown.contains("src=\"/synthetic/sources/S000015/picture\""))
      let (status, _, headers) = try await ada.get("/synthetic/sources/S000015/picture")
      #expect(status == .seeOther && headers[.location]?.contains("/cutouts/") == true)
      try database.execute("UPDATE reber.cutout SET is_current = false")
      let (_, _, bare) = try await ada.get("/synthetic/sources/S000015/picture")
      #expect(bare[.location] == "/assets/noimage.svg")
    }
  }

  @Test func aSourcePageLeadsElsewhereByPosition() async throws {
    try await withSite { client, _ in
      let ada = try await RouteTests.Visit(client, as: "Ada")
      let (_, page, _) = try await ada.get("/synthetic/sources/S000012")
      let links = page.matches(
        of: #/href="(https:[^"]+)" target="_blank" rel="noreferrer noopener"/#)
      #expect(links.count == Elsewhere.allCases.count)
      for link in links {
        let address = link.1.replacing("&amp;", with: "&")
        #expect(URL(string: String(address))?.host != nil && !address.contains(" "), "\(address)")
      }
    }
  }
}
