import Files

extension TableFormat {
  /// Apache Parquet, which is written and not read.
  static let parquet = TableFormat(
    name: "parquet", title: "Parquet", extensions: ["parquet"],
    begins: { $0.hasPrefix("PAR1") },
    open: { address, _, _ in
      throw FileError(
        address.path, "Parquet is written but not read",
        advice: "Convert it, for instance by astropy's Table.read(…).write('sources.fits')")
    },
    create: { try ParquetTableWriter($0, columns: $1, metadata: $2) })
}
