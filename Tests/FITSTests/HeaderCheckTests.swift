import FITS
import Files
import Foundation
import TestSupport
import Testing

/// Headers whose sizes would end the program, never end it, or take all memory.
@Suite struct HeaderCheckTests {
  /// Gives a compressed image a header with another value.
  private func changed(_ name: String, _ value: String, in folder: String) throws -> String {
    var data = try Data(contentsOf: URL(filePath: fixture("rice-float.fits.fz")))
    let key = name.padding(toLength: 8, withPad: " ", startingAt: 0) + "="
    let place = try #require(data[2880...].range(of: Data(key.utf8))).lowerBound
    let card = (key + " " + value).padding(toLength: 80, withPad: " ", startingAt: 0)
    data.replaceSubrange(place..<place + 80, with: Data(card.utf8))
    let path = folder + "/a.fits.fz"
    try data.write(to: URL(filePath: path))
    return path
  }

  @Test(arguments: [
    ("ZTILE1", "0"), ("ZTILE2", "0"), ("ZTILE2", "-1"), ("ZTILE1", "'none'"), ("ZNAXIS", "0"),
    ("ZNAXIS", "99"), ("ZNAXIS1", "0"), ("ZNAXIS1", "-60"), ("ZNAXIS1", "900000000000"),
    ("ZNAXIS2", "2000000000"), ("ZVAL1", "0"), ("ZVAL2", "0"), ("ZVAL2", "3"), ("NAXIS2", "3"),
    ("NAXIS2", "9000000000000000000"), ("PCOUNT", "-5"), ("GCOUNT", "-1"), ("TFIELDS", "5000"),
    ("ZTILE2", "50"),
  ])
  func tilesThatCannotBeAreRefusedByName(keyword: String, value: String) throws {
    try withTemporaryFolder { folder in
      let path = try changed(keyword, value, in: folder)
      let error = #expect(throws: FileError.self) { try FITSImage(path) }
      #expect(error?.hdu == 2 && error?.path == path, "\(error?.description ?? "")")
    }
  }

  @Test(arguments: [
    ("TFORM1", "'999999999999PB'"), ("TFORM3", "'9000000000000000000D'"), ("TFORM4", "'1?'"),
    ("NAXIS1", "64"), ("PCOUNT", "90000000"),
  ])
  func formsThatCannotBeAreRefused(keyword: String, value: String) throws {
    try withTemporaryFolder { folder in
      let path = try changed(keyword, value, in: folder)
      #expect(throws: FileError.self) { try FITSImage(path).whole() }
    }
  }
}
