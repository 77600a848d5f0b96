import Failures
import Files
import Foundation

/// The content of a gzipped or bzipped file, in a file without a name that goes when this is let go.
///
/// CFITSIO would unpack the first of several packed streams alone, and of a file in memory it reads as
/// much as a header says, beyond its end.
final class UnpackedFile {
  private let descriptor: Int32

  /// Where CFITSIO finds the content.
  var path: String { "/proc/self/fd/\(descriptor)" }

  init(_ packed: String) throws(FileError) {
    let source = try ByteSource(packed)
    let folder = FileManager.default.temporaryDirectory.path
    var name = Array((folder + "/reber-XXXXXX").utf8CString)
    descriptor = mkstemp(&name)
    guard descriptor >= 0 else { throw Self.failure(packed, folder) }
    unlink(name)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    do {
      try fill(from: source, in: folder)
    } catch {
      close(descriptor)
      throw error
    }
  }

  private func fill(from source: ByteSource, in folder: String) throws(FileError) {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { block.deallocate() }
    while true {
      let count = try source.read(into: block)
      if count == 0 { return }
      var done = 0
      while done < count {
        let written = write(descriptor, block.baseAddress.map { $0 + done }, count - done)
        guard written > 0 else { throw Self.failure(source.path, folder) }
        done += written
      }
    }
  }

  deinit { close(descriptor) }

  private static func failure(_ packed: String, _ folder: String) -> FileError {
    FileError(
      packed, "it cannot be unpacked into \(folder) (\(String(cString: strerror(errno))))",
      advice: "Make room there, name another folder by TMPDIR, or unpack the file yourself",
      exitStatus: .cannotCreate)
  }
}
