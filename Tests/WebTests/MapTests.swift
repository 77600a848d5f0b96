import Catalogue
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import PostgreSQL
import Testing

@testable import Web

@Suite struct MapTests {
  @Test func aLineAroundSourcesLabelsThem() async throws {
    let made = try SyntheticSurvey(count: 240, leaves: 12)
    let site = try Site(pool: Pool(made.address))
    try await Application(router: site.router()).test(.router) { client in
      let visit = try await RouteTests.Visit(client, as: "Ada").withToken(from: "/synthetic/grow")
      let (_, page, _) = try await visit.get("/synthetic/map")
      #expect(page.contains("240 sources on the first two principal components"))
      let points = try await client.execute(
        uri: "/synthetic/map.bin", method: .get, headers: [.cookie: visit.cookie]
      ) { response in Array(response.body.readableBytesView) }
      #expect(points.count == 240 * 16)
      // The right half, as the bytes say.
      let right = (0..<240).count { point in
        Int16(bitPattern: UInt16(points[16 * point]) | UInt16(points[16 * point + 1]) << 8) > 0
      }
      let address = "/synthetic/map/selection?polygon=0,-10001,10001,-10001,10001,10001,0,10001"
      let (status, selection, _) = try await visit.get(address)
      #expect(status == .ok && selection.contains("of which nobody has labelled <b>"))
      let found = try #require(selection.firstMatch(of: /<b>([0-9]+)<\/b> sources, of which/)).1
      #expect(abs((Int(found) ?? 0) - right) <= 1)
      // The address that was not looked at, and what another number was found at, label nothing.
      let (unseen, _) = try await visit.post(address, "class=2")
      let action = try Self.action(of: selection)
      let (other, _) = try await visit.post(
        action.replacing("found=\(found)", with: "found=3"), "class=2")
      #expect(unseen == .conflict && other == .conflict)
      let (done, said) = try await visit.post(action, "class=2&shown=48")
      #expect(done == .ok && said.contains("\(found) sources are"))
      let (none, _) = try await visit.post(action, "class=99")
      let (wrong, _, _) = try await visit.get("/synthetic/map/selection?polygon=1,2,3")
      #expect(none == .badRequest && wrong == .badRequest)
      let (undone, back) = try await visit.post("/synthetic/undo", "")
      #expect(undone == .ok && back.contains("took back \(found)"))
      let kept = try Connection(made.address).row(
        """
        SELECT count(*) FROM reber.labelling_action JOIN reber.label USING (action_id)
        WHERE kind = 'map' AND method = 'map' AND shown = 48 AND cardinality(polygon) = 8
            AND labelling_action.clustering_id IS NULL
        """, as: Int.self)
      #expect(kept == Int(found))
    }
  }

  /// Where the form of a page is sent to.
  private static func action(of page: String) throws -> String {
    let found = try #require(page.firstMatch(of: #/class="work" method="post" action="([^"]+)"/#))
    return String(found.1).replacing("&amp;", with: "&")
  }

  private static let everything = "polygon=-10001,-10001,10001,-10001,10001,10001,-10001,10001"

  /// What is taken out on a page stays out on the others, and gets no label.
  @Test func whatIsTakenOutStaysOutOnTheOtherPages() async throws {
    let made = try SyntheticSurvey(count: 120, leaves: 12)
    let site = try Site(pool: Pool(made.address))
    try await Application(router: site.router()).test(.router) { client in
      let visit = try await RouteTests.Visit(client, as: "Ada").withToken(from: "/synthetic/grow")
      let first = "/synthetic/map/selection?\(Self.everything)"
      let (_, page, _) = try await visit.get(first)
      #expect(page.contains("120</b> sources, of which") && page.contains("data-keeps-out"))
      let out = try #require(page.firstMatch(of: /name="out" value="([0-9]+)"/)).1
      let (_, second, _) = try await visit.get(first + "&page=1&out=\(out)")
      #expect(second.contains("<input type=\"hidden\" name=\"out\" value=\"\(out)\">"))
      #expect(second.matches(of: /data-keeps-out/).count == 2)
      #expect(!second.contains("page=0&amp;out=") && !second.contains("out=\(out)&amp;"))
      let (_, back, _) = try await visit.get(first + "&out=\(out)")
      #expect(back.contains(" checked data-href"))
      let (_, said) = try await visit.post(Self.action(of: second), "class=2&out=\(out)")
      #expect(said.contains("119 sources are"))
    }
  }

  /// A map that was made anew in between, and classes that it did not show.
  @Test func onlyWhatTheMapShowedIsLabelled() async throws {
    let made = try SyntheticSurvey(count: 120, leaves: 12)
    let site = try Site(pool: Pool(made.address))
    try await Application(router: site.router()).test(.router) { client in
      let visit = try await RouteTests.Visit(client, as: "Ada").withToken(from: "/synthetic/grow")
      let address = "/synthetic/map/selection?\(Self.everything)"
      let (_, map, _) = try await visit.get("/synthetic/map")
      #expect(map.contains("data-selection=\"/synthetic/map/selection?clustering=0&amp;model="))
      let (_, hiding, _) = try await visit.get(address + "&by=prediction&hidden=0,1")
      let database = try Connection(made.address)
      let hidden = try database.row(
        "SELECT count(*) FROM reber.prediction WHERE class_id IN (0, 1)", as: Int.self)
      #expect(hidden > 0 && hiding.contains("<b>\(120 - hidden)</b> sources, of which"))
      #expect(hiding.contains("\(hidden) of classes that the map did not show are left out"))
      let (_, page, _) = try await visit.get(address)
      let action = try Self.action(of: page)
      try database.script(
        """
        ALTER TABLE reber.cluster_member DISABLE TRIGGER keep_all;
        UPDATE reber.cluster_member SET x = 0.5, y = 0
        """)
      let later = try Site(pool: Pool(made.address))
      try await Application(router: later.router()).test(.router) { client in
        let visit = try await RouteTests.Visit(client, as: "Eve").withToken(from: "/synthetic/grow")
        let (status, said) = try await visit.post(action, "class=2")
        #expect(status == .conflict && said.contains("draw it again"))
      }
    }
    let labels = try Connection(made.address).row("SELECT count(*) FROM reber.label", as: Int.self)
    #expect(labels == 0)
  }

  /// What `cluster` has laid out comes before the plane of the principal components.
  @Test func theLayoutOfTheClusteringIsShown() async throws {
    let made = try SyntheticSurvey(count: 120, leaves: 12)
    let database = try Connection(made.address)
    try database.script(
      """
      ALTER TABLE reber.cluster_member DISABLE TRIGGER keep_all;
      UPDATE reber.cluster_member SET x = (source_id % 2) - 0.5, y = 0;
      ALTER TABLE reber.run DISABLE TRIGGER keep_finished;
      UPDATE reber.run SET metrics = '{"trustworthiness": 0.97, "planeTrustworthiness": 0.81}'
      WHERE run_id = (SELECT run_id FROM reber.clustering)
      """)
    let site = try Site(pool: Pool(made.address))
    try await Application(router: site.router()).test(.router) { client in
      let visit = try await RouteTests.Visit(client, as: "Ada")
      let (_, page, _) = try await visit.get("/synthetic/map")
      #expect(page.contains("trustworthiness 0.97") && page.contains("has 0.81"))
      let (_, selection, _) = try await visit.get(
        "/synthetic/map/selection?polygon=0,-100,10000,-100,10000,100,0,100")
      #expect(selection.contains("<b>60</b> sources"))
    }
  }
}
