import Foundation

/// A file and, for FITS, which of its extensions: `file.fits`, `file.fits#2`, `file.fits[NAME]`.
struct TableAddress {
  let path: String
  let part: String?

  init(_ text: String) {
    let isFile = FileManager.default.fileExists(atPath: text)
    if !isFile, text.hasSuffix("]"), let open = text.lastIndex(of: "[") {
      path = String(text[..<open])
      part = String(text[text.index(after: open)...].dropLast())
    } else if !isFile, let hash = text.lastIndex(of: "#") {
      path = String(text[..<hash])
      part = String(text[text.index(after: hash)...])
    } else {
      path = text
      part = nil
    }
  }
}

extension TableFormat {
  /// The format of a file told by its first bytes.
  static func sniffing(_ path: String) throws -> TableFormat {
    let source = try ByteSource(path)
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = try source.read(into: &bytes)
    let head = String(decoding: bytes.prefix(count), as: UTF8.self)
    if head.hasPrefix("SIMPLE  =") { return .fits }
    let text = head.drop { $0 == "\u{FEFF}" || $0.isWhitespace }
    if text.hasPrefix("<") { return .votable }
    if text.isEmpty {
      throw TableError(path, "the file is empty", advice: "Give a FITS, VOTable or CSV catalogue")
    }
    if bytes.prefix(count).contains(0) {
      throw TableError(
        path, "the file is neither FITS, VOTable nor text",
        advice: "Convert it, for instance by 'stilts tcopy'")
    }
    return .csv
  }
}
