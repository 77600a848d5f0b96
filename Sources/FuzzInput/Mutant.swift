internal import CZlib
import Foundation
import Tensor

/// A file that was changed at random.
struct Mutant: Sendable {
  let name: String
  let kind: String
  private let bytes: [UInt8]
  private let isPacked: Bool

  /// The mutant of a number: formats take turns, and each has one to four changes.
  init(_ number: Int, of originals: [Original], seed: UInt64) {
    var random = RandomStream(seed, number)
    let kinds = Set(originals.map(\.kind)).sorted()
    let kind = kinds[number % kinds.count]
    let alike = originals.filter { $0.kind == kind }
    let original = alike[Int.random(in: alike.indices, using: &random)]
    let other = alike[Int.random(in: alike.indices, using: &random)]
    var changes = Changes(original, splicedWith: other, random)
    for _ in 0..<Int.random(in: 1...4, using: &random) { changes.change() }
    changes.finish()
    self.kind = kind
    bytes = changes.bytes
    isPacked =
      original.isPacked
      || ![.png, .safetensors].contains(original.format)
        && Int.random(in: 0..<12, using: &random) == 0
    let digits = String(number + 1_000_000).dropFirst()
    name = "\(digits)-\(original.name)" + (isPacked && !original.isPacked ? ".gz" : "")
  }

  /// Writes the file into a folder and gives its path.
  func write(into folder: String) throws -> String {
    let path = folder + "/" + name
    if isPacked, let file = gzopen(path, "wb1") {
      gzwrite(file, bytes, UInt32(bytes.count))
      gzclose(file)
    } else {
      try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
    return path
  }
}
