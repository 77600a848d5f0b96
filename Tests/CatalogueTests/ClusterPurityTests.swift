import Catalogue
import Foundation
import PostgreSQL
import Testing

/// The view `reber.cluster_purity` on counts made by hand.
@Suite("Purity of clusters") struct ClusterPurityTests {
  /// Clusters 0 (10 sources), 1 (4) and 2 (20); 3 joins the first two, 4 all.
  private func clustered() throws -> (fixture: Fixture, clustering: Clustering, sources: [Int]) {
    let fixture = try Fixture(sources: 34)
    let run = try Fixture.newRun(.cluster, in: fixture.database)
    let model = try fixture.database.row(
      """
      INSERT INTO reber.model (run_id, kind, description, sha256)
      VALUES (\(fixture.run), 'encoder', '{}', '00') RETURNING model_id
      """, as: Int.self)
    let sources = try StoredSource.all(of: fixture.survey, in: fixture.database).map(\.id)
    func node(_ number: Int, _ parent: Int?, _ height: Float, _ members: Int) -> Clustering.Node {
      Clustering.Node(
        number: number, parent: parent, height: height, members: members, centroid: [0],
        medoid: sources[number])
    }
    let clustering = try Clustering.write(
      nodes: [
        node(0, 3, 0, 10), node(1, 3, 0, 4), node(2, 4, 0, 20), node(3, 4, 0.5, 14),
        node(4, nil, 1, 34),
      ],
      members: sources.enumerated().map { index, source in
        Clustering.Member(
          source: source, cluster: index < 10 ? 0 : index < 14 ? 1 : 2, distance: 0,
          outlierScore: 0, isBoundary: false)
      }, of: fixture.survey, model: model, run: run, in: fixture.database)
    return (fixture, clustering, sources)
  }

  private func label(
    _ indices: [Int], _ classID: Int16, by annotator: String = "Ada", _ fixture: Fixture,
    _ sources: [Int]
  ) throws {
    let scheme = try ClassScheme.named(ClassScheme.twelveClasses, in: fixture.database)
    try Label.write(
      indices.map { Label(source: sources[$0], classID: classID, annotator: annotator) },
      of: fixture.survey, scheme: scheme, method: .single, run: nil, in: fixture.database)
  }

  @Test func countsAreThoseMadeByHand() throws {
    let (fixture, clustering, sources) = try clustered()
    // Three and three of class 3, one and one of class 2: in cluster 0 four of 10 have a label, in
    // cluster 1 all four. A second annotator who agrees changes nothing.
    try label([0, 1, 2, 10, 11, 12], 3, fixture, sources)
    try label([3, 13], 2, fixture, sources)
    try label([0, 3], 3, by: "Bob", fixture, sources)
    try label([3], 2, by: "Eve", fixture, sources)
    let scheme = try ClassScheme.named(ClassScheme.twelveClasses, in: fixture.database)
    let all = try clustering.summaries(scheme: scheme, unions: true, in: fixture.database)
    #expect(all.map(\.cluster) == [2, 0, 1, 3, 4])
    #expect(all.map(\.members) == [20, 10, 4, 14, 34])
    #expect(all.map(\.labelled) == [0, 4, 4, 8, 8])
    #expect(all.map(\.parent) == [4, 3, 3, 4, nil])
    #expect(all[0].purity == nil)
    let purities = all.compactMap(\.purity)
    #expect(purities.map(\.className) == Array(repeating: scheme.classes[3].name, count: 4))
    #expect(purities.map(\.sources) == [3, 3, 6, 6])
    // Wilson's interval (1927, equation 6) by hand, n as large as n (N - 1) / (N - n).
    let intervals = [
      (0.3648225607373385, 0.9400102953115788), (0.75, 0.75),
      (0.5147179380305528, 0.8945737614404269), (0.44436866403522945, 0.9183903530893577),
    ]
    for (purity, (lower, upper)) in zip(purities, intervals) {
      #expect(abs(purity.share - 0.75) < 1e-12)
      #expect(abs(purity.lower - lower) < 1e-12 && abs(purity.upper - upper) < 1e-12)
      #expect(abs(purity.entropy - 0.8112781244591328) < 1e-12)
    }
    let leaves = try clustering.summaries(scheme: scheme, in: fixture.database)
    #expect(leaves == Array(all.prefix(3)))
  }

  @Test func oneClassAloneIsPureButNotCertain() throws {
    let (fixture, clustering, sources) = try clustered()
    try label([14, 15], 7, fixture, sources)
    try label([15], 7, by: "Bob", fixture, sources)
    let scheme = try ClassScheme.named(ClassScheme.twelveClasses, in: fixture.database)
    let purity = try #require(
      clustering.summaries(scheme: scheme, in: fixture.database).first?.purity)
    #expect(purity.share == 1 && purity.entropy == 0 && abs(purity.upper - 1) < 1e-12)
    // 1 / (1 + z² f / 2) with f = 18 / 19.
    #expect(abs(purity.lower - 1 / (1 + 3.841458820694124 * 18 / 19 / 2)) < 1e-9)
  }

  @Test func schemesAndWithdrawnLabelsAreKeptApart() throws {
    let (fixture, clustering, sources) = try clustered()
    let other = try ClassScheme.add(named: "other", classes: ["a", "b"], in: fixture.database)
    try Label.write(
      [
        Label(source: sources[0], classID: 1, annotator: "Ada"),
        Label(source: sources[1], classID: 0, annotator: "Ada"),
        Label(source: sources[1], classID: nil, annotator: "Ada"),
      ], of: fixture.survey, scheme: other, method: .single, run: nil, in: fixture.database)
    let found = try clustering.summaries(scheme: other, in: fixture.database)
    #expect(found.map(\.labelled) == [0, 1, 0])
    #expect(found[1].purity?.className == "b")
    let twelve = try ClassScheme.named(ClassScheme.twelveClasses, in: fixture.database)
    #expect(
      try clustering.summaries(scheme: twelve, in: fixture.database).allSatisfy {
        $0.labelled == 0 && $0.purity == nil
      })
  }
}
