final class FITSTableReader: TableReader {
  let columns: [Column] = []; let metadata = Metadata(); let rowCount: Int? = nil
  init(_ a: TableAddress) throws {}
  func read(chunk: Int, _ body: ([[Value]]) throws -> Void) throws {}
}
final class FITSTableWriter: TableWriter {
  init(_ path: String, columns: [Column], metadata: Metadata) throws {}
  func write(_ rows: [[Value]]) throws {}
  func finish() throws {}
}
