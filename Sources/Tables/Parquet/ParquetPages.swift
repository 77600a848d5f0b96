/// A chunk as it stands in the file: its pages, and what the footer says of it.
struct ParquetPages {
  /// The bytes of the pages.
  private(set) var bytes: [UInt8] = []
  /// What the footer says, as a structure of Thrift.
  private(set) var description: [UInt8] = []
  /// The size of the pages before they were compressed, in bytes.
  private(set) var uncompressed = 0

  /// The codes of Parquet's specification.
  private enum Encoding {
    static let plain = 0
    static let runLengths = 3
    static let dictionary = 8
  }

  private static let zstandard = 6

  /// Encodes a chunk whose pages will begin at `offset` of the file.
  init(_ chunk: ParquetChunk, at offset: Int, path: String, _ zstandard: Zstandard) throws {
    let dictionary = ParquetDictionary(chunk)
    if let dictionary {
      let page = try zstandard.compressed(dictionary.entries, path: path)
      append(page, uncompressed: dictionary.entries.count, kind: 2) { header in
        header.structure(7) {
          $0.int32(1, dictionary.count)
          $0.int32(2, Encoding.plain)
        }
      }
    }
    let dataOffset = offset + bytes.count
    let encoding = dictionary == nil ? Encoding.plain : Encoding.dictionary
    let data = chunk.levels + (dictionary?.encoded ?? chunk.plain)
    let page = try zstandard.compressed(data, path: path)
    append(page, uncompressed: data.count, kind: 0) { header in
      header.structure(5) {
        $0.int32(1, chunk.definitions.count)
        $0.int32(2, encoding)
        $0.int32(3, Encoding.runLengths)
        $0.int32(4, Encoding.runLengths)
      }
    }
    description = describe(
      chunk, at: offset, data: dataOffset, dictionary: dictionary != nil)
  }

  private mutating func append(
    _ page: [UInt8], uncompressed size: Int, kind: Int, _ rest: (inout ThriftWriter) -> Void
  ) {
    var header = ThriftWriter()
    header.structure {
      $0.int32(1, kind)
      $0.int32(2, size)
      $0.int32(3, page.count)
      rest(&$0)
    }
    bytes += header.bytes + page
    uncompressed += header.bytes.count + size
  }

  private func describe(
    _ chunk: ParquetChunk, at offset: Int, data: Int, dictionary: Bool
  ) -> [UInt8] {
    let encodings =
      dictionary
      ? [Encoding.plain, Encoding.runLengths, Encoding.dictionary]
      : [Encoding.plain, Encoding.runLengths]
    var thrift = ThriftWriter()
    thrift.structure {
      $0.int64(2, offset)
      $0.structure(3) {
        $0.int32(1, chunk.column.type.rawValue)
        $0.list(2, of: encodings)
        $0.list(3, of: chunk.column.path)
        $0.int32(4, Self.zstandard)
        $0.int64(5, chunk.definitions.count)
        $0.int64(6, uncompressed)
        $0.int64(7, bytes.count)
        $0.int64(9, data)
        if dictionary { $0.int64(11, offset) }
        $0.structure(12) { statistics in
          let range = ParquetStatistics(chunk)
          statistics.int64(3, chunk.nulls)
          if let range {
            statistics.binary(5, range.largest)
            statistics.binary(6, range.smallest)
          }
        }
      }
    }
    return thrift.bytes
  }
}

extension ParquetChunk {
  /// Where values are missing and rows begin, each behind its length.
  fileprivate var levels: [UInt8] {
    let parts =
      (column.isList ? [runLengths(repetitions, width: 1)] : [])
      + [runLengths(definitions, width: bitWidth(of: Int(column.deepest)))]
    return parts.reduce(into: []) { bytes, part in
      bytes.append(little: UInt32(part.count))
      bytes += part
    }
  }

  /// The values in the encoding PLAIN.
  fileprivate var plain: [UInt8] {
    guard column.type == .boolean else { return values }
    var bits: [UInt8] = []
    bits.append(bits: values.lazy.map { UInt64($0) }, width: 1)
    return bits
  }
}
