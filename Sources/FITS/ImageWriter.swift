public import Astronomy
internal import CFITSIO
import Failures
import Files

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
  /// - Throws: `FileError` when the pixels do not fill the image, a keyword does not fit FITS, the
  ///   folder is not writable or the disk is full.
  public static func write(
    _ pixels: [Float], width: Int, height: Int, keywords: [Keyword] = [], comments: [String] = [],
    to path: String
  ) throws {
    try explaining(path) {
      let partial = PartialFile(path, isOneOfMany: true)
      let file = try FITSFile(creating: partial)
      try file.write(width, height, keywords, comments, pixels)
      try file.close()
      try partial.complete()
    }
  }

  /// The bytes of the file that ``write(_:width:height:keywords:comments:to:)`` makes of the same.
  ///
  /// - Throws: `FileError` when the pixels do not fill the image or a keyword does not fit FITS; it calls
  ///   the file by `name`.
  public static func bytes(
    _ pixels: [Float], width: Int, height: Int, keywords: [Keyword] = [], comments: [String] = [],
    name: String
  ) throws -> [UInt8] {
    try explaining(name) {
      let file = try FITSFile(inMemory: name)
      try file.write(width, height, keywords, comments, pixels)
      var end = 0
      try file.check { ffghad(file.pointer, nil, nil, &end, &$0) }
      try file.close()
      return file.memory?.bytes(end) ?? []
    }
  }

  private static func explaining<Made>(_ path: String, _ write: () throws -> Made) throws -> Made {
    do {
      return try write()
    } catch let status as FITSStatus {
      throw FileError(
        path, "the image cannot be written: " + status.messages.joined(separator: ", "),
        advice: "Check the keywords, the folder and the space on its disk",
        exitStatus: .cannotCreate)
    }
  }
}

extension FITSFile {
  /// Writes the header and the pixels of an image, and its checksums.
  fileprivate func write(
    _ width: Int, _ height: Int, _ keywords: [Keyword], _ comments: [String], _ pixels: [Float]
  ) throws {
    guard width > 0, height > 0, pixels.count == width * height else {
      throw FileError(
        path, "\(pixels.count) pixels are no image of \(width) × \(height)",
        advice: "Give one value a pixel")
    }
    var sides = [width, height]
    try check { ffcrim(pointer, FLOAT_IMG, 2, &sides, &$0) }
    try write(keywords, comments: comments)
    var pixels = pixels
    try check { ffppre(pointer, 1, 1, Int64(pixels.count), &pixels, &$0) }
    try check { writeChecksums(of: pointer, &$0) }
  }
}
