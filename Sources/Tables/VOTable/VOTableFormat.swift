extension TableFormat {
  /// The IVOA's VOTable: every serialisation but FITS is read, TABLEDATA written.
  static let votable = TableFormat(
    name: "votable", title: "VOTable", extensions: ["vot", "votable", "xml"],
    begins: { $0.drop { $0 == "\u{FEFF}" || $0.isWhitespace }.hasPrefix("<") },
    open: { address, _, suits in
      let parts = try VOTableReader.parts(of: address.path)
      let number = try parts?.chosen(address.part, of: address.path, suits: suits)
      return try VOTableReader(address.path, table: number ?? 1)
    },
    create: { try VOTableWriter($0, columns: $1, metadata: $2) })
}
