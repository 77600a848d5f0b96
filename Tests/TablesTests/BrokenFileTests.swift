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
    #expect(error?.problem == "the file holds no binary table")
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
