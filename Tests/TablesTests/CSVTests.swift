import Foundation
import Tables
import TestSupport
import Testing

@Suite struct CSVTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private func open(_ text: String) throws -> any TableReader {
    try openTable(folder.write(text, "table.csv"))
  }

  @Test func readsQuotesAndNewlines() throws {
    let reader = try open(
      "\u{FEFF}# a comment, with \"one quote\r\n# another\r\nname,note\r\n"
        + "\"a, b\",\"line 1\nline \"\"2\"\"\"\r\n\r\n  c  ,\" kept \"\r\n")
    #expect(reader.columns.map(\.name) == ["name", "note"])
    #expect(
      try reader.rows() == [
        [.text("a, b"), .text("line 1\nline \"2\"")], [.text("c"), .text(" kept ")],
      ])
  }

  /// Zero-padded coordinates are numbers, zero-padded digits and long digits are identifiers.
  @Test(arguments: [
    (["010.451", "-09.284", "+5"], Datatype.double), (["1", "-2", "+3", ""], .int64),
    (["00123", "4"], .string), (["99999999999999999999", "1"], .string),
    (["1", "2.5"], .double), (["1e-3", ".5", "5.", "inf", "NaN"], .double),
    (["True", "false", "null"], .boolean), (["true", "1"], .string), (["12:34:56.7"], .string),
    (["1.5.2"], .string), (["2024-01-01"], .string), (["", "null"], .string), (["-"], .string),
    (["[1,2]", "[NaN]"], .double), (["0", "0"], .int64), (["-00", "-07"], .int64),
  ])
  func infers(cells: [String], datatype: Datatype) throws {
    let quoted = cells.map { $0.contains(",") ? "\"\($0)\"" : $0 }
    let reader = try open("x,y\n" + quoted.map { "\($0),1\n" }.joined())
    #expect(reader.columns[0].datatype == datatype)
    let rows = try reader.rows()
    #expect(rows.count == cells.count)
    if datatype == .string { #expect(rows[0][0] == Value(cells[0])) }
    for (cell, row) in zip(cells, rows) where ["", "null", "NaN"].contains(cell) {
      #expect(row[0] == .null)
    }
  }

  @Test(arguments: [",", ";", "\t", "|"])
  func guessesSeparator(separator: String) throws {
    let lines = [["a", "b c", "d"], ["1", "x y", "2.5"], ["", "", "-1"]]
    let text = lines.map { $0.joined(separator: separator) }.joined(separator: "\n")
    let reader = try open(text)
    #expect(reader.columns.map(\.datatype) == [.int64, .string, .double])
    #expect(reader.rowCount == 2)
    #expect(try reader.rows()[0] == [.integer(1), .text("x y"), .real(2.5)])
  }

  @Test func readsHeaderInComment() throws {
    let reader = try open("# Gaussian list for x.fits\n# Gaus_id, RA, DEC\n\n0, 1.5, 2.5\n")
    #expect(reader.columns.map(\.name) == ["Gaus_id", "RA", "DEC"])
    #expect(try reader.rows() == [[.integer(0), .real(1.5), .real(2.5)]])
  }

  @Test(arguments: [
    ("", "empty"), ("1,2,3\n4,5,6\n", "no header row"), ("# only\n", "no header row"),
    ("a,b,a\n1,2,3\n", "columns 1 and 3 have the same name"),
    ("a,b\n1,2\n\n\"x\ny\",1\n1,2,3\n", "line 6: the row has 3 fields, the header 2"),
    ("a,b\n1,\"2\n", "line 2: a quoted field is not closed"),
    ("a,b\n\"1\"x,2\n", "text follows a closing quote"), (",,\n1,2,3\n", "header row is empty"),
  ])
  func saysWhatIsWrong(text: String, words: String) throws {
    let error = #expect(throws: TableError.self) { try self.open(text) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test func saysWhenThereIsNoFile() {
    #expect(throws: TableError.self) { try openTable(self.folder.file("none.csv")) }
    #expect(throws: TableError.self) { try openTable(self.folder.path) }
  }

  @Test func quotesWhatWouldChange() throws {
    let columns = [Column("text", .string)]
    let texts = ["null", "NaN", " a", "b ", "#c", "d,e", "f\"g", "h\r\ni", "j\tk", "é"]
    let rows = texts.map { [Value.text($0)] } + [[.null], [.text("last")]]
    let (_, read) = try roundTrip(rows, columns, to: folder.file("quotes.csv"))
    #expect(read == rows)
  }

  @Test func readsGzip() throws {
    let path = try folder.write("a,b\n1,x\n", "table.csv")
    #expect(Validator.run("gzip", [path])?.status == 0)
    #expect(try openTable(path + ".gz").rows() == [[.integer(1), .text("x")]])
  }

  @Test func readsMoreThanItsBuffer() throws {
    let long = String(repeating: "x\"\n,", count: 200_000)
    let rows: [[Value]] = [[.integer(1), .text(long)], [.integer(2), .text("short")]]
    let columns = [Column("id", .int64), Column("text", .string)]
    let (_, read) = try roundTrip(rows, columns, to: folder.file("long.csv"))
    #expect(read == rows)
  }
}
