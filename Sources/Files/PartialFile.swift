import Failures
public import Foundation

/// A file in the making: it stands under a temporary name beside its own, and gets its own when it
/// is whole and on the disk.
///
/// One that is let go before ``complete()`` leaves nothing behind; what a process that was killed left is
/// removed when the same file is written again on the same machine.
public final class PartialFile {
  /// The name that the file gets in the end; what stands there is replaced.
  public let path: String
  /// The name under which it is written.
  public let temporary: String
  private var isComplete = false

  /// Chooses a temporary name in the folder of `path`, so that the renaming is one step.
  ///
  /// - Parameters:
  ///   - path: The name that the file gets in the end.
  ///   - isOneOfMany: Whether there are so many files in the folder that what was left of them is not to
  ///     be looked for with each.
  public init(_ path: String, isOneOfMany: Bool = false) {
    self.path = path
    temporary = TemporaryPath.make(for: path, isOneOfMany: isOneOfMany)
  }

  deinit { if !isComplete { unlink(temporary) } }

  /// Makes the written file durable and gives it its name, durably too.
  ///
  /// - Throws: ``FileError`` where the disk is full or the name cannot be given.
  public func complete() throws(FileError) {
    try sync(temporary)
    guard rename(temporary, path) == 0 else { throw failure("cannot get its name") }
    isComplete = true
    let folder = (path as NSString).deletingLastPathComponent
    try sync(folder.isEmpty ? "." : folder)
  }

  /// The error of the system call that failed last.
  public func failure(_ what: String) -> FileError {
    let reason = String(cString: strerror(errno))
    return FileError(
      path, "the file \(what) (\(reason))", advice: "Check the folder and the space on its disk",
      exitStatus: .cannotCreate)
  }

  /// Waits until a file or folder is on the disk; some file systems cannot sync folders.
  private func sync(_ path: String) throws(FileError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    guard descriptor >= 0, fsync(descriptor) == 0 || errno == EINVAL else {
      throw failure("cannot be kept")
    }
  }
}

extension PartialFile {
  /// Writes a file whole or not at all.
  ///
  /// - Throws: ``FileError`` where it cannot be written.
  public static func write(_ data: Data, to path: String) throws(FileError) {
    let file = PartialFile(path)
    do {
      try data.write(to: URL(fileURLWithPath: file.temporary))
    } catch {
      throw FileError(
        path, "the file cannot be written (\((error as NSError).localizedDescription))",
        advice: "Check the folder and the space on its disk", exitStatus: .cannotCreate)
    }
    try file.complete()
  }
}
