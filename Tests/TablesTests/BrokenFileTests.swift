import Astronomy
import Files
import Foundation
import Tables
import TestSupport
import Testing

/// Files that were cut off, as downloads are, and files that are no tables.
@Suite struct BrokenFileTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  @Test(arguments: ["cut.fits", "cut.vot", "cut.vot.gz"])
  func refusesTruncatedFiles(name: String) throws {
    let path = folder.file(name.replacing(".gz", with: ""))
    let rows = (0..<5000).map { [Value.integer($0), .text("source \($0 * 7919 % 5003)")] }
    _ = try roundTrip(rows, [Column("id", .int64), Column("text", .string)], to: path)
    if name.hasSuffix(".gz") { #expect(Validator.run("gzip", [path])?.status == 0) }
    let data = try Data(contentsOf: URL(filePath: folder.file(name)))
    try data.prefix(data.count / 2).write(to: URL(filePath: folder.file(name)))
    let error = #expect(throws: FileError.self) {
      _ = try openTable(self.folder.file(name)).rows()
    }
    #expect(error?.path == folder.file(name))
  }

  @Test func refusesImages() throws {
    let card = { (text: String) in text.padding(toLength: 80, withPad: " ", startingAt: 0) }
    let cards = [
      "SIMPLE  =                    T", "BITPIX  =                    8",
      "NAXIS   =                    0", "END",
    ]
    let header = cards.map(card).joined().padding(toLength: 2880, withPad: " ", startingAt: 0)
    let path = try folder.write(header, "image.fits")
    let error = #expect(throws: FileError.self) { try openTable(path) }
    #expect(error?.problem == "the file holds no table")
  }

  @Test func refusesUnknownExtensionsAndFolders() throws {
    let columns = [Column("x", .double)]
    #expect(throws: FileError.self) {
      try createTable(self.folder.file("t.doc"), columns: columns)
    }
    #expect(throws: FileError.self) { try createTable("/nowhere/t.fits", columns: columns) }
    #expect(throws: FileError.self) { try createTable("/nowhere/t.csv", columns: columns) }
    #expect(throws: FileError.self) {
      try createTable(self.folder.file("t.csv"), columns: columns + columns)
    }
  }
}

/// Tables of FITS in text, of several, and with columns of nothing.
@Suite(.enabled(if: Validator.astropy, "astropy is not installed")) struct UnusualFITSTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private func written(_ script: String) throws -> String {
    let path = folder.file("t.fits")
    let imports = "import numpy as np\nfrom astropy.io import fits\npath = '\(path)'\n"
    let done = try #require(Validator.run(Validator.python, ["-c", imports + script]))
    #expect(done.status == 0, "\(done.output)")
    return path
  }

  @Test func aTableInTextIsRead() throws {
    let path = try written(
      """
      columns = [fits.Column('name', 'A12', array=['S1', 'S2'], ascii=True),
                 fits.Column('flux', 'F8.3', unit='mJy', array=[12.5, 3.25], ascii=True),
                 fits.Column('n', 'I6', array=[7, -3], ascii=True)]
      fits.TableHDU.from_columns(columns).writeto(path)
      """)
    let reader = try openTable(path)
    #expect(reader.columns.map(\.name) == ["name", "flux", "n"])
    #expect(reader.columns[1].unit == "mJy")
    #expect(
      try reader.rows().map { $0.map(\.number) } == [[nil, 12.5, 7], [nil, 3.25, -3]])
    #expect(try openTable(path).rows().map { $0[0] } == [.text("S1"), .text("S2")])
  }

  @Test func oneOfSeveralIsChosenByNumberOrName() throws {
    let path = try written(
      """
      def table(name, value):
          column = fits.Column('x', 'D', array=[value])
          return fits.BinTableHDU.from_columns([column], name=name)
      fits.HDUList([fits.PrimaryHDU(), table('ONE', 1.5), table('TWO', 2.5)]).writeto(path)
      """)
    #expect(try openTable(path + "#2").rows() == [[.real(2.5)]])
    #expect(try openTable(path + "#one").rows() == [[.real(1.5)]])
    let error = #expect(throws: FileError.self) { try openTable(path) }
    #expect(error?.description.contains("#1 'ONE', #2 'TWO'") == true)
  }

  @Test func unsignedNumbersBeyondInt64AreTheirDigits() throws {
    let path = try written(
      """
      wide = np.array([0, 2**63, 2**64 - 1], dtype=np.uint64)
      narrow = np.array([0, 5, 2**63 - 1], dtype=np.uint64)
      columns = [fits.Column('wide', 'K', bzero=2**63, array=wide),
                 fits.Column('narrow', 'K', bzero=2**63, array=narrow)]
      fits.BinTableHDU.from_columns(columns).writeto(path)
      """)
    #expect(
      try openTable(path).rows() == [
        [.text("0"), .integer(0)], [.text("9223372036854775808"), .integer(5)],
        [.text("18446744073709551615"), .integer(.max)],
      ])
  }

  /// A packed table is unpacked once, and read to its end.
  @Test(arguments: ["gzip", "bzip2"]) func packedTablesAreRead(program: String) throws {
    let path = try written(
      """
      column = fits.Column('x', 'D', array=np.arange(3000.))
      fits.BinTableHDU.from_columns([column]).writeto(path)
      """)
    let script =
      "cd \(folder.path) && head -c 9000 t.fits | \(program) > p && "
      + "tail -c +9001 t.fits | \(program) >> p"
    #expect(Validator.run("sh", ["-c", script])?.status == 0)
    #expect(
      try openTable(folder.file("p")).rows().map { $0[0].number ?? -1 }
        == (0..<3000).map(Double.init))
  }

  /// Sizes that a header makes up are refused before memory is asked for them.
  @Test(arguments: [
    ("NAXIS2  =", "900000000000"), ("TFORM1  =", "'999999999999D'"), ("TFORM1  =", "'1PD(9)'"),
    ("NAXIS1  =", "0"), ("TFORM1  =", "'1QD'"), ("TFIELDS =", "-2"),
  ])
  func sizesThatCannotBeAreRefused(card: String, value: String) throws {
    let path = try written(
      """
      column = fits.Column('x', 'D', array=[1.5, -2.5e300])
      fits.BinTableHDU.from_columns([column]).writeto(path)
      """)
    var data = try Data(contentsOf: URL(filePath: path))
    let place = try #require(data[2880...].range(of: Data(card.utf8))).lowerBound
    let text = (card + " " + value).padding(toLength: 80, withPad: " ", startingAt: 0)
    data.replaceSubrange(place..<place + 80, with: Data(text.utf8))
    try data.write(to: URL(filePath: path))
    #expect(throws: FileError.self) { try openTable(path).rows() }
  }

  @Test func aListThatIsLongerThanItsFileIsRefused() throws {
    let path = try written(
      """
      lists = np.array([np.array([1., 2.]), np.array([3.])], dtype=object)
      column = fits.Column('x', 'QD()', array=lists)
      fits.BinTableHDU.from_columns([column]).writeto(path)
      """)
    #expect(try openTable(path).rows() == [[.reals([1, 2])], [.reals([3])]])
    var data = try Data(contentsOf: URL(filePath: path))
    data[5760 + 2] = 0x7F
    try data.write(to: URL(filePath: path))
    let error = #expect(throws: FileError.self) { try openTable(path).rows() }
    #expect(error?.description.contains("says that it has") == true, "\(error?.description ?? "")")
  }

  @Test func aColumnOfNoElementsIsEmpty() throws {
    let path = try written(
      """
      columns = [fits.Column('x', 'D', array=[1.5, 2.5]), fits.Column('none', '0E'),
                 fits.Column('y', 'J', array=[1, 2])]
      fits.BinTableHDU.from_columns(columns, nrows=2).writeto(path)
      """)
    #expect(
      try openTable(path).rows() == [
        [.real(1.5), .null, .integer(1)], [.real(2.5), .null, .integer(2)],
      ])
  }
}
