internal import CFITSIO
import Foundation

/// Writes an image as the only header-data unit of a FITS file.
public enum ImageWriter {
  /// Writes 32-bit floats under a temporary name, and gives the file its own when it is durable.
  ///
  /// The same arguments give the same bytes; CHECKSUM and DATASUM are written.
  ///
  /// - Parameters:
  ///   - pixels: Row by row from the south, `width × height` values.
  ///   - width: NAXIS1.
  ///   - height: NAXIS2.
  ///   - keywords: Written in their order, after those of the layout.
  ///   - comments: COMMENT cards, one a line.
  ///   - path: The file; one that stands there is replaced.
  /// - Throws: ``FITSError`` when the pixels do not fill the image, a keyword does not fit FITS, the
  ///   folder is not writable or the disk is full.
  public static func write(
    _ pixels: [Float], width: Int, height: Int, keywords: [BinaryTableKeyword] = [],
    comments: [String] = [], to path: String
  ) throws {
    guard width > 0, height > 0, pixels.count == width * height else {
      throw FITSError(
        path, "\(pixels.count) pixels are no image of \(width) × \(height)",
        advice: "Give one value a pixel")
    }
    for keyword in keywords where !keyword.fitsFITS {
      throw FITSError(
        path, "keyword '\(keyword.name)' does not fit FITS",
        advice: "Use up to 8 capitals, digits, - or _, and printable ASCII in its text")
    }
    let temporary = "\(path).\(UUID().uuidString.prefix(8)).part"
    do {
      let file = try ImageOutput(creating: temporary, for: path)
      try file.write(width, height, keywords, comments, pixels)
      try file.close()
      try makeDurable(temporary, as: path)
    } catch {
      unlink(temporary)
      throw error
    }
  }

  private static func makeDurable(_ temporary: String, as path: String) throws {
    let descriptor = open(temporary, O_RDWR)
    defer { close(descriptor) }
    guard descriptor >= 0, fsync(descriptor) == 0, rename(temporary, path) == 0 else {
      let reason = String(cString: strerror(errno))
      throw FITSError(
        path, "the complete file cannot be kept (\(reason))",
        advice: "Check the folder and the space on its disk")
    }
  }
}

extension BinaryTableKeyword {
  /// Whether a card can hold it; CFITSIO would make a HIERARCH card of a longer name.
  fileprivate var fitsFITS: Bool {
    let name = name.utf8
    let isName =
      (1...8).contains(name.count)
      && name.allSatisfy { letter in
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(letter)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(letter)
          || letter == UInt8(ascii: "-") || letter == UInt8(ascii: "_")
      }
    guard case .text(let text) = value else { return isName }
    return isName && text.unicodeScalars.allSatisfy { (" "..."~").contains($0) }
  }
}

/// A FITS file in the making; closed when it is let go.
private final class ImageOutput {
  private let path: String
  private var pointer: UnsafeMutablePointer<fitsfile>?

  init(creating temporary: String, for path: String) throws {
    self.path = path
    try check { ffdkinit(&pointer, temporary, &$0) }
  }

  deinit {
    var status: Int32 = 0
    if let pointer { ffclos(pointer, &status) }
  }

  func write(
    _ width: Int, _ height: Int, _ keywords: [BinaryTableKeyword], _ comments: [String],
    _ pixels: [Float]
  ) throws {
    guard let pointer else { return }
    var sides = [width, height]
    try check { ffcrim(pointer, FLOAT_IMG, 2, &sides, &$0) }
    for keyword in keywords { try write(keyword, pointer) }
    for comment in comments { try check { ffpcom(pointer, comment, &$0) } }
    var pixels = pixels
    try check { ffppre(pointer, 1, 1, Int64(pixels.count), &pixels, &$0) }
    try check { writeChecksums(of: pointer, &$0) }
  }

  private func write(
    _ keyword: BinaryTableKeyword, _ pointer: UnsafeMutablePointer<fitsfile>
  ) throws {
    try check("keyword \(keyword.name)") { status in
      switch keyword.value {
      case .text(let text): ffpkls(pointer, keyword.name, text, keyword.comment, &status)
      case .logical(let flag): ffpkyl(pointer, keyword.name, flag ? 1 : 0, keyword.comment, &status)
      case .integer(let number): ffpkyj(pointer, keyword.name, number, keyword.comment, &status)
      case .real(let number): ffpkyd(pointer, keyword.name, number, -15, keyword.comment, &status)
      }
    }
  }

  func close() throws {
    guard let pointer else { return }
    self.pointer = nil
    try check { ffclos(pointer, &$0) }
  }

  private func check(_ place: String? = nil, _ call: (inout Int32) -> Void) throws {
    var status: Int32 = 0
    call(&status)
    guard status != 0 else { return }
    var messages = [place].compactMap(\.self)
    var text = [CChar](repeating: 0, count: 82)
    ffgerr(status, &text)
    messages.append(BinaryTableFile.text(text))
    while ffgmsg(&text) != 0 { messages.append(BinaryTableFile.text(text)) }
    throw FITSError(
      path, "the image cannot be written: " + messages.joined(separator: ", "),
      advice: status == 105 || status == 106
        ? "Check the folder and the space on its disk" : "Check the keywords")
  }
}
