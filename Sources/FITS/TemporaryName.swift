internal import Foundation

/// A name in a file's own folder for what is not complete yet, so that the renaming at the end is one
/// step.
package func temporaryName(for path: String) -> String {
  "\(path).\(UUID().uuidString.prefix(8)).part"
}
