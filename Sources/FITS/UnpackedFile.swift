import Files
import Foundation

/// The content of a gzipped or bzipped file in memory, at an address that stays.
///
/// CFITSIO would unpack the first of several packed streams alone.
final class UnpackedFile {
  /// Where the content begins.
  let start = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: 1)
  /// Its bytes.
  let count = UnsafeMutablePointer<Int>.allocate(capacity: 1)

  init(_ path: String) throws(FileError) {
    start.initialize(to: nil)
    count.initialize(to: 0)
    let source = try ByteSource(path)
    var capacity = 0
    while true {
      if capacity - count.pointee < 1 << 20 {
        capacity = max(2 * capacity, 4 << 20)
        start.pointee = realloc(start.pointee, capacity)
      }
      guard let begin = start.pointee else {
        throw FileError(
          path, "the unpacked file does not fit into memory", advice: "Unpack it first")
      }
      let space = UnsafeMutableRawBufferPointer(
        start: begin + count.pointee, count: capacity - count.pointee)
      let read = try source.read(into: space)
      if read == 0 { return }
      count.pointee += read
    }
  }

  deinit {
    free(start.pointee)
    start.deallocate()
    count.deallocate()
  }
}
