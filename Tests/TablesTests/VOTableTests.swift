import Astronomy
import Files
import Foundation
import Tables
import TestSupport
import Testing

@Suite struct VOTableTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private func document(_ rows: String, attributes: String = "") -> String {
    """
    <?xml version="1.0"?>
    <VOTABLE version="1.4" \(attributes)>
    <DESCRIPTION>from a service</DESCRIPTION>
    <RESOURCE type="results">
    <COOSYS ID="c" system="ICRS"/>
    <INFO name="QUERY_STATUS" value="OK"/>
    <TABLE name="main" nrows="2">
    <PARAM name="freq" datatype="double" unit="MHz" value="144.5"/>
    <FIELD name="id" datatype="int" ucd="meta.id"><VALUES null="-99"/></FIELD>
    <FIELD name="name" datatype="char" arraysize="8"><DESCRIPTION>a
      name</DESCRIPTION></FIELD>
    <FIELD name="flux" datatype="float" unit="Jy"/>
    <FIELD name="pair" datatype="short" arraysize="2"/>
    <DATA><TABLEDATA>
    \(rows)
    </TABLEDATA></DATA></TABLE>
    <TABLE><FIELD name="other" datatype="int"/><DATA>
    <TABLEDATA><TR><TD>7</TD></TR></TABLEDATA></DATA>
    </TABLE></RESOURCE></VOTABLE>
    """
  }

  private let rows = """
    <TR><TD>1</TD><TD>A &amp; &#945;</TD><TD> 1.5e-3 </TD><TD>1 2</TD></TR>
    <TR><TD>-99</TD><TD><![CDATA[<b>]]></TD><TD>NaN</TD><TD/></TR>
    """

  /// astropy writes the number that stands for null also for reals.
  @Test(arguments: ["-99", "-99.0", "-9.9e1"]) func readsNullsOfReals(null: String) throws {
    let path = try folder.write(
      """
      <VOTABLE><RESOURCE><TABLE><FIELD name="a" datatype="float"><VALUES null="\(null)"/></FIELD>
      <FIELD name="b" datatype="double"><VALUES null="\(null)"/></FIELD><FIELD name="c"
      datatype="double"/><DATA><TABLEDATA><TR><TD>5</TD><TD>-99</TD><TD>-99</TD></TR><TR><TD>-99.0</TD>
      <TD>1</TD><TD>2</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>
      """, "t.vot")
    #expect(
      try openTable(path).rows() == [
        [.real(5), .null, .real(-99)], [.null, .real(1), .real(2)],
      ])
  }

  /// astropy writes logicals as bits, of which it sets another than the standard does.
  @Test(
    .enabled(if: Validator.astropy, "astropy is not installed"),
    arguments: ["tabledata", "binary", "binary2"])
  func readsLogicalsOfAstropy(format: String) throws {
    let path = folder.file("t.vot")
    let script = """
      import numpy as np, warnings
      warnings.simplefilter('ignore')
      from astropy.table import Table, MaskedColumn
      from astropy.io.votable import from_table, writeto
      t = Table()
      t['flag'] = [True, False, True]
      t['masked'] = MaskedColumn([True, False, True], mask=[False, True, False])
      t['nine'] = np.array([[True, False, True, True, False, False, True, True, True]] * 3)
      t['real'] = MaskedColumn([1., 2., 3.], mask=[False, True, False])
      t['name'] = MaskedColumn(['x', 'yy', 'z'], mask=[False, True, False])
      writeto(from_table(t), '\(path)', tabledata_format='\(format)')
      """
    let done = try #require(Validator.run(Validator.python, ["-c", script]))
    #expect(done.status == 0, "\(done.output)")
    let nine = Value.reals([1, 0, 1, 1, 0, 0, 1, 1, 1])
    // BINARY has no way to say that a bit is null.
    let masked = format == "binary" ? Value.boolean(false) : .null
    #expect(
      try openTable(path).rows() == [
        [.boolean(true), .boolean(true), nine, .real(1), .text("x")],
        [.boolean(false), masked, nine, .null, .null],
        [.boolean(true), .boolean(true), nine, .real(3), .text("z")],
      ])
  }

  @Test func readsTheTableThatIsMeant() throws {
    let path = try folder.write(document(rows), "t.vot")
    let text = try String(contentsOfFile: path, encoding: .utf8)
      .replacing("<TABLE><FIELD", with: "<TABLE name=\"Others\"><FIELD")
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    for part in ["#2", "#others", "[Others]"] {
      let reader = try openTable(path + part)
      #expect(reader.metadata.name == "Others" && reader.rowCount == nil)
      #expect(try reader.rows() == [[.integer(7)]])
    }
    #expect(try openTable(path + "#main").rows().count == 2)
    #expect(try openTable(path) { $0.contains { $0.name == "flux" } }.columns.count == 4)
    for unclear in [path, path + "#3", path + "#none"] {
      let error = #expect(throws: FileError.self) { try openTable(unclear).rows() }
      #expect(error?.description.contains("#1 'main', #2 'Others'") == true)
    }
  }

  @Test(arguments: [
    "", "xmlns=\"http://www.ivoa.net/xml/VOTable/v1.1\"",
    "xmlns=\"http://www.ivoa.net/xml/VOTable/v1.2\"",
    "xmlns=\"http://www.ivoa.net/xml/VOTable/v1.3\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema\"",
  ])
  func readsTableData(attributes: String) throws {
    let path = try folder.write(document(rows, attributes: attributes), "t.vot")
    let reader = try openTable(path + "#1")
    #expect(reader.columns.map(\.datatype) == [.int32, .string, .float, .int16])
    #expect(reader.columns[1].description?.hasPrefix("a") == true)
    #expect(reader.metadata["freq"] == .real(144.5))
    #expect(reader.metadata.frame == "ICRS")
    #expect(reader.metadata.name == "main")
    #expect(reader.rowCount == 2)
    #expect(
      try reader.rows() == [
        [.integer(1), .text("A & α"), .real(Double(Float(0.0015))), .reals([1, 2])],
        [.null, .text("<b>"), .null, .null],
      ])
  }

  @Test func readsPrefixesAndGzip() throws {
    let text = document(rows, attributes: "xmlns:v=\"http://www.ivoa.net/xml/VOTable/v1.3\"")
      .replacing(#/<(\/?)([A-Z])/#) { "<\($0.1)v:\($0.2)" }
      .replacing("<v:VOTABLE", with: "<v:VOTABLE").replacing("<![v:CDATA", with: "<![CDATA")
    let path = try folder.write(text, "t.xml")
    #expect(Validator.run("gzip", [path])?.status == 0)
    #expect(try openTable(path + ".gz#main").rows().count == 2)
  }

  @Test(arguments: [
    (
      "<TR><TD>1</TD><TD>a</TD><TD>1</TD><TD>1 2</TD></TR>\n<TR><TD>x</TD></TR>",
      "line 16, row 2, column 'id': 'x' is not int32"
    ),
    ("<TR><TD>1</TD></TR>", "row 1: the row has 1 cells for 4 fields"),
    ("<TR><TD>1</TD><TD>a</TD><TD>1</TD><TD>1 2 3</TD></TR>", "'1 2 3' is not 2 int16s"),
    ("<TR><TD>1</TR>", "line 15: the XML is broken (Opening and ending tag mismatch"),
  ])
  func saysWhatIsWrong(rows: String, words: String) throws {
    let path = try folder.write(document(rows), "t.vot")
    let error = #expect(throws: FileError.self) { _ = try openTable(path + "#1").rows() }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    ("<VOTABLE/>", "no table"), ("<html><body>moved</body></html>", "no table"), ("<", "broken"),
    (
      "<VOTABLE><INFO name='QUERY_STATUS' value='ERROR'>too big</INFO></VOTABLE>",
      "too big"
    ),
  ])
  func refusesOtherDocuments(text: String, words: String) throws {
    let path = try folder.write(text, "t.vot")
    let error = #expect(throws: FileError.self) { try openTable(path) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  /// Chunks are as long as they are asked for, whatever libxml2's pieces.
  @Test func keepsToItsChunks() throws {
    let columns = [Column("id", .int64), Column("text", .string)]
    let rows = (0..<10_000).map { [Value.integer($0), .text("é\($0)")] }
    let path = folder.file("t.vot")
    let (_, read) = try roundTrip(rows, columns, to: path)
    #expect(read == rows)
    var sizes: [Int] = []
    try openTable(path).read(chunk: 3000) { sizes.append($0.count) }
    #expect(sizes == [3000, 3000, 3000, 1000])
  }
}
