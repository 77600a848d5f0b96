extension TableFormat {
  /// The IVOA's VOTable: every serialisation but FITS is read, TABLEDATA written.
  static let votable = TableFormat(
    name: "votable", title: "VOTable", extensions: ["vot", "votable", "xml"],
    begins: { $0.drop { $0 == "\u{FEFF}" || $0.isWhitespace }.hasPrefix("<") },
    open: { address, _, suits in try VOTableReader(address, suits: suits) },
    create: { try VOTableWriter($0, columns: $1, metadata: $2) })
}
