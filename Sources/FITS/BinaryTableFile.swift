internal import CFITSIO
import Foundation

/// An open FITS file that stands at a binary table; closed when it is let go.
final class BinaryTableFile {
  let path: String
  let pointer: UnsafeMutablePointer<fitsfile>
  private var isOpen = true

  init(opening path: String) throws {
    self.path = path
    var pointer: UnsafeMutablePointer<fitsfile>?
    var status: Int32 = 0
    ffdkopn(&pointer, path, READONLY, &status)
    guard status == 0, let pointer else { throw failure(of: path, status) }
    self.pointer = pointer
  }

  init(creating path: String) throws {
    self.path = path
    var pointer: UnsafeMutablePointer<fitsfile>?
    var status: Int32 = 0
    ffdkinit(&pointer, path, &status)
    guard status == 0, let pointer else { throw failure(of: path, status) }
    self.pointer = pointer
  }

  deinit {
    var status: Int32 = 0
    if isOpen { ffclos(pointer, &status) }
  }

  func close() throws {
    isOpen = false
    try check { ffclos(pointer, &$0) }
  }

  /// Calls CFITSIO and turns its status into an error that names the row and column.
  func check(
    row: Int? = nil, column: String? = nil, _ call: (inout Int32) -> Void
  ) throws {
    var status: Int32 = 0
    call(&status)
    if status != 0 { throw failure(of: path, row: row, column: column, status) }
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
  of path: String, row: Int? = nil, column: String? = nil, _ status: Int32
) -> BinaryTableError {
  var text = [CChar](repeating: 0, count: 31)
  ffgerr(status, &text)
  var messages = [BinaryTableFile.text(text)]
  var message = [CChar](repeating: 0, count: 82)
  while ffgmsg(&message) != 0 { messages.append(BinaryTableFile.text(message)) }
  let place = [row.map { "row \($0)" }, column.map { "column '\($0)'" }].compactMap(\.self)
  let problem = (place + messages).joined(separator: ", ")
  return BinaryTableError(path: path, problem: problem, advice: advice(status))
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

extension BinaryTableFile {
  /// The text of a C string in a buffer; Latin-1 where it is not UTF-8.
  static func text(_ characters: [CChar]) -> String {
    let bytes = characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return String(validating: bytes, as: UTF8.self)
      ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
  }
}
