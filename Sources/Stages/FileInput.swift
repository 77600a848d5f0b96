import Catalogue
import Digest
import Foundation

/// A file as an input of a run, with its digest.
///
/// - Throws: `IngestError.notFound`, or what reading throws.
func fileInput(_ path: String, role: String) throws -> Work.Input {
  let url = URL(fileURLWithPath: path)
  guard let size = try? url.resourceValues(forKeys: [.fileSizeKey]).fileSize else {
    throw IngestError.notFound(path)
  }
  return Work.Input(
    role: role, name: fullPath(path), sha256: try SHA256.hash(file: path).hex,
    bytes: size)
}

/// A path from the root, as runs keep those of their inputs.
func fullPath(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
