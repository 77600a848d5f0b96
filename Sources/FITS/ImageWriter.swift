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
    let temporary = temporaryName(for: path)
    do {
      let file = try FITSFile(creating: temporary)
      try file.write(width, height, keywords, comments, pixels)
      try file.close()
      try makeDurable(temporary, as: path)
    } catch let status as FITSStatus {
      unlink(temporary)
      throw FITSError(
        path, "the image cannot be written: " + status.messages.joined(separator: ", "),
        advice: "Check the keywords, the folder and the space on its disk")
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

extension FITSFile {
  /// Writes the header and the pixels of an image, and its checksums.
  fileprivate func write(
    _ width: Int, _ height: Int, _ keywords: [BinaryTableKeyword], _ comments: [String],
    _ pixels: [Float]
  ) throws(FITSStatus) {
    var sides = [width, height]
    try check { ffcrim(pointer, FLOAT_IMG, 2, &sides, &$0) }
    for keyword in keywords { try check { write(keyword, &$0) } }
    for comment in comments { try check { ffpcom(pointer, comment, &$0) } }
    var pixels = pixels
    try check { ffppre(pointer, 1, 1, Int64(pixels.count), &pixels, &$0) }
    try check { writeChecksums(of: pointer, &$0) }
  }

  private func write(_ keyword: BinaryTableKeyword, _ status: inout Int32) {
    switch keyword.value {
    case .text(let text): ffpkls(pointer, keyword.name, text, keyword.comment, &status)
    case .logical(let flag): ffpkyl(pointer, keyword.name, flag ? 1 : 0, keyword.comment, &status)
    case .integer(let number): ffpkyj(pointer, keyword.name, number, keyword.comment, &status)
    case .real(let number): ffpkyd(pointer, keyword.name, number, -15, keyword.comment, &status)
    }
  }
}
