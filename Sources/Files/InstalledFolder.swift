import Foundation

/// Finds a folder that comes with the program: `NAME`, or `share/reber/NAME`, in a folder above it.
///
/// - Parameters:
///   - name: What the folder is called.
///   - file: A file that it holds.
/// - Returns: The folder's path; nil where there is none.
public func installedFolder(_ name: String, holding file: String) -> String? {
  let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
  var above = program.deletingLastPathComponent()
  while above.path != "/" {
    for candidate in [name, "share/reber/" + name].map(above.appendingPathComponent)
    where FileManager.default.fileExists(atPath: candidate.appendingPathComponent(file).path) {
      return candidate.path
    }
    above = above.deletingLastPathComponent()
  }
  return nil
}
