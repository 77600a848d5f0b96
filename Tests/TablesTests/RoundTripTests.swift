import Astronomy
import Files
import Foundation
import Tables
import Testing

@Suite struct RoundTripTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  let metadata = Metadata(
    name: "sources", description: "A table <of> everything & more.", frame: "ICRS",
    entries: [
      Keyword("SURVEY", .text("LoTSS"), description: "the survey"),
      Keyword("NFIELDS", .integer(3)),
      Keyword("FREQ", .real(144.5e6)),
      Keyword("PARENT", .text(String(repeating: "run 'x' ", count: 30) + "end")),
      Keyword("FINAL", .boolean(true)),
    ])

  @Test(arguments: ["all.fits", "all.vot"])
  func keepsEverything(name: String) throws {
    let (reader, rows) = try roundTrip(
      Sample.rows, Sample.columns, metadata: metadata, to: folder.file(name))
    for (given, read) in zip(Sample.columns, reader.columns) {
      var read = read
      read.width = nil
      #expect(given == read)
    }
    for (given, read) in zip(Sample.rows, rows) {
      for (index, column) in Sample.columns.enumerated() {
        let given = name == "all.fits" ? given[index].inFITS : given[index]
        #expect(same(given, read[index]), "\(column.name): \(given) \(read[index])")
      }
    }
    #expect(rows.count == Sample.rows.count)
    #expect(reader.metadata.name == "sources")
    #expect(reader.metadata.frame == "ICRS")
    #expect(reader.metadata.description == metadata.description)
    for entry in metadata.entries { #expect(reader.metadata[entry.name] == entry.value) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [name])
  }

  @Test(arguments: ["all.csv", "all.tsv"])
  func keepsValuesInText(name: String) throws {
    let kept = Sample.columns.indices.filter { Sample.columns[$0].shape == .scalar }
    let rows = Sample.rows.map { row in kept.map { row[$0] } }
    let (reader, read) = try roundTrip(
      rows, kept.map { Sample.columns[$0] }, to: folder.file(name))
    #expect(reader.columns.map(\.name) == kept.map { Sample.columns[$0].name })
    #expect(
      reader.columns.map(\.datatype) == [
        .string, .double, .double, .double, .boolean, .int64, .int64, .int64, .int64, .string,
      ])
    // float32 is written as its own shortest decimal, which is another double.
    var expected = rows
    expected[0][3] = .real(0.1)
    expected[3][3] = .real(3.4028235e+38)
    #expect(same(read, expected))
  }

  @Test func keepsVectorsInCSV() throws {
    let columns = [Column("id", .int32), Column("list", .double, shape: .list)]
    let rows: [[Value]] = [
      [.integer(1), .reals([1.5, .nan, -3])], [.integer(2), .null], [.integer(3), .reals([0])],
    ]
    let (reader, read) = try roundTrip(rows, columns, to: folder.file("lists.csv"))
    #expect(reader.columns[1].shape == .list)
    #expect(same(read, rows))
  }

  @Test func widensTextAcrossBlocks() throws {
    let columns = [Column("id", .int32), Column("text", .string), Column("x", .double)]
    let rows = (0..<20_000).map { index -> [Value] in
      [
        .integer(Int64(index)), .text(String(repeating: "ab", count: 1 + index / 1500)),
        .real(Double(index) / 7),
      ]
    }
    let (reader, read) = try roundTrip(rows, columns, to: folder.file("wide.fits"))
    #expect(reader.columns[1].width == 28)
    #expect(read == rows)
  }

  @Test(arguments: ["empty.fits", "empty.vot", "empty.csv"])
  func keepsTablesWithoutRows(name: String) throws {
    let (reader, rows) = try roundTrip([], Sample.columns, to: folder.file(name))
    #expect(reader.columns.map(\.name) == Sample.columns.map(\.name))
    #expect(rows.isEmpty)
  }

  @Test(arguments: ["gone.fits", "gone.vot", "gone.csv", "gone.parquet"])
  func leavesNothingUnfinished(name: String) throws {
    do {
      let writer = try createTable(folder.file(name), columns: Sample.columns)
      try writer.write(Sample.rows)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test(arguments: ["clash.fits", "wrong.fits", "wrong.vot", "wrong.csv", "wrong.parquet"])
  func refusesValuesThatDoNotFit(name: String) throws {
    let writer = try createTable(folder.file(name), columns: [Column("n", .int16)])
    let bad: [[Value]] = name == "clash.fits" ? [[.null], [.integer(-32768)]] : [[.integer(40000)]]
    let error = #expect(throws: FileError.self) {
      try writer.write(bad)
      try writer.finish()
    }
    #expect(error?.description.contains("'n'") == true)
  }
}
