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
      let (done, said) = try await visit.post(address, "class=2")
      #expect(done == .ok && said.contains("\(found) sources are"))
      let (none, _) = try await visit.post(address, "class=99")
      let (wrong, _, _) = try await visit.get("/synthetic/map/selection?polygon=1,2,3")
      #expect(none == .badRequest && wrong == .badRequest)
      let (undone, back) = try await visit.post("/synthetic/undo", "")
      #expect(undone == .ok && back.contains("took back \(found)"))
    }
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
