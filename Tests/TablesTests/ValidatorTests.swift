import Astronomy
import Files
import Foundation
import Tables
import TestSupport
import Testing

/// What programs of other authors say of our files, and what we read of theirs.
@Suite struct ValidatorTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private func write(_ name: String) throws -> String {
    let path = folder.file(name)
    let metadata = Metadata(
      name: "sources", description: "All types", frame: "ICRS",
      entries: [
        Keyword("FREQ", .real(144e6), unit: "Hz", ucd: "em.freq", description: "centre"),
        Keyword("RUN", .text("α & \"b\"")),
      ])
    _ = try roundTrip(Sample.rows, Sample.columns, metadata: metadata, to: path)
    return path
  }

  @Test(.enabled(if: Validator.stilts, "stilts is not installed"))
  func stiltsFindsNoFault() throws {
    let path = try write("all.vot")
    let lint = Validator.run(
      "stilts", ["votlint", "version=1.4", "ucd=true", "unit=true", path])
    #expect(lint?.output == "")
  }

  /// With texts over several cards, of keywords and of columns.
  @Test(.enabled(if: Validator.fitsverify, "fitsverify is not installed"))
  func fitsverifyFindsNoFault() throws {
    let long = String(repeating: "what was done; ", count: 20)
    let path = folder.file("long.fits")
    var columns = Sample.columns
    columns[1].description = long
    let metadata = Metadata(name: "sources", entries: [Keyword("HISTRY", .text(long))])
    let (reader, _) = try roundTrip(Sample.rows, columns, metadata: metadata, to: path)
    #expect(reader.columns[1].description == String(long.dropLast()))
    let output = Validator.run("fitsverify", ["-e", path])?.output ?? ""
    #expect(output.contains("0 warning(s) and 0 error(s)"), "\(output)")
  }

  @Test(.enabled(if: Validator.astropy, "astropy is not installed"))
  func astropyFindsNoFault() throws {
    let path = try write("all.vot")
    let script = "from astropy.io.votable import validate; validate('\(path)')"
    let run = Validator.run(Validator.python, ["-c", script])
    #expect(run?.output.contains("no violations") == true)
  }

  @Test(.enabled(if: Validator.astropy, "astropy is not installed"))
  func astropyReadsOurFITS() throws {
    let path = try write("all.fits")
    let script = """
      from astropy.table import Table
      from astropy.io import fits
      t = Table.read('\(path)')
      assert t['name'][2].startswith('Angstrom "'), t['name'][2]
      assert t['long'][0] == 9223372036854775807
      assert t['short'].mask[1] and t['counts'].mask[3].tolist() == [False, True]
      assert t['flag'].tolist()[0] is True and t['vector'].shape == (4, 3)
      assert t['list'][0].tolist() == [0.5, 0.25] and str(t['flux'].unit) == 'mJy'
      with fits.open('\(path)', checksum=True) as f:
        f.verify('exception')
        h = f[1].header
        assert h['TUCD2'] == 'pos.eq.ra;meta.main' and h['RADESYS'] == 'ICRS'
        assert 'TNULL7' in h and 'TNULL8' in h and h['TCOMM1'] == 'what we call it'
        assert f[1].data['ra'][0] == 0.1
      print('good')
      """
    #expect(Validator.run(Validator.python, ["-W", "ignore", "-c", script])?.output == "good\n")
  }

  /// Every type that FITS has, as astropy writes it, unsigned and scaled columns among them.
  @Test(.enabled(if: Validator.astropy, "astropy is not installed"))
  func readsFITSOfAstropy() throws {
    let plain = folder.file("theirs.fits")
    let path = plain + ".gz"
    let script = """
      import numpy as np
      from astropy.io import fits
      C = fits.Column
      cols = [
        C('L', 'L', array=[True, False, True]), C('X', '11X', array=np.eye(3, 11, dtype=bool)),
        C('B', 'B', array=np.uint8([0, 7, 255]), null=7),
        C('SB', 'B', array=np.uint8([0, 128, 255])),
        C('I', 'I', array=[-1, -9, 3], null=-9, unit='Jy'),
        C('U', 'I', bzero=32768, array=np.uint16([0, 1, 65535])),
        C('J', 'J', array=[1, 2, 3]), C('UJ', 'J', bzero=2**31, array=np.uint32([0, 1, 2**32-1])),
        C('K', 'K', array=[1, 2, 2**62]),
        C('S', 'I', array=[0, 1, 4]),
        C('E', 'E', array=[1.5, np.nan, 3]), C('D', '2D', array=[[1, 2], [np.nan, 4], [5, 6]]),
        C('A', '5A', array=['ab', '', 'cdefg']), C('C', 'C', array=[1+2j, 3, 4j]),
        C('P', 'PJ()', array=np.array([np.int32([1]), np.int32([2, 3]), np.int32([])], dtype=object)),
      ]
      h = fits.BinTableHDU.from_columns(cols, name='SECOND')
      h.header['TUCD1+5'] = 'phot.flux'
      h.header['TDESC5'] = 'a flux'
      first = fits.BinTableHDU.from_columns([C('only', 'J', array=[42])])
      fits.HDUList([fits.PrimaryHDU(), first, h]).writeto('\(plain)')
      fits.setval('\(plain)', 'TZERO4', value=-128, ext=2)
      fits.setval('\(plain)', 'TSCAL10', value=0.5, ext=2)
      fits.setval('\(plain)', 'TZERO10', value=10, ext=2)
      """
    let run = Validator.run(Validator.python, ["-c", script])
    #expect(run?.status == 0, "\(run?.output ?? "")")
    #expect(Validator.run("gzip", [plain])?.status == 0)
    #expect(throws: FileError.self) { try openTable(path) }
    #expect(try openTable(path + "#1").rows() == [[.integer(42)]])
    let reader = try openTable(path + "#SECOND")
    #expect(reader.columns[4].ucd == "phot.flux")
    #expect(reader.columns[4].description == "a flux")
    #expect(reader.columns[4].unit == "Jy")
    let rows = try openTable(path + "[2]").rows()
    #expect(
      rows[1] == [
        .boolean(false), .reals([0, 1] + Array(repeating: 0, count: 9)), .null, .integer(0), .null,
        .integer(1), .integer(2), .integer(1), .integer(2), .real(10.5), .null, rows[1][11],
        .null, .reals([3, 0]), .reals([2, 3]),
      ])
    #expect(same(rows[1][11], .reals([.nan, 4])))
    #expect(rows[2][3] == .integer(127))
    #expect(rows[2][5] == .integer(65535))
    #expect(rows[2][7] == .integer(4_294_967_295))
    #expect(rows[2][14] == .null)
    #expect(throws: FileError.self) { try openTable(path + "#THIRD") }
    #expect(throws: FileError.self) { try openTable(path + "[0]") }
  }

  @Test(
    .enabled(if: Validator.stilts, "stilts is not installed"),
    arguments: ["votable-tabledata", "votable-binary-inline", "votable-binary2-inline"])
  func readsVOTablesOfStilts(format: String) throws {
    let ours = try write("all.fits")
    let theirs = folder.file("theirs.vot")
    let run = Validator.run(
      "stilts", ["tpipe", "in=\(ours)", "ifmt=fits", "out=\(theirs)", "ofmt=\(format)"])
    #expect(run?.status == 0, "\(run?.output ?? "")")
    let reader = try openTable(theirs)
    #expect(reader.columns.map(\.name) == Sample.columns.map(\.name))
    #expect(reader.columns[1].ucd == "pos.eq.ra;meta.main")
    let rows = try reader.rows()
    // stilts reads texts of FITS as ASCII, and has no null elements in vectors of whole numbers.
    for (given, read) in zip(Sample.rows, rows) {
      for index in Sample.columns.indices where ![0, 10].contains(index) {
        #expect(same(given[index], read[index]), "\(Sample.columns[index].name)")
      }
    }
    #expect(rows.count == Sample.rows.count)
  }
}
