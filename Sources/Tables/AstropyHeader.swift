import Astronomy
import Yams

/// What astropy says of a table in YAML: above the rows of ECSV, and in comments of a FITS header where columns were
/// made of something else, such as coordinates (APE 6 of astropy).
struct AstropyHeader {
  private let root: Node

  /// The references of YAML that a header may have: with more of them a few lines stand for more than
  /// memory holds.
  static let mostAliases = 40

  /// Whether a text refers to itself more often than a header has to.
  static func isKnotted(_ yaml: String) -> Bool {
    yaml.matches(of: /(^|[\s,:\[{-])\*\w/).count > mostAliases
  }

  /// Reads a header; nil where it is not YAML, or refers to itself too often.
  init?(yaml: String) {
    guard !Self.isKnotted(yaml), let root = try? Yams.compose(yaml: yaml) else { return nil }
    self.root = root
  }

  /// What stands between the columns' values, where it is said.
  var delimiter: UInt8? { root["delimiter"]?.string?.utf8.first }

  /// Each column's name, type, unit and description, and what the coordinates say of it that it was made of.
  var columns: [String: Column] {
    var columns: [String: Column] = [:]
    for node in root["datatype"]?.array() ?? [] {
      guard let name = node["name"]?.string else { continue }
      columns[name] = Column(
        name, node["datatype"]?.string == "string" ? .string : .double,
        unit: node["unit"]?.string, description: node["description"]?.string)
    }
    for (name, place) in coordinates {
      columns[name]?.ucd = place.ucd
      columns[name]?.frame = place.frame
    }
    return columns
  }

  /// The UCD and the frame of each column that was made of coordinates (`SkyCoord`), by name.
  private var coordinates: [String: (ucd: String, frame: String)] {
    var found: [String: (ucd: String, frame: String)] = [:]
    let notes = root["meta"].map { $0.sequence.map(Array.init) ?? [$0] } ?? []
    let made = notes.lazy.compactMap { $0["__serialized_columns__"]?.mapping }.first
    for (_, made) in made ?? [:] {
      guard made["__class__"]?.string?.hasSuffix(".SkyCoord") == true else { continue }
      let frame = [made["frame"]?.string ?? "icrs", made["equinox"].flatMap(year)]
      for (part, ucd) in Self.parts {
        guard let name = (made[part]?["value"] ?? made[part])?["name"]?.string else { continue }
        found[name] = (ucd, frame.compactMap(\.self).joined(separator: " "))
      }
    }
    return found
  }

  private static let parts = [
    ("ra", "pos.eq.ra"), ("dec", "pos.eq.dec"), ("l", "pos.galactic.lon"),
    ("b", "pos.galactic.lat"),
  ]

  /// The year of a time as astropy writes it, Besselian or Julian as its format says: `B1950.0`.
  private func year(_ time: Node) -> String? {
    if let text = time["value"]?.string { return text }
    guard let day = time["jd1"]?.float, let part = time["jd2"]?.float else { return nil }
    let isBesselian = time["format"]?.string?.hasPrefix("byear") == true
    let year =
      isBesselian
      ? 1900 + (day + part - 2_415_020.31352) / 365.242198781
      : 2000 + (day + part - 2_451_545) / 365.25
    return (isBesselian ? "B" : "J") + String((year * 1000).rounded() / 1000)
  }
}

extension AstropyHeader {
  /// Parts the comments of a FITS table from the header that astropy has written among them.
  ///
  /// - Parameter comments: The cards' texts, of which those of the header end with `\` where they go on in the next.
  /// - Returns: What people said, and the header.
  static func part(_ comments: [String]) -> (comments: [String], header: AstropyHeader?) {
    let marks = ["BEGIN", "END"].map { "--\($0)-ASTROPY-SERIALIZED-COLUMNS--" }
    guard let begin = comments.firstIndex(of: marks[0]),
      let end = comments[begin...].firstIndex(of: marks[1])
    else { return (comments, nil) }
    let yaml = comments[(begin + 1)..<end].reduce(into: "") { text, line in
      text += line.last == "\\" ? line.dropLast() : line + "\n"
    }
    return (
      Array(comments[..<begin] + comments[(end + 1)...]), AstropyHeader(yaml: yaml)
    )
  }
}
