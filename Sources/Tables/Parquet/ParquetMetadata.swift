import Astronomy
import Foundation

/// What a Parquet file says of its table beyond names and types: units, UCDs and the rest.
///
/// Parquet has no place for them but texts under names. Two ways are about, and the file goes both: a VOTable
/// without data (IVOA Note "VOParquet" 1.0), and astropy's YAML, which is that of ECSV.
struct ParquetMetadata {
  let columns: [Column]
  let metadata: Metadata
  /// The chunks of the columns of text, by name.
  let texts: [String: ParquetChunk]

  var entries: [(key: String, value: String)] {
    [
      ("IVOA.VOTable-Parquet.version", "1.0"), ("IVOA.VOTable-Parquet.content", votable),
      ("table_meta_yaml", yaml),
    ]
      // astropy makes columns of so many characters of them, and reads all texts where it is not said.
      + columns.compactMap { column in
        texts[column.name].map { ("table::len::\(column.name)", String($0.width)) }
      }
  }

  private var votable: String {
    let fields = columns.map { column in
      VOMarkup.field(column, frame: metadata.frame)
        + VOMarkup.datatype(
          column, null: nil, texts: texts[column.name].map { ($0.isASCII, $0.width) } ?? (true, nil)
        )
    }
    return VOMarkup.opening(metadata) + fields.joined() + VOMarkup.closingWithoutData
  }

  /// The columns and entries as astropy's tables know them (APE 6), in JSON, which YAML contains.
  private var yaml: String {
    var lines = ["datatype:"] + columns.map { "- \(flow(described($0)))" }
    var entries = metadata.entries.map { ($0.name, scalar($0.value)) }
    if let name = metadata.name { entries.insert(("name", quoted(name)), at: 0) }
    if let description = metadata.description {
      entries.insert(("description", quoted(description)), at: 0)
    }
    guard !entries.isEmpty else { return lines.joined(separator: "\n") }
    lines.append("meta: !!omap")
    lines += entries.map { "- \(flow([($0.0, $0.1)]))" }
    return lines.joined(separator: "\n")
  }

  private func described(_ column: Column) -> [(String, String)] {
    var parts = [("name", quoted(column.name)), ("datatype", column.datatype.inNumPy)]
    if let unit = column.unit { parts.append(("unit", quoted(unit))) }
    if let description = column.description { parts.append(("description", quoted(description))) }
    if let ucd = column.ucd { parts.append(("meta", "!!omap [\(flow([("ucd", quoted(ucd))]))]")) }
    return parts
  }

  private func flow(_ parts: [(String, String)]) -> String {
    "{" + parts.map { "\(quoted($0.0)): \($0.1)" }.joined(separator: ", ") + "}"
  }

  private func scalar(_ value: Value) -> String {
    switch value {
    case .text(let text): quoted(text)
    case .real(let number): number.isFinite ? "\(number)" : (number < 0 ? "-.inf" : ".inf")
    case .integer(let number): String(number)
    case .boolean(let flag): flag ? "true" : "false"
    case .null: "null"
    case .reals(let elements):
      "[" + elements.map { scalar(.real($0)) }.joined(separator: ", ") + "]"
    }
  }

  private func quoted(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    // A text can always be encoded.
    return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }
}

extension ParquetChunk {
  /// The characters that a column of the texts needs, of which readers want at least one.
  fileprivate var width: Int { max(1, longestText) }
}

extension Datatype {
  /// The name of the type in NumPy.
  fileprivate var inNumPy: String {
    switch self {
    case .boolean: "bool"
    case .uint8, .int16, .int32, .int64, .string: rawValue
    case .float: "float32"
    case .double: "float64"
    }
  }
}
