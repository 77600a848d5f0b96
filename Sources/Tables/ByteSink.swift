import Files
import Foundation

/// A file written under a temporary name beside its own, which it gets when it is complete.
final class ByteSink {
  private let partial: PartialFile
  private var file: UnsafeMutablePointer<FILE>?
  /// The bytes written so far.
  private(set) var offset = 0

  var path: String { partial.path }

  init(_ path: String) throws {
    partial = PartialFile(path)
    file = fopen(partial.temporary, "wb")
    if file == nil { throw partial.failure("cannot be created") }
  }

  deinit { if let file { fclose(file) } }

  func write(_ bytes: [UInt8]) throws {
    guard let file else { return }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
      throw partial.failure("cannot be written")
    }
    offset += bytes.count
  }

  /// Writes over bytes that were written before.
  func patch(_ bytes: [UInt8], at place: Int) throws {
    guard let file else { return }
    guard fseek(file, place, SEEK_SET) == 0, fwrite(bytes, 1, bytes.count, file) == bytes.count,
      fseek(file, 0, SEEK_END) == 0
    else { throw partial.failure("cannot be written") }
  }

  /// Makes the file durable and gives it its name.
  func finish() throws {
    guard let file else { return }
    self.file = nil
    guard fclose(file) == 0 else { throw partial.failure("cannot be written") }
    try partial.complete()
  }
}
