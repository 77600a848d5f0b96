import Foundation

/// A file written under a temporary name beside its own, which it gets when it is complete.
public final class ByteSink {
  private let partial: PartialFile
  private var file: UnsafeMutablePointer<FILE>?
  /// The bytes written so far.
  public private(set) var offset = 0

  /// The name that the file gets in the end.
  public var path: String { partial.path }

  /// Begins the file.
  ///
  /// - Throws: ``FileError`` where it cannot be created.
  public init(_ path: String) throws {
    partial = PartialFile(path)
    file = fopen(partial.temporary, "wb")
    if file == nil { throw partial.failure("cannot be created") }
  }

  deinit { if let file { fclose(file) } }

  /// Appends bytes.
  ///
  /// - Throws: ``FileError`` where the disk is full.
  public func write(_ bytes: [UInt8]) throws {
    guard let file else { return }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
      throw partial.failure("cannot be written")
    }
    offset += bytes.count
  }

  /// Writes over bytes that were written before.
  public func patch(_ bytes: [UInt8], at place: Int) throws {
    guard let file else { return }
    guard fseek(file, place, SEEK_SET) == 0, fwrite(bytes, 1, bytes.count, file) == bytes.count,
      fseek(file, 0, SEEK_END) == 0
    else { throw partial.failure("cannot be written") }
  }

  /// Makes the file durable and gives it its name.
  public func finish() throws {
    guard let file else { return }
    self.file = nil
    guard fclose(file) == 0 else { throw partial.failure("cannot be written") }
    try partial.complete()
  }
}
