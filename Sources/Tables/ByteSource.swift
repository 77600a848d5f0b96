internal import CZlib
import Files
import Foundation

/// A file read from its first byte to its last, gunzipped where it needs to be.
final class ByteSource {
  let path: String
  private let file: gzFile

  init(_ path: String) throws {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    guard exists, !isFolder.boolValue else {
      let problem = exists ? "this is a folder" : "there is no such file"
      throw FileError(path, problem, advice: "Give the path of a catalogue")
    }
    guard let file = gzopen(path, "rb") else {
      let reason = String(cString: strerror(errno))
      throw FileError(
        path, "the file cannot be opened (\(reason))", advice: "Check who may read it")
    }
    gzbuffer(file, 1 << 18)
    self.path = path
    self.file = file
  }

  deinit { gzclose(file) }

  /// Fills the buffer from its start and returns the number of bytes read: 0 at the end.
  func read(into buffer: inout [UInt8]) throws -> Int {
    let count = gzread(file, &buffer, UInt32(buffer.count))
    var code: Int32 = Z_OK
    let message = gzerror(file, &code)
    // A truncated gzip file gives what it holds, then Z_BUF_ERROR.
    guard count >= 0, code == Z_OK || code == Z_STREAM_END else {
      let reason = message.map { String(cString: $0) } ?? "unknown"
      throw FileError(
        path, "the file cannot be read to its end (\(reason))", advice: "Copy or download it again")
    }
    return Int(count)
  }
}
