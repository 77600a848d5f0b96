import Astronomy
import Files
import Foundation
import Tables
import TestSupport
import Testing

/// Parquet of ours, as pyarrow, DuckDB, Polars and astropy read it.
@Suite struct ParquetTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private let metadata = Metadata(
    name: "sources", description: "All \"types\": <of> them", frame: "ICRS",
    entries: [
      Keyword("FREQ", .real(144e6), unit: "Hz", description: "centre"),
      Keyword("RUN", .text("α & \"b\"/c")), Keyword("FINAL", .boolean(true)),
    ])

  /// Writes rows, and runs lines of Python on them, which see the file as `path`.
  private func python(
    _ rows: [[Value]], _ columns: [Column], _ script: String
  ) throws {
    let path = folder.file("all.parquet")
    let table = try createTable(path, columns: columns, metadata: metadata)
    try table.write(rows)
    try table.finish()
    let run = Validator.run(
      Validator.wheels, ["-W", "error", "-c", "path = '\(path)'\n" + script + "\nprint('good')"])
    #expect(run?.output == "good\n", "\(run?.output ?? "")")
  }

  @Test(.enabled(if: Validator.parquet, "pyarrow, duckdb or polars are not installed"))
  func othersReadEveryValue() throws {
    try python(
      Sample.rows, Sample.columns,
      #"""
      import pyarrow.parquet as pq, duckdb, polars, math
      f = lambda x: __import__('struct').unpack('f', __import__('struct').pack('f', x))[0]
      big = f(3.4028234663852886e38)
      expected = dict(
        name=['ILTJ000005.31+205913.2', None, 'Ångström "α", <β> & γ; 3″', 'four'],
        ra=[0.1, None, 359.999999999, 5e-324], dec=[-12.345678901234567, None, 90.0, 0.0],
        flux=[f(0.1), None, math.inf, big], flag=[True, None, False, None],
        byte=[254, None, 0, 1], short=[-32767, None, 32767, None],
        int=[2147483647, None, -2147483647, -1],
        long=[9223372036854775807, None, -9223372036854775807, 9007199254740993],
        vector=[[1, math.inf, -2.5e-300], None, [0, -0.0, 1e300], [1, 2, 3]],
        counts=[[-1, 7], None, [0, 0], [1, None]], list=[[0.5, 0.25], None, [None, 3], [1]],
        note=['plain', None, 'long text, ' * 40 + 'end', 'b'])
      table = pq.read_table(path)
      assert table.to_pydict() == expected, table.to_pydict()
      assert [str(field.type) for field in table.schema] == ['string', 'double', 'double', 'float',
        'bool', 'uint8', 'int16', 'int32', 'int64', 'list<element: double>',
        'list<element: int32>', 'list<element: float>', 'string'], table.schema
      assert polars.read_parquet(path).to_dict(as_series=False) == expected
      rows = duckdb.sql(f"SELECT * FROM '{path}'").fetchall()
      assert [list(c) for c in zip(*rows)] == list(expected.values()), rows
      chunk = lambda i: pq.ParquetFile(path).metadata.row_group(0).column(i)
      s = chunk(1).statistics
      assert (s.min, s.max, s.null_count) == (5e-324, 359.999999999, 1), s
      s = chunk(0).statistics
      assert (s.min, s.max) == ('ILTJ000005.31+205913.2', 'Ångström "α", <β> & γ; 3″'), s
      s = chunk(2).statistics
      assert (s.min, s.max) == (-12.345678901234567, 90), s
      assert chunk(4).statistics.max is True and chunk(5).statistics.max == 254
      s = chunk(12).statistics
      assert (s.min, s.max, s.null_count) == ('b', 'plain', 1), s
      assert chunk(0).compression == 'ZSTD', chunk(0)
      """#)
  }

  /// Several groups of rows, dictionaries, long runs and changing values, and all kinds of nulls.
  @Test(.enabled(if: Validator.parquet, "pyarrow, duckdb or polars are not installed"))
  func othersReadManyRows() throws {
    let columns = [
      Column("id", .int64), Column("class", .string), Column("name", .string),
      Column("flag", .boolean), Column("x", .float), Column("p", .float, shape: .list),
      Column("one", .string),
    ]
    let rows = (0..<140_000).map { index -> [Value] in
      let name: Value = index % 7 == 3 ? .null : .text("class \(index / 10 % 300)")
      let flag: Value = index / 1000 % 3 == 0 ? .null : .boolean(index % 5 < 2)
      let x: Value = index % 3 == 1 ? .null : .real(Double(index))
      let elements = (0..<index % 4 + 1).map { $0 == 2 ? Double.nan : Double(index + $0) }
      let list: Value = index % 11 == 0 ? .null : .reals(elements)
      return [.integer(Int64(index)), name, .text("J\(index)"), flag, x, list, .text("always")]
    }
    try python(
      rows, columns,
      #"""
      import pyarrow.parquet as pq, duckdb, polars
      n = range(140000)
      expected = dict(
        id=list(n), **{'class': [None if i % 7 == 3 else f'class {i // 10 % 300}' for i in n]},
        name=[f'J{i}' for i in n], flag=[None if i // 1000 % 3 == 0 else i % 5 < 2 for i in n],
        x=[None if i % 3 == 1 else float(i) for i in n],
        p=[None if i % 11 == 0 else [None if j == 2 else float(i + j) for j in range(i % 4 + 1)]
          for i in n], one=['always' for i in n])
      file = pq.ParquetFile(path)
      assert file.read().to_pydict() == expected
      assert polars.read_parquet(path).to_dict(as_series=False) == expected
      rows = duckdb.sql(f"SELECT * FROM '{path}' ORDER BY id").fetchall()
      assert [list(c) for c in zip(*rows)] == list(expected.values())
      assert file.metadata.num_row_groups == 2
      group = file.metadata.row_group(1)
      assert group.column(0).statistics.min == 131072, group.column(0).statistics
      assert [('RLE_DICTIONARY' in group.column(i).encodings) for i in (1, 2, 6)] == [True, False, True]
      assert group.column(3).num_values == 8928 and group.column(3).statistics.null_count == 3000
      assert duckdb.sql(f"SELECT count(*) FROM '{path}' WHERE id >= 131072").fetchall() == [(8928,)]
      """#)
  }

  /// Units, descriptions, UCDs and entries, in both of the ways that are about.
  @Test(.enabled(if: Validator.parquet, "pyarrow, duckdb or polars are not installed"))
  func astropyShowsUnits() throws {
    let kept = Sample.columns.indices.filter { Sample.columns[$0].shape == .scalar }
    try python(
      [Sample.rows[0], Sample.rows[2]].map { row in kept.map { row[$0] } },
      kept.map { Sample.columns[$0] },
      #"""
      from astropy.table import Table
      t = Table.read(path)
      assert str(t['ra'].unit) == 'deg' and str(t['flux'].unit) == 'mJy', t.info
      assert t['name'].description == 'what we call it'
      assert t['ra'].meta['ucd'] == 'pos.eq.ra;meta.main', t['ra'].meta
      assert t['name'][1] == 'Ångström "α", <β> & γ; 3″' and t['ra'][0] == 0.1
      assert t.meta['FREQ'] == 144e6 and t.meta['RUN'] == 'α & "b"/c', t.meta
      assert t.meta['description'] == 'All "types": <of> them' and t.meta['FINAL'] is True
      t = Table.read(path, format='parquet.votable')
      assert str(t['ra'].unit) == 'deg' and t['name'].description == 'what we call it'
      assert t['name'][1] == 'Ångström "α", <β> & γ; 3″' and len(t) == 2
      import pyarrow.parquet as pq, io
      from astropy.io.votable import parse
      content = pq.ParquetFile(path).metadata.metadata[b'IVOA.VOTable-Parquet.content']
      votable = parse(io.BytesIO(content), verify='exception')
      fields = votable.get_first_table().fields
      assert [f.name for f in fields] == t.colnames
      assert fields[1].ucd == 'pos.eq.ra;meta.main' and fields[0].datatype == 'unicodeChar'
      """#)
  }

  @Test(.enabled(if: Validator.parquet, "pyarrow, duckdb or polars are not installed"))
  func othersReadATableWithoutRows() throws {
    try python(
      [], Sample.columns,
      """
      import pyarrow.parquet as pq, duckdb, polars
      assert pq.read_table(path).num_rows == 0 and polars.read_parquet(path).shape == (0, 13)
      assert duckdb.sql(f"SELECT * FROM '{path}'").fetchall() == []
      """)
  }

  @Test func cellsMakeTheSameBytesAsValues() throws {
    let kept = Sample.columns.indices.filter { Sample.columns[$0].shape == .scalar }
    let columns = kept.map { Sample.columns[$0] }
    let rows = Sample.rows.map { row in kept.map { row[$0] } }
    for name in ["values.parquet", "cells.parquet"] {
      let table = try createTable(folder.file(name), columns: columns)
      if name.hasPrefix("values") {
        try table.write(rows)
      } else {
        guard case .cells(let write) = table.direct else {
          Issue.record("Parquet takes cells")
          return
        }
        for row in rows { try giveCells(of: row, as: columns, to: write) }
      }
      try table.finish()
    }
    let files = FileManager.default
    #expect(
      files.contents(atPath: folder.file("values.parquet"))
        == files.contents(atPath: folder.file("cells.parquet")))
  }

  @Test func refusesWhatDoesNotFit() throws {
    let table = try createTable(
      folder.file("bad.parquet"), columns: [Column("n", .int16, shape: .list)])
    let error = #expect(throws: FileError.self) { try table.write([[.reals([1, 40000])]]) }
    #expect(error?.description.contains("row 1, column 'n'") == true)
  }

  @Test func isNotRead() throws {
    let path = folder.file("ours.parquet")
    try writeTable([1, 2], to: path, [CellColumn("n", \.self)])
    let error = #expect(throws: FileError.self) { try openTable(path) }
    #expect(error?.description.contains("Parquet is written but not read") == true)
  }
}
