import Foundation

/// Where CFITSIO keeps a file that is only in memory.
final class FileMemory {
  /// The first byte, which moves when the file grows.
  let start = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: 1)
  /// The bytes that there is room for.
  let size = UnsafeMutablePointer<Int>.allocate(capacity: 1)

  init() {
    start.initialize(to: nil)
    size.initialize(to: 0)
  }

  /// The first bytes of the file, once it is closed.
  func bytes(_ count: Int) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: start.pointee, count: min(count, size.pointee)))
  }

  deinit {
    free(start.pointee)
    start.deallocate()
    size.deallocate()
  }
}
