import Catalogue
import PostgreSQL
import Stages
import StagesSupport
import TestSupport
import Testing

@Suite("Files of class schemes") struct SchemeFileTests {
  private let text = """
    scheme: bent-or-not
    description: Whether tails are bent.
    classes:
      - name: bent
        description: "An angle of more than 20°: see the sketch."
        key: b
        colour: "#cc6677"
      - name: straight
    """

  @Test func aSchemeGoesInAndComesOutTheSame() async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let path = try fixture.file("scheme.yaml", text)
      let file = try SchemeFile(path)
      let written = try await fixture.workplace.database.with { try file.write(in: $0) }
      #expect(SchemeFile(written) == file)
      #expect(written.classes[0].shortcut == "b" && written.classes[0].colour == "#cc6677")
      let again = try fixture.file("again.yaml", SchemeFile(written).text())
      #expect(try SchemeFile(again) == file)

      // More classes come behind; what the file leaves out stays.
      var more = file
      more.classes = [SchemeFile.Item(name: "round"), SchemeFile.Item(name: "straight", key: "s")]
      more.description = nil
      let larger = try await fixture.workplace.database.with { [more] in try more.write(in: $0) }
      #expect(larger.classes.map(\.name) == ["bent", "straight", "round"])
      #expect(larger.classes.map(\.shortcut) == ["b", "s", nil])
      #expect(larger.description == "Whether tails are bent.")
    }
  }

  @Test(arguments: [
    ("classes: [{name: a}]", "it has no 'scheme'"),
    ("scheme: a\nclases: [{name: a}]", "has no 'clases'; it has classes, description, reference"),
    ("scheme: a\nclasses: [{name: a, colur: red}]", "a class has no 'colur'; it has colour, desc"),
    ("scheme: a\nclasses: [{name: a}, {name: [b]}]", "'classes 2 name' is not what it should be"),
    ("[1, 2]", "it has no keys"), ("", "it has no keys"),
    ("scheme: a\nclasses: []", "lists no class"),
    ("scheme: a\nclasses: [{name: b}, {name: b}]", "names class 'b' twice"),
    ("scheme: a\nclasses: [{description: c}]", "it has no 'name' in classes 1"),
    ("scheme: a\nclasses: b", "'classes' is not what it should be"),
    ("{", "it is no YAML"),
  ])
  func aFileThatIsNoneIsRefusedByName(text: String, problem: String) async throws {
    try await withTemporaryFolder { folder in
      let fixture = try await IngestFixture(folder)
      let path = try fixture.file("scheme.yaml", text)
      let error = #expect(throws: (any Error).self) { try SchemeFile(path) }
      let said = error.map { "\($0)" } ?? ""
      #expect(said.contains("scheme.yaml") && said.contains(problem), "\(said)")
    }
  }
}
