import Files
import Foundation

/// A file that mutants are made of.
struct Original: Sendable {
  /// How files of the kind are changed.
  enum Format: String, Sendable, CaseIterable {
    case csv, ecsv, fits, png, safetensors, votable
  }

  let name: String
  let format: Format
  /// The content, unpacked.
  let bytes: [UInt8]
  let isPacked: Bool

  /// What the table of outcomes calls such files.
  let kind: String

  /// The files of known formats in paths, in the order of their names; the same share of each format
  /// is then changed however many there are.
  static func all(in paths: [String], largest: Int, of formats: [String]) throws -> [Original] {
    let files = paths.flatMap { path in
      let inside = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
      return inside.isEmpty ? [path] : inside.sorted().map { path + "/" + $0 }
    }
    // A few of a folder of a thousand alike.
    let folders = Dictionary(grouping: files) { ($0 as NSString).deletingLastPathComponent }
    return try folders.sorted { $0.key < $1.key }.flatMap { _, files in
      try files.compactMap { try Original($0, largest: largest) }.prefix(60)
    }
    .filter { formats.isEmpty || formats.contains($0.format.rawValue) }
  }

  private init?(_ path: String, largest: Int) throws {
    var stem = path.lowercased()
    isPacked = stem.hasSuffix(".gz")
    if isPacked { stem.removeLast(3) }
    switch stem.split(separator: ".").last {
    case "csv", "tsv", "txt", "dat": format = .csv
    case "ecsv": format = .ecsv
    case "fits", "fit", "fz": format = .fits
    case "png": format = .png
    case "safetensors": format = .safetensors
    case "vot", "xml": format = .votable
    default: return nil
    }
    var content = [UInt8](repeating: 0, count: largest + 1)
    let count = (try? ByteSource(path).read(into: &content)) ?? 0
    guard (1...largest).contains(count) else { return nil }
    bytes = Array(content.prefix(count))
    name = String(path.split(separator: "/").last ?? "")
    kind = format == .fits ? Self.kind(ofFITS: bytes) : format.rawValue
  }

  private static func kind(ofFITS bytes: [UInt8]) -> String {
    let text = String(decoding: bytes.prefix(20_000).map { $0 & 0x7F }, as: UTF8.self)
    if text.contains("ZIMAGE  =") { return "fits, tiled" }
    return text.contains("XTENSION= 'BINTABLE'") || text.contains("XTENSION= 'TABLE")
      ? "fits, table" : "fits, image"
  }
}
