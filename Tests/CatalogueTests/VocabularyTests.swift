import Catalogue
import PostgreSQL
import Testing

/// The words of a scheme change, and nothing that people said is lost.
@Suite("Class schemes that change") struct VocabularyTests {
  private let fixture: Fixture
  private let user = Fixture.user

  init() throws { fixture = try Fixture(sources: 6) }

  private var database: Connection { fixture.database }

  private func scheme() throws -> ClassScheme { try ClassScheme.named("tails", in: database) }

  /// Ada says bent, bent, straight, round of sources 0 to 3; Eve straight of source 0, twisted of 4.
  private func labelled() throws -> [Int] {
    let scheme = try ClassScheme.add(
      named: "tails", classes: ["straight", "bent", "twisted", "round"], in: database)
    let sources = try database.rows(
      "SELECT source_id FROM reber.source ORDER BY source_id", as: Int.self)
    let said: [(Int, String, String)] = [
      (0, "bent", "ada"), (1, "bent", "ada"), (2, "straight", "ada"), (3, "round", "ada"),
      (0, "straight", "eve"), (4, "twisted", "eve"),
    ]
    try Label.write(
      said.map {
        Label(
          source: sources[$0], classID: try scheme.classID(named: $1), annotator: $2,
          confidence: 0.5)
      }, of: fixture.survey, scheme: scheme, method: .single, run: nil, in: database)
    return sources
  }

  /// Who says what now, as words.
  private func said() throws -> [String] {
    try database.rows(
      """
      SELECT concat_ws(' ', source_id, annotator, class.name, confidence)
      FROM reber.current_label JOIN reber.class USING (class_scheme_id, class_id)
      JOIN reber.class_scheme USING (class_scheme_id)
      WHERE class_scheme.name = 'tails' ORDER BY source_id, annotator
      """, as: String.self)
  }

  @Test func mergedClassesKeepWhatWasSaidAndLeadOn() throws {
    let sources = try labelled()
    let moved = try scheme().merge(
      ["bent", "twisted"], into: "not straight", because: "too alike", by: user, in: database)
    #expect(moved == 3)
    #expect(
      try said() == [
        "\(sources[0]) ada not straight 0.5", "\(sources[0]) eve straight 0.5",
        "\(sources[1]) ada not straight 0.5", "\(sources[2]) ada straight 0.5",
        "\(sources[3]) ada round 0.5", "\(sources[4]) eve not straight 0.5",
      ])
    let after = try scheme()
    #expect(after.classes.map(\.name) == ["straight", "round", "not straight"])
    #expect(try after.classID(named: "twisted") == after.classID(named: "not straight"))
    #expect(try after.labels(in: database) == [0: 2, 3: 1, 4: 3])
    // What was said before stands there still, and the merger in the record.
    #expect(try database.row("SELECT count(*) FROM reber.label", as: Int.self) == 9)
    let correction = try #require(try Correction.newest(1, in: database).first)
    #expect(correction.kind == .mergeClasses && correction.reason == "too alike")
    // Counts that are kept come to what counting gives.
    let kept = try after.labelCounts(of: fixture.survey, in: database).map(\.sources)
    let counted = try after.classes.map { item in
      try database.row(
        """
        SELECT count(*) FROM reber.consensus
        WHERE class_scheme_id = \(after.id) AND class_id = \(item.id)
        """, as: Int.self)
    }
    #expect(kept == counted)
    // A second merger takes the first along.
    _ = try after.merge(["not straight"], into: "round", by: user, in: database)
    #expect(try scheme().classID(named: "bent") == scheme().classID(named: "round"))
    #expect(throws: CatalogueError.mergesNothing("round")) {
      try scheme().merge(["bent"], into: "round", by: user, in: database)
    }
  }

  @Test func aRenamedClassKeepsItsLabels() throws {
    let sources = try labelled()
    try scheme().rename("round", to: "circular", by: user, in: database)
    #expect(try said().contains("\(sources[3]) ada circular 0.5"))
    // A table of labels that still says the old name means it.
    #expect(try scheme().name(of: "round") == "circular")
    #expect(throws: CatalogueError.badClassName(" -")) {
      try scheme().rename("circular", to: " -", by: user, in: database)
    }
    #expect(throws: CatalogueError.classExists("Bent", scheme: "tails", as: "bent")) {
      try scheme().rename("circular", to: "Bent", by: user, in: database)
    }
    try scheme().rename("round", to: "oval", by: user, in: database)
    #expect(try scheme().name(of: "circular") == "oval" && scheme().name(of: "round") == "oval")
  }

  /// A set of classes is a text with `;` between their names: no name has one, however it comes.
  @Test func noNameIsTwoInASet() throws {
    _ = try labelled()
    let refused = CatalogueError.badClassName("FRI;FRII")
    #expect(throws: refused) {
      try ClassScheme.add(named: "tails", classes: ["bent", "FRI;FRII"], in: database)
    }
    #expect(throws: refused) {
      try scheme().rename("round", to: "FRI;FRII", by: user, in: database)
    }
    #expect(throws: refused) {
      try scheme().merge(["round"], into: "FRI;FRII", by: user, in: database)
    }
    // A scheme of an earlier version can be used, and its class renamed.
    try database.execute("UPDATE reber.class SET name = 'a;b' WHERE name = 'round'")
    _ = try ClassScheme.add(named: "tails", classes: ["a;b", "new"], in: database)
    try scheme().rename("a;b", to: "round", by: user, in: database)
    #expect(try scheme().classes.map(\.name).contains("round"))
  }

  @Test func keysAndColoursAreChecked() throws {
    _ = try labelled()
    try scheme().describe(
      "bent", ClassDetails(description: "Not straight.", shortcut: "b", colour: "#CC6677"),
      in: database)
    let bent = try #require(try scheme().classes.first { $0.name == "bent" })
    #expect(bent.description == "Not straight." && bent.shortcut == "b" && bent.colour == "#cc6677")
    #expect(throws: CatalogueError.shortcutTaken("b", by: "bent")) {
      try scheme().describe("round", ClassDetails(shortcut: "b"), in: database)
    }
    #expect(throws: CatalogueError.badShortcut("B!")) {
      try scheme().describe("round", ClassDetails(shortcut: "B!"), in: database)
    }
    #expect(throws: CatalogueError.badColour("red; }")) {
      try scheme().describe("round", ClassDetails(colour: "red; }"), in: database)
    }
    try scheme().describe("bent", ClassDetails(shortcut: "", colour: ""), in: database)
    let plain = try #require(try scheme().classes.first { $0.name == "bent" })
    #expect(plain.shortcut == nil && plain.colour == nil && plain.description == "Not straight.")
  }
}
