import Astronomy
import Files
import Foundation
import Tables
import Testing

@Suite("Rows that are written as they come") struct DirectWriterTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// The columns of the sample that hold one value each.
  private let kept = Sample.columns.indices.filter { Sample.columns[$0].shape == .scalar }
  private var columns: [Column] { kept.map { Sample.columns[$0] } }
  private var rows: [[Value]] { Sample.rows.map { row in kept.map { row[$0] } } }

  @Test func cellsMakeTheSameTableAsValues() throws {
    let (reader, values) = try roundTrip(rows, columns, to: folder.file("values.fits"))
    let table = try createTable(folder.file("cells.fits"), columns: columns)
    guard case .cells(let write) = table.direct else {
      Issue.record("FITS takes cells")
      return
    }
    for row in rows { try giveCells(of: row, as: columns, to: write) }
    try table.finish()
    let read = try openTable(folder.file("cells.fits"))
    #expect(read.columns == reader.columns)
    #expect(same(try read.rows(), values))
  }

  /// FITS has printable ASCII alone in its cells: what changes is counted and said.
  @Test func lettersThatFITSHasNotAreSaid() throws {
    let columns = [Column("name", .string), Column("by", .string), Column("x", .double)]
    let rows: [[Value]] = [
      [.text("Łokas 1"), .text("Müller\n"), .real(1)], [.text("plain"), .text("µJy"), .real(2)],
      [.null, .text("~ !"), .real(3)],
    ]
    for direct in [false, true] {
      let path = folder.file("letters \(direct).fits")
      let table = try createTable(path, columns: columns)
      if direct, case .cells(let write) = table.direct {
        for row in rows { try giveCells(of: row, as: columns, to: write) }
      } else {
        try table.write(rows)
      }
      try table.finish()
      let said = table.losses
      #expect(
        said.count == 2 && said[0].hasPrefix("column 'name'") && said[0].hasSuffix("cells: 1)"))
      #expect(said[1].hasPrefix("column 'by'") && said[1].hasSuffix("cells: 2)"))
      #expect(try openTable(path).rows() == rows.map { $0.map(\.inFITS) })
      let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      #expect(bytes.range(of: Data("HISTORY column 'by'".utf8)) != nil)
    }
  }

  @Test func aCellOfAnotherWidthIsRefused() throws {
    let table = try createTable(
      folder.file("refused.fits"), columns: [Column("name", .string), Column("flux", .double)])
    guard case .cells(let write) = table.direct else {
      Issue.record("FITS takes cells")
      return
    }
    let bytes: [UInt8] = [65, 0, 0, 0, 0, 0, 0, 0]
    let error = #expect(throws: FileError.self) {
      try bytes.withUnsafeBytes { bytes in
        try write([bytes, bytes])
        try write([bytes, UnsafeRawBufferPointer(rebasing: bytes[..<4])])
      }
    }
    #expect(
      error?.description.contains("column 'flux', row 2") == true, "\(error?.description ?? "")")
  }

  @Test func vectorsNeedValues() throws {
    let table = try createTable(folder.file("vectors.fits"), columns: Sample.columns)
    #expect(table.direct == nil)
    #expect(try createTable(folder.file("all.vot"), columns: columns).direct == nil)
  }

  @Test(arguments: [("lines.csv", ","), ("lines.tsv", "\t")])
  func linesStandBehindTheHeader(_ name: String, _ separator: Character) throws {
    let path = folder.file(name)
    let table = try createTable(path, columns: [Column("name", .string), Column("flux", .double)])
    guard case .lines(let divider, let write) = table.direct else {
      Issue.record("text takes lines")
      return
    }
    #expect(divider == separator)
    for line in ["\"1.10\"\(separator)2.5\n", "\"null\"\(separator)\n"] {
      try Array(line.utf8).withUnsafeBytes { try write($0) }
    }
    try table.finish()
    let read = try openTable(path)
    #expect(try read.rows() == [[.text("1.10"), .real(2.5)], [.text("null"), .null]])
  }

}

/// Gives a row as the bytes of its cells.
func giveCells(
  of row: [Value], as columns: [Column], to write: ([UnsafeRawBufferPointer?]) throws -> Void
) throws {
  let bytes = zip(row, columns).map { value, column in value.bytes(as: column.datatype) }
  let all = bytes.map { cell in
    cell.map { UnsafeMutableRawBufferPointer.allocate(byteCount: $0.count, alignment: 8) }
  }
  defer { for cell in all { cell?.deallocate() } }
  for (cell, bytes) in zip(all, bytes) { cell?.copyBytes(from: bytes ?? []) }
  try write(all.map { $0.map { UnsafeRawBufferPointer($0) } })
}

extension Value {
  /// The bytes of the value, the most significant first; text stays text whatever its column.
  fileprivate func bytes(as datatype: Datatype) -> [UInt8]? {
    switch (self, datatype) {
    case (.null, _), (.reals, _): nil
    case (.boolean(let flag), _): [flag ? 1 : 0]
    case (.text(let text), _): Array(text.utf8)
    case (.integer(let number), .uint8): bigEndian(UInt8(number))
    case (.integer(let number), .int16): bigEndian(Int16(number))
    case (.integer(let number), .int32): bigEndian(Int32(number))
    case (.integer(let number), _): bigEndian(number)
    case (.real(let number), .float): bigEndian(Float(number).bitPattern)
    case (.real(let number), _): bigEndian(number.bitPattern)
    }
  }
}

private func bigEndian(_ number: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: number.bigEndian) { Array($0) }
}
