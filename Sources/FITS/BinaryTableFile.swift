internal import CFITSIO
import Failures
import Files

/// An open FITS file that stands at a binary table.
final class BinaryTableFile {
  let file: FITSFile

  var pointer: UnsafeMutablePointer<fitsfile> { file.pointer }

  init(opening path: String) throws { file = try FITSFile(opening: path) }

  init(creating partial: PartialFile) throws {
    do {
      file = try FITSFile(creating: partial)
    } catch {
      throw FileError(table: partial.path, error, isNew: true)
    }
  }

  /// Calls CFITSIO and turns its status into an error that names the row and column.
  func check(
    row: Int? = nil, column: String? = nil, _ call: (inout Int32) -> Void
  ) throws {
    try explaining(row: row, column: column) { try $0.check(call) }
  }

  /// Turns a status of CFITSIO into an error that names the row and column.
  func explaining(
    row: Int? = nil, column: String? = nil, _ body: (FITSFile) throws -> Void
  ) throws {
    do {
      try body(file)
    } catch let status as FITSStatus {
      throw FileError(
        table: file.path, row: row, column: column, status, isNew: file.isNew)
    }
  }

  /// Goes to an extension, by its number from the primary's 0, if the file does not stand there.
  func select(_ number: Int) throws {
    if hdu != number + 1 { _ = try file.move(to: number + 1) }
  }

  /// The HDU at which the file stands, the first being 1.
  var hdu: Int {
    var current: Int32 = 0
    ffghdn(pointer, &current)
    return Int(current)
  }

  /// The extensions that are tables, by their numbers: binary ones and those in text, but not images
  /// that were compressed into one.
  func tables() throws -> [Int] {
    var (found, number) = ([Int](), 0)
    while try file.move(to: number + 1) {
      if isTable { found.append(number) }
      number += 1
    }
    return found
  }

  private var isTable: Bool {
    var (type, status): (Int32, Int32) = (0, 0)
    guard file.succeeds({ ffghdt(pointer, &type, &$0) }) else { return false }
    return type == ASCII_TBL
      || type == BINARY_TBL && fits_is_compressed_image(pointer, &status) == 0
  }

  var noTable: FileError {
    problem("the file holds no table", advice: "Give a catalogue; images are not read here")
  }

  func rowCount() throws -> Int {
    var count: Int64 = 0
    try check { ffgnrwll(pointer, &count, &$0) }
    return Int(count)
  }

  /// The rows that fit into CFITSIO's memory of the file.
  func rowsAtOnce() throws -> Int {
    var count = 0
    try check { ffgrsz(pointer, &count, &$0) }
    return max(count, 1)
  }

  func tooManyElements(_ count: Int64, row: Int? = nil, column: String) -> FileError {
    FileError(
      file.path, row: row, column: column, "a cell says that it has \(count) elements",
      advice:
        "At most \(BinaryTableLayout.mostElements) are read: get the file again if it is damaged")
  }

  func problem(_ problem: String, advice: String) -> FileError {
    FileError(file.path, problem, advice: advice)
  }
}

extension FileError {
  /// What a status of CFITSIO means for a table, with the messages on its stack.
  fileprivate init(
    table path: String, row: Int? = nil, column: String? = nil, _ status: FITSStatus, isNew: Bool
  ) {
    // On a full disk CFITSIO misses what it has not written.
    let isDisk =
      [FILE_NOT_CREATED, WRITE_ERROR].contains(status.code)
      || isNew && [READ_ERROR, END_OF_FILE].contains(status.code)
    self.init(
      path, row: row, column: column, status.messages.joined(separator: ", "),
      advice: isDisk ? "Check the folder and the space on its disk" : tableAdvice(status.code),
      exitStatus: isDisk ? .cannotCreate : .badInput)
  }
}

private func tableAdvice(_ status: Int32) -> String {
  switch status {
  case 104: "Check the path and who may read it"
  case 412: "A number is beyond 64 bits: convert the column to text or double first"
  default: "Check the file with 'fitsverify'"
  }
}
