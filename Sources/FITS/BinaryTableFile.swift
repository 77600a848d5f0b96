internal import CFITSIO

/// An open FITS file that stands at a binary table.
final class BinaryTableFile {
  let path: String
  let file: FITSFile

  var pointer: UnsafeMutablePointer<fitsfile> { file.pointer }

  init(opening path: String) throws {
    self.path = path
    do {
      file = try FITSFile(opening: path)
    } catch {
      throw failure(of: path, error)
    }
  }

  init(creating path: String) throws {
    self.path = path
    do {
      file = try FITSFile(creating: path)
    } catch {
      throw failure(of: path, error)
    }
  }

  func close() throws {
    do {
      try file.close()
    } catch {
      throw failure(of: path, error)
    }
  }

  /// Calls CFITSIO and turns its status into an error that names the row and column.
  func check(
    row: Int? = nil, column: String? = nil, _ call: (inout Int32) -> Void
  ) throws {
    do {
      try file.check(call)
    } catch {
      throw failure(of: path, row: row, column: column, error)
    }
  }

  /// Goes to an extension by number or name, or to the first binary table.
  func select(_ part: String?) throws {
    var type: Int32 = 0
    if let part, let number = Int32(part) {
      try check { ffmahd(pointer, number + 1, &type, &$0) }
    } else if let part {
      try check { status in
        var name = Array(part.utf8CString)
        ffmnhd(pointer, BINARY_TBL, &name, 0, &status)
      }
      type = BINARY_TBL
    } else {
      type = try firstTable()
    }
    guard type == BINARY_TBL else {
      throw problem(
        "extension \(part ?? "") is no binary table", advice: "List the extensions with 'fitsinfo'")
    }
  }

  private func firstTable() throws -> Int32 {
    var count: Int32 = 0
    try check { ffthdu(pointer, &count, &$0) }
    for number in 1...max(count, 1) {
      var type: Int32 = 0
      try check { ffmahd(pointer, number, &type, &$0) }
      if type == BINARY_TBL, fits_is_compressed_image(pointer, &count) == 0 { return type }
    }
    throw problem(
      "the file holds no binary table", advice: "Give a catalogue; images are not read here")
  }

  func rowCount() throws -> Int {
    var count: Int64 = 0
    try check { ffgnrwll(pointer, &count, &$0) }
    return Int(count)
  }

  func problem(_ problem: String, advice: String) -> BinaryTableError {
    BinaryTableError(path: path, problem: problem, advice: advice)
  }
}

/// What a status of CFITSIO means, with the messages on its stack.
private func failure(
  of path: String, row: Int? = nil, column: String? = nil, _ status: FITSStatus
) -> BinaryTableError {
  let place = [row.map { "row \($0)" }, column.map { "column '\($0)'" }].compactMap(\.self)
  let problem = (place + status.messages).joined(separator: ", ")
  return BinaryTableError(path: path, problem: problem, advice: advice(status.code))
}

private func advice(_ status: Int32) -> String {
  switch status {
  case 104: "Check the path and who may read it"
  case 412: "A number is beyond 64 bits: convert the column to text or double first"
  case 301: "Choose an extension that exists; 'fitsinfo' lists them"
  case 105, 106: "Check the folder and the space on its disk"
  default: "Check the file with 'fitsverify'"
  }
}
