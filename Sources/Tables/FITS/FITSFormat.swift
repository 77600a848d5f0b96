import Astronomy
import FITS

extension TableFormat {
  /// Binary tables of FITS.
  static let fits = TableFormat(
    name: "fits", title: "FITS", extensions: ["fits", "fit", "fts"],
    begins: { $0.hasPrefix("SIMPLE  =") },
    open: { address, _, _ in try FITSTableReader(address) },
    create: { try FITSTableWriter($0, columns: $1, metadata: $2) })
}

extension Metadata {
  /// What a FITS table's header says of it.
  init(_ table: BinaryTable) {
    self.init(
      name: table.name, description: table.comments.joined(separator: "\n").trimmed.nonEmpty)
    for keyword in table.keywords {
      if keyword.name == "RADESYS", case .text(let frame) = keyword.value {
        self.frame = frame
      } else {
        entries.append(keyword)
      }
    }
  }

  /// The keywords that hold the entries and the frame.
  var keywords: [Keyword] {
    let frame = frame.map { Keyword("RADESYS", .text($0), description: "of the positions") }
    return [frame].compactMap(\.self) + entries
  }
}
