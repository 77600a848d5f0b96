import Files

extension TableFormat {
  /// Text by RFC 4180, the fields parted by commas.
  static let csv = text(name: "csv", extensions: ["csv"], separator: ",")

  /// Text by RFC 4180, the fields parted by tabs.
  static let tsv = text(name: "tsv", extensions: ["tsv", "tab"], separator: "\t")

  /// Whichever separator a file has, the reader finds it.
  private static func text(
    name: String, extensions: [String], separator: Unicode.Scalar
  ) -> TableFormat {
    TableFormat(
      name: name, title: "CSV", extensions: extensions,
      begins: { head in
        !head.contains("\0") && !head.allSatisfy { $0 == "\u{FEFF}" || $0.isWhitespace }
      },
      open: { address, texts, _ in
        if let part = address.part, part != "1" {
          throw FileError(
            address.path, "a file of text holds one table: there is no '\(part)'",
            advice: "Leave out what stands behind its name")
        }
        return try CSVReader(address.path, texts: texts)
      },
      create: { path, columns, _ in try CSVWriter(path, columns: columns, separator: separator) })
  }
}
