internal import FITS
import Foundation

/// A file written under a temporary name beside its own, which it gets when it is complete.
final class ByteSink {
  let path: String
  private let temporary: String
  private var file: UnsafeMutablePointer<FILE>?
  /// The bytes written so far.
  private(set) var offset = 0

  init(_ path: String) throws {
    self.path = path
    temporary = temporaryName(for: path)
    file = fopen(temporary, "wb")
    if file == nil { throw failure("cannot be created") }
  }

  deinit {
    guard let file else { return }
    fclose(file)
    unlink(temporary)
  }

  func write(_ bytes: [UInt8]) throws {
    guard let file else { return }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
      throw failure("cannot be written")
    }
    offset += bytes.count
  }

  /// Writes over bytes that were written before.
  func patch(_ bytes: [UInt8], at place: Int) throws {
    guard let file else { return }
    guard fseek(file, place, SEEK_SET) == 0, fwrite(bytes, 1, bytes.count, file) == bytes.count,
      fseek(file, 0, SEEK_END) == 0
    else { throw failure("cannot be written") }
  }

  /// Makes the file durable and gives it its name.
  func finish() throws {
    guard let file else { return }
    guard fflush(file) == 0, fsync(fileno(file)) == 0 else { throw failure("cannot be written") }
    fclose(file)
    self.file = nil
    try rename(temporary, to: path)
  }

  private func failure(_ what: String) -> TableError {
    let reason = String(cString: strerror(errno))
    return TableError(
      path, "the file \(what) (\(reason))", advice: "Check the folder and the space on its disk")
  }
}

/// Gives a complete file its name, replacing what stood there.
func rename(_ temporary: String, to path: String) throws {
  guard Foundation.rename(temporary, path) == 0 else {
    let reason = String(cString: strerror(errno))
    unlink(temporary)
    throw TableError(
      path, "the complete file cannot get its name (\(reason))", advice: "Check the folder")
  }
}
