internal import CFITSIO
import Failures
import Files

/// An open FITS file; closed when it is let go.
///
/// The path is taken as it stands, brackets and plus signs too: CFITSIO's extended syntax for
/// file names is left aside.
final class FITSFile {
  /// The file's name, also while it still stands under a temporary one.
  let path: String
  let pointer: UnsafeMutablePointer<fitsfile>
  /// The HDUs, from the first on, whose headers were checked.
  var checked = 1
  private var isOpen = true
  /// Whether it is being written.
  let isNew: Bool
  /// The content of a packed file, which CFITSIO reads in its place.
  private let unpacked: UnpackedFile?
  /// Where the file is, if it is only in memory.
  let memory: FileMemory?

  init(opening path: String) throws(FileError) {
    self.path = path
    isNew = false
    memory = nil
    unpacked = try ByteSource.isPacked(path) ? UnpackedFile(path) : nil
    var pointer: UnsafeMutablePointer<fitsfile>?
    var status: Int32 = 0
    ffdkopn(&pointer, unpacked?.path ?? path, READONLY, &status)
    guard status == 0, let pointer else { throw FileError(path, FITSStatus(taking: status)) }
    self.pointer = pointer
  }

  init(creating partial: PartialFile) throws(FITSStatus) {
    path = partial.path
    isNew = true
    unpacked = nil
    memory = nil
    var pointer: UnsafeMutablePointer<fitsfile>?
    var status: Int32 = 0
    ffdkinit(&pointer, partial.temporary, &status)
    guard status == 0, let pointer else { throw FITSStatus(taking: status) }
    self.pointer = pointer
  }

  /// Begins a file that is only in memory, and is called so where something is wrong with it.
  init(inMemory name: String) throws(FITSStatus) {
    path = name
    isNew = true
    unpacked = nil
    let memory = FileMemory()
    self.memory = memory
    var pointer: UnsafeMutablePointer<fitsfile>?
    var status: Int32 = 0
    ffimem(&pointer, memory.start, memory.size, 1 << 16, realloc, &status)
    guard status == 0, let pointer else { throw FITSStatus(taking: status) }
    self.pointer = pointer
  }

  deinit {
    var status: Int32 = 0
    if isOpen { ffclos(pointer, &status) }
  }

  func close() throws(FITSStatus) {
    isOpen = false
    try check { ffclos(pointer, &$0) }
  }

  func check(_ call: (inout Int32) -> Void) throws(FITSStatus) {
    var status: Int32 = 0
    call(&status)
    if status != 0 { throw FITSStatus(taking: status) }
  }

  /// Makes a call whose failure means that there is nothing to be had.
  func succeeds(_ call: (inout Int32) -> Void) -> Bool {
    var status: Int32 = 0
    ffpmrk()
    call(&status)
    if status != 0 { ffcmrk() }
    return status == 0
  }

  /// The text of a keyword, however long, or nil where it is missing or empty; blanks stand for
  /// the control characters that FITS does not allow.
  func text(_ keyword: String) -> String? {
    var value: UnsafeMutablePointer<CChar>?
    let isThere = succeeds { ffgkls(pointer, keyword, &value, nil, &$0) }
    var status: Int32 = 0
    defer { if value != nil { fffree(value, &status) } }
    guard isThere, let value else { return nil }
    let scalars = String(cString: value).unicodeScalars.map { $0.value < 0x20 ? " " : $0 }
    let text = String(String.UnicodeScalarView(scalars))
    return text.isEmpty ? nil : text
  }

  /// The number of a keyword, or nil where it is missing or no number.
  func number(_ keyword: String) -> Double? {
    var number = 0.0
    return succeeds { ffgkyd(pointer, keyword, &number, nil, &$0) } ? number : nil
  }

  /// The truth of a keyword, or nil where it is missing or no logical.
  func logical(_ keyword: String) -> Bool? {
    var flag: Int32 = 0
    return succeeds { ffgkyl(pointer, keyword, &flag, nil, &$0) } ? flag != 0 : nil
  }

  /// The whole number of a keyword, or nil where it is missing or no whole number.
  func integer(_ keyword: String) -> Int? {
    var number: Int64 = 0
    return succeeds { ffgkyjj(pointer, keyword, &number, nil, &$0) } ? Int(number) : nil
  }
}

/// What went wrong in CFITSIO: its status, and the messages that were on its stack.
struct FITSStatus: Failure {
  let code: Int32
  let messages: [String]

  var description: String { messages.joined(separator: "; ") }
  var exitStatus: ExitStatus { .badInput }

  init(taking code: Int32) {
    self.code = code
    var text = [CChar](repeating: 0, count: 31)
    ffgerr(code, &text)
    var messages = [FITSFile.text(text)]
    var message = [CChar](repeating: 0, count: 82)
    while ffgmsg(&message) != 0 { messages.append(FITSFile.text(message)) }
    self.messages = messages
  }
}

extension FITSFile {
  /// The text of a C string in a buffer; Latin-1 where it is not UTF-8.
  static func text(_ characters: [CChar]) -> String {
    let bytes = characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return String(validating: bytes, as: UTF8.self)
      ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
  }
}
