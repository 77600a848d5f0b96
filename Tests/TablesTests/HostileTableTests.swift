import Astronomy
import FITS
import Files
import Foundation
import Tables
import TestSupport
import Testing

/// Tables that ask for more than there is: each is refused in a sentence that names it, soon, and in
/// little memory.
@Suite struct HostileTableTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  @discardableResult
  private func refusal(of path: String, _ words: String) -> FileError? {
    let error = #expect(throws: FileError.self) { _ = try openTable(path).rows() }
    #expect(error?.path == path)
    #expect(
      error?.description.contains(words) == true, "\(path): \(error?.description ?? "accepted")")
    #expect(error?.description.contains("\n") == false)
    return error
  }

  // MARK: VOTable

  private func votable(
    _ fields: String, _ data: String, document: String = ""
  ) throws -> String {
    try folder.write(
      """
      <?xml version="1.0"?>\(document)<VOTABLE><RESOURCE><TABLE>\(fields)<DATA>\(data)</DATA>
      </TABLE></RESOURCE></VOTABLE>
      """, "a.vot")
  }

  @Test(arguments: ["-3", "9223372036854775807", "99999999999x99999999999", "2x-1", "5000000"])
  func arraysBeyondReasonAreRefused(size: String) throws {
    for datatype in ["double", "unicodeChar", "bit", "floatComplex"] {
      refusal(
        of: try votable(
          #"<FIELD name="x" datatype="\#(datatype)" arraysize="\#(size)"/>"#,
          "<BINARY><STREAM encoding=\"base64\">AAAA</STREAM></BINARY>"), "arraysize '\(size)'")
    }
  }

  /// Each cell of a list begins with its length: here -1, 2³¹ - 1 and a million.
  @Test(arguments: ["/////w==", "f////w==", "f////wAA"])
  func listsBeyondReasonAreRefused(stream: String) throws {
    for (datatype, form) in [("double", "BINARY"), ("char", "BINARY"), ("bit", "BINARY")] {
      refusal(
        of: try votable(
          #"<FIELD name="x" datatype="\#(datatype)" arraysize="*"/>"#,
          "<\(form)><STREAM encoding=\"base64\">\(stream)</STREAM></\(form)>"), "elements")
    }
  }

  /// Such rows would never end.
  @Test func rowsOfNoBytesAreRefused() throws {
    refusal(
      of: try votable(
        #"<FIELD name="x" datatype="double" arraysize="0"/>"#,
        "<BINARY><STREAM encoding=\"base64\">AAAA</STREAM></BINARY>"), "rows have none")
    refusal(
      of: try folder.write(
        """
        <?xml version="1.0"?><VOTABLE><RESOURCE/><BINARY2><STREAM encoding="base64">AAAA</STREAM>
        </BINARY2></VOTABLE>
        """, "b.vot"), "rows have none")
  }

  @Test func rowsThatComeInManyPiecesAreRead() throws {
    let cells = (0..<40_000).map { Double($0) }
    var bytes: [UInt8] = []
    withUnsafeBytes(of: UInt32(cells.count).bigEndian) { bytes += $0 }
    for cell in cells { withUnsafeBytes(of: cell.bitPattern.bigEndian) { bytes += $0 } }
    let stream = Data(bytes + bytes).base64EncodedString()
    let path = try votable(
      #"<FIELD name="x" datatype="double" arraysize="*"/>"#,
      "<BINARY><STREAM encoding=\"base64\">\(stream)</STREAM></BINARY>")
    #expect(try openTable(path).rows() == [[.reals(cells)], [.reals(cells)]])
  }

  /// A billion laughs, a file of this machine, an address, and a name that nothing tells.
  @Test(arguments: [
    "[<!ENTITY p 'x'>]", "[<!ENTITY o '&q;&q;'><!ENTITY q 'xx'><!ENTITY p '&o;&o;'>]",
    "[<!ENTITY p SYSTEM 'file:///etc/passwd'>]", "[<!ENTITY p SYSTEM 'http://127.0.0.1:9/x'>]",
    "SYSTEM 'file:///etc/passwd'",
  ])
  func entitiesAreRefused(declared: String) throws {
    let field = #"<FIELD name="name" datatype="char" arraysize="*"/>"#
    refusal(
      of: try votable(
        field, "<TABLEDATA><TR><TD>A&p;B</TD></TR></TABLEDATA>",
        document: "<!DOCTYPE VOTABLE \(declared)>"), "entity 'p'")
    refusal(
      of: try votable(
        #"<FIELD name="&p;" datatype="char"/>"#, "<TABLEDATA/>",
        document: "<!DOCTYPE VOTABLE \(declared)>"), "entity 'p'")
  }

  /// As documents before VOTable 1.1 have it; it is not fetched.
  @Test func aDocumentTypeElsewhereIsLeftAlone() throws {
    let path = try votable(
      #"<FIELD name="name" datatype="char" arraysize="*"/>"#,
      "<TABLEDATA><TR><TD>A &amp; B &#x3b1;</TD></TR></TABLEDATA>",
      document: "<!DOCTYPE VOTABLE SYSTEM 'http://127.0.0.1:9/VOTable.dtd'>")
    #expect(try openTable(path).rows() == [[.text("A & B α")]])
  }

  @Test func markupWithoutEndIsRefused() throws {
    let much = String(repeating: "y", count: 3 << 20)
    refusal(of: try folder.write("<VOTABLE x=\"\(much)\"/>", "a.vot"), "longer than 512 KiB")
    refusal(of: try folder.write("<\(much)/>", "a.vot"), "longer than 512 KiB")
    refusal(
      of: try folder.write(
        "<VOTABLE>" + String(repeating: "<GROUP>", count: 100_000), "a.vot"), "within each other")
    let fields = (0..<3000).map { "<FIELD name=\"f\($0)\" datatype=\"double\"/>" }.joined()
    refusal(of: try votable(fields, "<TABLEDATA/>"), "more than 1500 fields")
  }

  // MARK: text

  @Test func textWithoutEndIsRefused() throws {
    let line = String(repeating: "x", count: 17 << 20)
    refusal(of: try folder.write("name,ra\n" + line, "a.csv"), "longer than 16 MiB")
    refusal(of: try folder.write("#" + line, "a.csv"), "longer than 16 MiB")
    let quoted = String(repeating: "x,1\n", count: 5 << 20)
    refusal(of: try folder.write("name,ra\n\"" + quoted, "a.csv"), "longer than 16 MiB")
    let columns = (0..<100_000).map { "c\($0)" }.joined(separator: ",")
    refusal(of: try folder.write(columns + "\n1\n", "a.csv"), "more than 1500 fields")
  }

  @Test func bytesThatNoTextHasAreRefused() throws {
    let rows = String(repeating: "a,1\n", count: 2000)
    refusal(
      of: try folder.write("name,ra\n\(rows)b\u{0}c,1\n", "a.csv"),
      "line 2002: the row holds a byte 0")
    refusal(of: try folder.write("name,ra\n\(rows)\"b\u{0}c\",1\n", "a.csv"), "a byte 0")
  }

  /// Keys of YAML that stand for 10⁹ words.
  @Test func headersThatSwellAreRefused() throws {
    let levels = (1...9).map { level in
      "# a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ","))]"
    }
    let header = ["# %ECSV 1.0", "# ---", "# a0: &a0 [x,x]"] + levels + ["# ? *a9", "# : 1"]
    let rest = ["# datatype:", "# - {name: ra, datatype: float64}", "ra", "1"]
    refusal(
      of: try folder.write((header + rest).joined(separator: "\n"), "a.ecsv"), "refers to itself")
    let nested = "# %ECSV 1.0\n# datatype: " + String(repeating: "[", count: 200_000) + "\nra\n1\n"
    refusal(of: try folder.write(nested, "a.ecsv"), "the ECSV header is broken")
  }

  @Test func wordsOfAFileDoNotBreakTheLine() throws {
    let path = try votable(
      "<FIELD name=\"a&#10;b\u{9}\" datatype=\"int\"/>",
      "<TABLEDATA><TR><TD>x</TD></TR></TABLEDATA>")
    refusal(of: path, "column 'a b ': 'x' is not")
  }

  // MARK: FITS

  /// Writes a table with one column; `data` are its rows and heap.
  private func fits(_ form: String, rows: Int, width: Int, heap: Int = 0, _ data: Data) throws
    -> String
  {
    let primary = ["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0", "EXTEND  = T", "END"]
    let table = [
      "XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = \(width)",
      "NAXIS2  = \(rows)",
      "PCOUNT  = \(heap)", "GCOUNT  = 1", "TFIELDS = 1", "TTYPE1  = 'x'", "TFORM1  = '\(form)'",
      "END",
    ]
    var file = Data()
    for cards in [primary, table] {
      for card in cards {
        file += Data(card.padding(toLength: 80, withPad: " ", startingAt: 0).utf8)
      }
      file += Data(repeating: 0x20, count: (2880 - file.count % 2880) % 2880)
    }
    file += data
    file += Data(count: (2880 - file.count % 2880) % 2880)
    let path = folder.file("a.fits")
    try file.write(to: URL(filePath: path))
    return path
  }

  @Test func cellsOfTooManyElementsAreRefused() throws {
    let width = 1 << 20
    refusal(of: try fits("\(8 * width)X", rows: 1, width: width, Data(count: width)), "elements")
  }

  /// 5000 rows of a list that all have the same million of bytes.
  @Test func listsThatLieUponEachOtherAreRefused() throws {
    var rows = Data()
    let heap = 4 << 20
    for _ in 0..<5000 {
      for number in [UInt32(heap), 0] { withUnsafeBytes(of: number.bigEndian) { rows += $0 } }
    }
    refusal(
      of: try fits("1PB(\(heap))", rows: 5000, width: 8, heap: heap, rows + Data(count: heap)),
      "elements")
  }
}
