internal import CFITSIO
import Files
import Foundation

extension FileError {
  /// What a status of CFITSIO means for the reading of an image.
  init(_ path: String, hdu: Int? = nil, _ status: FITSStatus) {
    switch status.code {
    case FILE_NOT_OPENED:
      let isThere = FileManager.default.fileExists(atPath: path)
      self.init(
        path, isThere ? "the file cannot be opened" : "there is no such file",
        advice: "Check the path and who may read it")
    case END_OF_FILE, READ_ERROR, NO_END, DATA_COMPRESSION_ERR, DATA_DECOMPRESSION_ERR,
      MEMORY_ALLOCATION:
      self = .truncated(path, hdu: hdu)
    case UNKNOWN_REC, NO_SIMPLE:
      self.init(path, "this is no FITS file", advice: "Give a FITS image, plain, gzipped or tiled")
    default:
      self.init(
        path, hdu: hdu, status.messages.joined(separator: ", "),
        advice: "Check the file with 'fitsverify'")
    }
  }

  static func truncated(_ path: String, hdu: Int? = nil) -> FileError {
    FileError(
      path, hdu: hdu, "the file is cut off or damaged: not all of its data are there",
      advice: "Copy or download it again")
  }
}
