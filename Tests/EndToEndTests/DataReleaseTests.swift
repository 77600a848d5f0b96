import Foundation
import Testing

/// A second data release, at the command line.
@Suite("Releases") struct ReleaseProgramTests {
  private struct Change: Decodable {
    var kinds: [String]
    var formerName: String?
    var name: String?
    var candidates: [String]
  }

  @Test func aSecondReleaseIsListedAgainstTheFirst() throws {
    let program = try Program()
    let files = [
      "one.csv": "a,10,20,1\nb,11,20,2\nc,12,20,3\n",
      "two.csv": "a,10,20,1\nbb,11,20.0001,2\nc1,12,20.0001,3\nc2,12,19.9999,3\nd,13,20,4\n",
    ]
    for (file, rows) in files {
      try "name,ra,dec,own\n\(rows)".write(
        toFile: program.folder + "/" + file, atomically: true, encoding: .utf8)
    }
    try program.call(["ingest", "one.csv", "--survey", "sky"])
    let radius = try program.run("ingest", "two.csv", "--survey", "sky", "--match-radius", "1")
    #expect(radius.status == 64 && radius.errors.contains("--release"))
    let same = try program.run("ingest", "two.csv", "--survey", "sky", "--release", "dr1")
    #expect(same.status == 65 && same.errors.contains("survey describe sky --release"))
    try program.call(["survey", "describe", "sky", "--release", "pilot"])
    let ingested = try program.run("ingest", "two.csv", "--survey", "sky", "--release", "dr2")
    #expect(ingested.status == 0, "\(ingested.errors)")
    #expect(
      ingested.output.contains(
        "dr2 after pilot, within 2.00″: 1 as before, 1 moved, 1 renamed, 0 changed, 1 added, 0 dropped, "
          + "split 1 → 2"), "\(ingested.output)")
    let shown = try program.run("survey", "show", "sky")
    #expect(
      shown.output.contains("sky: 5 sources") && shown.output.contains("dr2, run 3, after pilot"))
    let outcome = try program.run(
      "show", "changes", "--survey", "sky", "--from", "pilot", "--to", "dr2", "--json")
    let changes = try JSONDecoder().decode([Change].self, from: Data(outcome.output.utf8))
    #expect(changes.map(\.formerName) == ["b", "c", nil, nil, nil])
    #expect(changes[1].kinds == ["split"] && changes[1].candidates == ["c1", "c2"])
    let wrong = try program.run(
      "show", "changes", "--survey", "sky", "--from", "dr2", "--to", "pilot")
    #expect(wrong.status == 65 && wrong.errors.contains("pilot, dr2"))
    #expect(
      try program.value("SELECT string_agg(name, ',' ORDER BY name) FROM survey.sky_pilot")
        == "\"a,b,c\"")
    try program.call(["run", "undo", "3", "--yes"])
    #expect(try program.value("SELECT count(*) FROM survey.sky") == "3")
  }
}
