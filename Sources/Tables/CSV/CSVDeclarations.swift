import Astronomy
import Files

/// What the comments above a text table say of it: those of ECSV and of VizieR's TSV.
struct CSVDeclarations {
  /// What is said of the columns, by name.
  var columns: [String: Column] = [:]

  /// The separator, where it is said.
  var separator: UInt8?

  /// The frames of positions that are said.
  var frames: [String] = []

  /// Reads comment lines, without their `#`.
  ///
  /// - Throws: `FileError` for an ECSV header that is not YAML or names no columns.
  init(_ comments: [String], path: String) throws {
    if comments.first?.trimmed.hasPrefix("%ECSV") == true {
      // Each line stands behind "# ", of which the mark is gone.
      try readECSV(comments.dropFirst().map { $0.dropFirst() }.joined(separator: "\n"), path: path)
    } else {
      for comment in comments {
        readVizieR(comment.split(separator: "\t").map(\.trimmed))
        readPyBDSF(comment.trimmed)
      }
    }
  }

  /// Whether a column is said to hold text.
  func isText(_ name: String) -> Bool { columns[name]?.datatype == .string }

  /// ECSV 1.0: YAML with the delimiter, a blank where none is named, and the columns.
  private mutating func readECSV(_ text: String, path: String) throws {
    if AstropyHeader.isKnotted(text) {
      throw FileError(
        path,
        "the ECSV header refers to itself more than \(AstropyHeader.mostAliases) times",
        advice: "Write the file again with astropy, without its meta data")
    }
    guard let header = AstropyHeader(yaml: text), case let said = header.columns, !said.isEmpty
    else {
      throw FileError(
        path, "the ECSV header is broken", advice: "Write the file again with astropy")
    }
    columns = said
    separator = header.delimiter ?? UInt8(ascii: " ")
  }

  /// `Equinox : 1950.0`, which is of FK4 as in FITS; one of 2000 may be that of ICRS.
  private mutating func readPyBDSF(_ comment: String) {
    guard let year = comment.wholeMatch(of: /Equinox\s*:\s*([0-9.]+)/)?.1, let year = Double(year),
      year < 1984
    else { return }
    frames.append("FK4 B\(year)")
  }

  /// `Column Name (F9.5) Words [ucd=…]` and `Coosys J2000: eq_FK5 J2000`, parted by tabulators.
  private mutating func readVizieR(_ words: [String]) {
    switch words.first {
    case "Column" where words.count > 3:
      let ucd = words.last?.wholeMatch(of: /\[ucd=(.*)\]/)?.1
      columns[words[1]] = Column(
        words[1], words[2].hasPrefix("(A") ? .string : .double,
        ucd: ucd.map { String($0) }, description: words[3])
    case "Coosys" where words.count > 2:
      if !frames.contains(words[2]) { frames.append(words[2]) }
    default: break
    }
  }
}
