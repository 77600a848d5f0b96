import Digest
import Failures
import Files
import Foundation

/// A folder in the making: it stands beside its own name, which it gets when it is whole.
final class ReleaseFolder {
  private static let checksums = "SHA256SUMS"
  private let path: String
  private let temporary: String
  private var isComplete = false

  /// Makes the folder under another name.
  ///
  /// - Throws: `FileError` where something else than such a folder stands in its place.
  init(_ path: String) throws {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    self.path = path
    try Self.checkPlace(path)
    temporary = TemporaryPath.make(for: path)
    try Files.makeFolder(temporary)
  }

  deinit { if !isComplete { try? FileManager.default.removeItem(atPath: temporary) } }

  /// The path of a file in the making.
  func file(_ name: String) -> String { temporary + "/" + name }

  func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

  func write(_ bytes: [UInt8], to name: String) throws {
    try PartialFile.write(Data(bytes), to: file(name))
  }

  /// Makes a folder in the folder.
  func makeFolder(_ name: String) throws { try Files.makeFolder(file(name)) }

  /// Writes the digests of all files, and gives the folder its name in place of one that was there.
  func complete() throws -> [ReleasedFile] {
    let files = try names().map { name in
      let size = try FileManager.default.attributesOfItem(atPath: file(name))[.size] as? Int
      return ReleasedFile(
        name: name, bytes: size ?? 0, sha256: try SHA256.hash(file: file(name)).hex)
    }
    let lines = files.map { "\($0.sha256)  \($0.name)\n" }
    try write(lines.joined(), to: Self.checksums)
    try takePlace()
    return files
  }

  private func takePlace() throws {
    let aside = TemporaryPath.make(for: path, isOneOfMany: true)
    let isReplaced = FileManager.default.fileExists(atPath: path)
    if isReplaced, rename(path, aside) != 0 { throw failure("cannot be replaced") }
    guard rename(temporary, path) == 0 else {
      let error = failure("cannot get its name")
      if isReplaced { rename(aside, path) }
      throw error
    }
    isComplete = true
    if isReplaced { try FileManager.default.removeItem(atPath: aside) }
  }

  /// The files in the folder and its folders, in one order on all machines.
  private func names() throws -> [String] { try Self.files(in: temporary) }

  private static func files(in folder: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder).filter { name in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: folder + "/" + name, isDirectory: &isFolder)
        && !isFolder.boolValue
    }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Refuses to replace what is not a release, whole and nothing else.
  private static func checkPlace(_ path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else { return }
    let list = (try? String(contentsOfFile: path + "/" + checksums, encoding: .utf8)) ?? ""
    let listed = Set(list.split(separator: "\n").map { String($0.dropFirst(66)) } + [checksums])
    let others = (try? files(in: path).filter { !listed.contains($0) }) ?? [path]
    guard let other = others.first else { return }
    throw FileError(
      path, "\(other) stands there, which is not of a folder that Reber released",
      advice: "Give a folder that is not there yet, or one that the same command made",
      exitStatus: .cannotCreate)
  }

  private func failure(_ what: String) -> FileError {
    FileError(
      path, "the folder \(what) (\(String(cString: strerror(errno))))",
      advice: "Check the folder above", exitStatus: .cannotCreate)
  }
}

/// A value as a JSON document with sorted keys, the same bytes every time.
func document(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
}
