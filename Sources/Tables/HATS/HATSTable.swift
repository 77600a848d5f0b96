public import Astronomy
import Failures
import Files
import Foundation
import HEALPix

/// Writes the folder of a HATS table: Parquet in a file a cell of the sky, which LSDB reads.
///
/// Rows come in the order of the partitions, each behind three values: the place of its partition, 0 for the
/// first; its cell of the finest order, which becomes the column `_healpix_29`; and its rank, which becomes
/// `_rank`.
public final class HATSTable: TableWriter {
  /// The column by which rows are found on the sky.
  public static let cellColumn = Column(
    "_healpix_29", .int64, description: "HEALPix cell of order 29, nested, of the position")
  /// The column by which a viewer shows more of the sources the closer it looks.
  static let rankColumn = Column(
    "_rank", .int64, ucd: "meta.number",
    description:
      "Level of detail: 1 is shown first; by S/N over the share of the sources in the class")

  private let folder: String
  private let cells: [HEALPixCell]
  private let columns: [Column]
  private let metadata: Metadata
  private let properties: HATSProperties
  private var part: (place: Int, table: any TableWriter, direct: Direct?)?
  private var written: [HEALPixCell] = []
  private var rowCount = 0

  private typealias Direct = ([UnsafeRawBufferPointer?]) throws -> Void

  /// Begins the table.
  ///
  /// - Parameters:
  ///   - folder: Which must not be there yet.
  ///   - partitions: How it is divided.
  ///   - columns: Without `_healpix_29` and `_rank`.
  ///   - metadata: What it says of itself.
  ///   - properties: What readers of HATS want to know.
  /// - Throws: `FileError` where the folder cannot be made.
  public init(
    _ folder: String, partitions: HATSPartitions, columns: [Column], metadata: Metadata,
    properties: HATSProperties
  ) throws {
    self.folder = folder
    cells = partitions.cells
    self.columns = [Self.cellColumn, Self.rankColumn] + columns
    self.metadata = metadata
    self.properties = properties
    try makeFolder(folder + "/dataset")
    try createTable(
      folder + "/dataset/_common_metadata", format: .parquet, columns: self.columns,
      metadata: metadata
    ).finish()
  }

  public func write(_ rows: [[Value]]) throws {
    for row in rows {
      guard row.count > 3, case .integer(let place) = row[0] else { continue }
      try turn(to: Int(place))
      try part?.table.write([Array(row.dropFirst())])
      rowCount += 1
    }
  }

  public var direct: DirectWriter? {
    guard columns.allSatisfy({ $0.shape == .scalar }) else { return nil }
    return .cells { [self] cells in
      guard let place = cells[0], place.count == 4 else { return }
      try turn(to: Int(Int32(bigEndian: place.loadUnaligned(as: Int32.self))))
      try part?.direct?(Array(cells.dropFirst()))
      rowCount += 1
    }
  }

  /// Completes the table; without rows there is none, and the folder goes.
  ///
  /// - Throws: `FileError` where the disk is full.
  public func finish() throws {
    try part?.table.finish()
    part = nil
    guard rowCount > 0 else {
      try FileManager.default.removeItem(atPath: folder)
      return
    }
    let list = ["Norder,Npix"] + written.map { "\($0.order),\($0.number)" }
    try PartialFile.write(
      Data((list.joined(separator: "\n") + "\n").utf8), to: folder + "/partition_info.csv")
    let text = properties.text(rows: rowCount, order: written.map(\.order).max() ?? 0)
    for name in ["hats.properties", "properties"] {
      try PartialFile.write(Data(text.utf8), to: folder + "/" + name)
    }
  }

  /// Whether rows were written.
  public var isEmpty: Bool { rowCount == 0 }

  private func turn(to place: Int) throws {
    guard part?.place != place else { return }
    try part?.table.finish()
    let cell = cells[place]
    let home =
      "\(folder)/dataset/Norder=\(cell.order)/Dir=\(cell.number / 10_000 * 10_000)"
    try makeFolder(home)
    let table = try createTable(
      "\(home)/Npix=\(cell.number).parquet", format: .parquet, columns: columns, metadata: metadata
    )
    var direct: Direct?
    if case .cells(let write) = table.direct { direct = write }
    part = (place, table, direct)
    written.append(cell)
  }
}
