import Astronomy
import FITS

extension TableFormat {
  /// Binary tables of FITS.
  static let fits = TableFormat(
    name: "fits", title: "FITS", extensions: ["fits", "fit", "fts"],
    begins: { $0.hasPrefix("SIMPLE  =") },
    open: { address, _, suits in try FITSTableReader(address, suits: suits) },
    create: { try FITSTableWriter($0, columns: $1, metadata: $2) })
}

extension Metadata {
  /// What a FITS table's header says of it.
  init(_ table: BinaryTable) {
    self.init(
      name: table.name, description: table.comments.joined(separator: "\n").trimmed.nonEmpty)
    frame = Self.frame(table.keywords)
    entries = table.keywords.filter { !Self.frameKeywords.contains($0.name) }
  }

  private static let frameKeywords: Set<String> = ["RADESYS", "EQUINOX", "EPOCH"]

  /// RADESYS and EQUINOX; an equinox alone is of FK4 before 1984 and of FK5 from then on, as the FITS
  /// standard has it for images.
  private static func frame(_ keywords: [Keyword]) -> String? {
    let equinox = keywords.first { $0.name != "RADESYS" && frameKeywords.contains($0.name) }?
      .value.number
    guard case .text(let system) = keywords.first(where: { $0.name == "RADESYS" })?.value else {
      return equinox.map { "\($0 < 1984 ? "FK4" : "FK5") \($0)" }
    }
    return equinox.map { "\(system) \($0)" } ?? system
  }

  /// The keywords that hold the entries and the frame.
  var keywords: [Keyword] {
    guard let (system, equinox) = frameWords else { return entries }
    let year = equinox.flatMap { Double($0.drop { $0.isLetter }) }
    return [Keyword("RADESYS", .text(system), description: "of the positions")]
      + (year.map { [Keyword("EQUINOX", .real($0), unit: "yr")] } ?? []) + entries
  }
}
