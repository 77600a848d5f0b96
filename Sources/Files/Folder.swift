import Failures
import Foundation

/// Makes a folder, with those above it; nothing where it is there.
///
/// - Throws: ``FileError`` where it cannot be made.
public func makeFolder(_ path: String) throws(FileError) {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    throw FileError(
      path, "the folder cannot be made (\((error as NSError).localizedDescription))",
      advice: "Check the folder above and the space on its disk", exitStatus: .cannotCreate)
  }
}
