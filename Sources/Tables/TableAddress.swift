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

/// The file that an address of a table in it names: `file.fits` for `file.fits#2`.
public func tableFile(of address: String) -> String { TableAddress(address).path }
