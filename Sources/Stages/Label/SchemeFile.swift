public import Catalogue
import Files
import Foundation
public import PostgreSQL
import Yams

/// A class scheme as a small file of YAML: what people agree on before they label.
///
/// ```yaml
/// scheme: bent-or-not
/// description: Whether tails are bent.
/// classes:
///   - name: bent
///     description: An angle of more than 20° between the tails.
///     key: b
///     colour: "#cc6677"
///   - name: straight
/// ```
///
/// With `tags:` in place of `classes:` they are tags, of which a source may have several.
public struct SchemeFile: Sendable, Equatable {
  /// The scheme's name.
  public var scheme: String
  /// What it is about.
  public var description: String?
  /// Where it comes from.
  public var reference: String?
  /// The classes in their order.
  public var classes: [Item]
  /// Whether they are tags.
  public var areTags = false

  /// A class.
  public struct Item: Codable, Sendable, Equatable {
    /// Its name.
    public var name: String
    /// What it means.
    public var description: String?
    /// The key that chooses it on the pages.
    public var key: String?
    /// Its colour on the pages, `#rrggbb`.
    public var colour: String?

    fileprivate enum CodingKeys: CodingKey, CaseIterable { case name, description, key, colour }

    /// Says something of a class.
    public init(
      name: String, description: String? = nil, key: String? = nil, colour: String? = nil
    ) {
      self.name = name
      self.description = description
      self.key = key
      self.colour = colour
    }
  }

  /// The file of a scheme.
  public init(_ scheme: ClassScheme) {
    self.scheme = scheme.name
    description = scheme.description
    reference = scheme.reference
    areTags = scheme.isTags
    classes = scheme.classes.map {
      Item(name: $0.name, description: $0.description, key: $0.shortcut, colour: $0.colour)
    }
  }

  /// A scheme of classes, or tags, that have nothing but names.
  public init(named name: String, classes: [String], areTags: Bool = false) {
    scheme = name
    self.classes = classes.map { Item(name: $0) }
    self.areTags = areTags
  }

  /// Reads a file.
  ///
  /// - Throws: `FileError` where it is none, or names a class twice.
  public init(_ path: String) throws {
    func refuse(_ problem: String) -> FileError {
      FileError(
        path, problem, advice: "'reber scheme show morphology-12 --yaml' shows what stands in one")
    }
    do {
      let file = try YAMLFile(path)
      try YAMLFile.check(
        file.content, has: CodingKeys.allCases.map(\.stringValue), in: "a class scheme")
      let listed = file.content["classes"] ?? file.content["tags"]
      for item in listed?.sequence.map(Array.init) ?? [] {
        try YAMLFile.check(item, has: Item.CodingKeys.allCases.map(\.stringValue), in: "a class")
      }
      self = try file.decode(as: Self.self)
    } catch let problem as YAMLFile.Problem {
      throw refuse("the file is no class scheme: \(problem.text)")
    } catch {
      throw FileError(
        path, "cannot be read (\(error.localizedDescription))", advice: "name a file of YAML")
    }
    if let twice { throw refuse("names class '\(twice)' twice") }
    guard !classes.isEmpty else { throw refuse("lists no class") }
  }

  /// A class that is listed twice.
  public var twice: String? {
    let names = classes.map(\.name)
    return names.first { name in names.filter { $0 == name }.count > 1 }
  }

  /// As YAML, which ``init(_:)-(String)`` reads.
  public func text() throws -> String { try YAMLEncoder().encode(self) }

  /// Makes the scheme, or brings one of its name to what the file says.
  ///
  /// Classes that the file does not list stay, at the front: nothing is taken away.
  ///
  /// - Returns: The scheme as it is then.
  /// - Throws: `CatalogueError` for a key or a colour that is none, and where classes would become tags.
  public func write(in database: Connection) throws -> ClassScheme {
    try database.transaction { database in
      let made = try ClassScheme.add(
        named: scheme, classes: classes.map(\.name), areTags: areTags, in: database)
      try made.describe(description, reference: reference, in: database)
      for item in classes {
        try ClassScheme.named(scheme, in: database).describe(
          item.name,
          ClassDetails(description: item.description, shortcut: item.key, colour: item.colour),
          in: database)
      }
      return try ClassScheme.named(scheme, in: database)
    }
  }
}

extension SchemeFile: Codable {
  private enum CodingKeys: CodingKey, CaseIterable {
    case scheme, description, reference, classes, tags
  }

  public init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: CodingKeys.self)
    scheme = try file.decode(String.self, forKey: .scheme)
    description = try file.decodeIfPresent(String.self, forKey: .description)
    reference = try file.decodeIfPresent(String.self, forKey: .reference)
    areTags = file.contains(.tags)
    guard !areTags || !file.contains(.classes) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [], debugDescription: "has both 'classes' and 'tags'"))
    }
    classes = try file.decode([Item].self, forKey: areTags ? .tags : .classes)
  }

  public func encode(to encoder: any Encoder) throws {
    var file = encoder.container(keyedBy: CodingKeys.self)
    try file.encode(scheme, forKey: .scheme)
    try file.encodeIfPresent(description, forKey: .description)
    try file.encodeIfPresent(reference, forKey: .reference)
    try file.encode(classes, forKey: areTags ? .tags : .classes)
  }
}
