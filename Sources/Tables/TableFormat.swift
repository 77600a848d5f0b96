import Astronomy
import Files

/// A format in which catalogues are exchanged.
///
/// Each has a folder of its own here, which describes it, and a place in ``all``; everything else
/// that names formats, help texts and errors too, goes by that list.
public struct TableFormat: Sendable {
  /// The word by which a user chooses the format: `votable`.
  public let name: String
  /// What people call the format, or the family that it is of: `VOTable`.
  let title: String
  /// What the names of its files end with after the last point, in lower case, the usual one first.
  let extensions: [String]
  /// Whether a file that begins with this text, gunzipped where needed, is of the format.
  let begins: @Sendable (_ head: String) -> Bool
  /// Opens a table that is there, as ``openTable(_:texts:suits:)`` says.
  let open: Opening
  /// Creates a table under a path.
  let create: @Sendable (String, [Column], Metadata) throws -> any TableWriter

  typealias Opening =
    @Sendable (TableAddress, _ texts: Set<String>, _ suits: @escaping ([Column]) -> Bool) throws
    -> any TableReader

  /// All formats; the first that knows a file's beginning reads it.
  public static let all: [TableFormat] = [.fits, .votable, .parquet, .csv, .tsv]

  /// The format of a name.
  public init?(named name: String) {
    guard let format = Self.all.first(where: { $0.name == name }) else { return nil }
    self = format
  }

  /// The format that a file's extension asks for: `.fits`, `.vot`/`.xml`, `.parquet`, `.csv`, `.tsv`.
  public init?(path: String) {
    let ending = path.split(separator: ".").last?.lowercased() ?? ""
    guard let format = Self.all.first(where: { $0.extensions.contains(ending) }) else { return nil }
    self = format
  }

  init(
    name: String, title: String, extensions: [String],
    begins: @escaping @Sendable (_ head: String) -> Bool,
    open: @escaping Opening,
    create: @escaping @Sendable (String, [Column], Metadata) throws -> any TableWriter
  ) {
    self.name = name
    self.title = title
    self.extensions = extensions
    self.begins = begins
    self.open = open
    self.create = create
  }
}

extension TableFormat {
  /// The formats in words: `FITS, VOTable, Parquet or CSV`.
  public static var titles: String {
    let titles = all.map(\.title)
    return alternatives(
      titles.indices.filter { titles.firstIndex(of: titles[$0]) == $0 }.map { titles[$0] })
  }

  /// The usual endings of files' names: `.fits, .vot, .parquet, .csv or .tsv`.
  public static var endings: String { alternatives(all.map { "." + $0.extensions[0] }) }

  private static func alternatives(_ words: [String]) -> String {
    words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
  }

  /// The format of a file told by its first bytes.
  static func sniffing(_ path: String) throws -> TableFormat {
    let source = try ByteSource(path)
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = try source.read(into: &bytes)
    let head = String(decoding: bytes.prefix(count), as: UTF8.self)
    if let format = all.first(where: { $0.begins(head) }) { return format }
    if head.allSatisfy({ $0 == "\u{FEFF}" || $0.isWhitespace }) {
      throw FileError(path, "the file is empty", advice: "Give a \(titles) catalogue")
    }
    throw FileError(
      path, "the file is not \(titles)", advice: "Convert it, for instance by 'stilts tcopy'")
  }
}
