import Astronomy
import Files
import Yams

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
      for comment in comments { readVizieR(comment.split(separator: "\t").map(\.trimmed)) }
    }
  }

  /// Whether a column is said to hold text.
  func isText(_ name: String) -> Bool { columns[name]?.datatype == .string }

  /// The references of YAML that a header may have: with more of them a few lines stand for more than
  /// memory holds.
  private static let mostAliases = 40

  /// ECSV 1.0: YAML with the delimiter, a blank where none is named, and each column's name, type,
  /// unit and description (APE 6 of astropy).
  private mutating func readECSV(_ text: String, path: String) throws {
    guard text.matches(of: /(^|[\s,:\[{-])\*\w/).count <= Self.mostAliases else {
      throw FileError(
        path, "the ECSV header refers to itself more than \(Self.mostAliases) times",
        advice: "Write the file again with astropy, without its meta data")
    }
    guard let header = try? Yams.compose(yaml: text),
      let list = header["datatype"]?.array(), !list.isEmpty
    else {
      throw FileError(
        path, "the ECSV header is broken", advice: "Write the file again with astropy")
    }
    separator = header["delimiter"]?.string?.utf8.first ?? UInt8(ascii: " ")
    for node in list {
      guard let name = node["name"]?.string else { continue }
      columns[name] = Column(
        name, node["datatype"]?.string == "string" ? .string : .double,
        unit: node["unit"]?.string, description: node["description"]?.string)
    }
    readCoordinates(header["meta"])
  }

  /// What astropy says of the columns that it made of its coordinates (`SkyCoord`).
  private mutating func readCoordinates(_ meta: Node?) {
    let notes = meta.map { $0.sequence.map(Array.init) ?? [$0] } ?? []
    let made = notes.lazy.compactMap { $0["__serialized_columns__"]?.mapping }.first
    for (_, made) in made ?? [:] {
      guard made["__class__"]?.string?.hasSuffix(".SkyCoord") == true else { continue }
      let frame = [made["frame"]?.string ?? "icrs", made["equinox"].flatMap(astropyYear)]
      for (part, ucd) in [
        ("ra", "pos.eq.ra"), ("dec", "pos.eq.dec"), ("l", "pos.galactic.lon"),
        ("b", "pos.galactic.lat"),
      ] {
        guard let name = (made[part]?["value"] ?? made[part])?["name"]?.string else { continue }
        columns[name]?.ucd = ucd
        columns[name]?.frame = frame.compactMap(\.self).joined(separator: " ")
      }
    }
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

/// The year of a time as astropy writes it, Besselian or Julian as its format says: `B1950.0`.
private func astropyYear(_ time: Node) -> String? {
  if let text = time["value"]?.string { return text }
  guard let day = time["jd1"]?.float, let part = time["jd2"]?.float else { return nil }
  let isBesselian = time["format"]?.string?.hasPrefix("byear") == true
  let year =
    isBesselian
    ? 1900 + (day + part - 2_415_020.31352) / 365.242198781
    : 2000 + (day + part - 2_451_545) / 365.25
  return (isBesselian ? "B" : "J") + String((year * 1000).rounded() / 1000)
}
