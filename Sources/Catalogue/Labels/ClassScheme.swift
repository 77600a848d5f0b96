public import PostgreSQL

/// A class of a scheme: its name, what it means, and how the pages show it.
public struct SchemeClass: Sendable, Codable, Equatable {
  /// The key within its scheme.
  public var id: Int16
  /// The name.
  public var name: String
  /// What it means.
  public var description: String?
  /// The key that chooses it on the pages: a digit or a small letter.
  public var shortcut: String?
  /// Its colour on the pages: `#rrggbb`.
  public var colour: String?
}

extension SchemeClass: QueryRow {
  public static let columns = Columns<Self>(
    .column("class_id", \.id), .column("name", \.name), .column("description", \.description),
    .column("shortcut", \.shortcut), .column("colour", \.colour), make: SchemeClass.init)
}

/// A class, with what it was called before and what it was merged into.
private struct StoredClass: QueryRow {
  var shown: SchemeClass
  var formerNames: [String]
  var mergedInto: Int16?

  static let columns = Columns<Self>(
    .group(\.shown, SchemeClass.columns), .column("former_names", \.formerNames),
    .column("merged_into", \.mergedInto), make: StoredClass.init)
}

/// A set of classes that sources are sorted into.
///
/// Its classes have numbers from 0, in the order in which they were added, and names of their own.
public struct ClassScheme: Sendable {
  /// The key in `reber.class_scheme`.
  public var id: Int

  /// The scheme's name.
  public var name: String

  /// What it is about.
  public var description: String?

  /// Where it comes from.
  public var reference: String?

  /// Whether its classes are tags: each of them applies to a source or does not, whatever the others do.
  public var isTags: Bool

  /// The classes in the scheme's order, without those that were merged into others.
  public var classes: [SchemeClass]

  /// By the former names of classes, and those of classes that were merged into others, the keys of what they
  /// mean now.
  private var former: [String: Int16]

  /// The scheme that Reber begins with: the twelve classes of Baron Perez and others (2025).
  public static let twelveClasses = "morphology-12"
}

extension ClassScheme {
  /// The scheme of that name.
  ///
  /// - Throws: `CatalogueError.unknownScheme`.
  public static func named(_ name: String, in database: Connection) throws -> ClassScheme {
    if let found = try find(name, in: database) { return found }
    let known = try database.rows(
      "SELECT name FROM reber.class_scheme ORDER BY name", as: String.self)
    throw CatalogueError.unknownScheme(name, known: known)
  }

  /// The scheme of that name; `nil` where there is none.
  public static func find(_ name: String, in database: Connection) throws -> ClassScheme? {
    let found = try database.first(
      """
      SELECT class_scheme_id, description, reference, is_tags FROM reber.class_scheme
      WHERE name = \(name)
      """, as: Int.self, String?.self, String?.self, Bool.self)
    guard let (id, description, reference, isTags) = found else { return nil }
    let all = try database.rows(
      "SELECT \(StoredClass.columns) FROM reber.class WHERE class_scheme_id = \(id) ORDER BY class_id",
      as: StoredClass.self)
    let former = all.flatMap { item in
      (item.formerNames + (item.mergedInto == nil ? [] : [item.shown.name]))
        .map { ($0, item.mergedInto ?? item.shown.id) }
    }
    return ClassScheme(
      id: id, name: name, description: description, reference: reference, isTags: isTags,
      classes: all.filter { $0.mergedInto == nil }.map(\.shown),
      former: Dictionary(former, uniquingKeysWith: { $1 }))
  }

  /// Makes a scheme, or adds the classes that an existing one lacks.
  ///
  /// - Parameters:
  ///   - name: Its name.
  ///   - classes: Its classes.
  ///   - areTags: Whether they are tags; where it is `nil`, as in the scheme that there is.
  ///   - database: The database.
  /// - Returns: The scheme with all its classes; new ones come behind those that were there.
  /// - Throws: `CatalogueError.otherKind` where the scheme that there is has tags and is to have classes of
  ///   which a source has one, or the other way round; `CatalogueError.badClassName` for a new class.
  public static func add(
    named name: String, classes: [String], areTags: Bool? = nil, in database: Connection
  ) throws -> ClassScheme {
    try database.transaction { database in
      try database.execute(
        """
        INSERT INTO reber.class_scheme (name, is_tags) VALUES (\(name), \(areTags ?? false))
        ON CONFLICT (name) DO NOTHING
        """)
      let (id, isTags) = try database.row(
        "SELECT class_scheme_id, is_tags FROM reber.class_scheme WHERE name = \(name)",
        as: Int.self,
        Bool.self)
      guard areTags ?? isTags == isTags else {
        throw CatalogueError.otherKind(scheme: name, isTags: isTags)
      }
      let known = try database.rows(
        "SELECT name FROM reber.class WHERE class_scheme_id = \(id)", as: String.self)
      for item in classes where !known.contains(item) { try checkName(item) }
      try database.execute(
        """
        INSERT INTO reber.class (class_scheme_id, class_id, name)
        SELECT \(id), known.classes - 1 + row_number() OVER (ORDER BY listed.ordinality), listed.name
        FROM unnest(\(classes)) WITH ORDINALITY AS listed (name, ordinality)
        CROSS JOIN (
            SELECT count(*) AS classes FROM reber.class WHERE class_scheme_id = \(id)
        ) AS known
        WHERE NOT EXISTS (
            SELECT FROM reber.class WHERE class_scheme_id = \(id) AND class.name = listed.name
        )
        """)
      return try named(name, in: database)
    }
  }

  /// Names of classes, those together that differ only in capitals, and in blanks and hyphens between letters.
  ///
  /// - Parameter names: The names, of which those that come first come first.
  /// - Returns: For each class the ways it is spelled in.
  public static func spellings(of names: [String]) -> [[String]] {
    var order: [String] = []
    var spelled: [String: [String]] = [:]
    for name in names {
      let plain = name.contains(where: \.isLetter) ? name.joined : name
      if spelled[plain] == nil { order.append(plain) }
      spelled[plain, default: []].append(name)
    }
    return order.compactMap { spelled[$0] }
  }

  /// Refuses a name without letters and digits, and one that would be two in a list of classes.
  ///
  /// - Throws: `CatalogueError.badClassName`.
  static func checkName(_ className: String) throws {
    guard className.contains(where: { $0.isLetter || $0.isNumber }) else {
      throw CatalogueError.badClassName(className)
    }
    try PublishedSets.check(className)
  }

  /// The key of a class, which may be written in capitals or with other blanks and hyphens.
  ///
  /// A former name, or that of one that was merged into another, means what it is now.
  ///
  /// - Throws: `CatalogueError.unknownClass`, which lists the classes there are.
  public func classID(named name: String) throws -> Int16 {
    let own = self.name(of: name)
    if let found = classes.first(where: { $0.name == own }) { return found.id }
    throw CatalogueError.unknownClass(name, scheme: self.name, known: classes.map(\.name))
  }

  /// The name of a class as part of a column's name, as `reber.column_name` in SQL.
  public static func columnName(_ className: String) -> String {
    className.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
      .joined(separator: "_")
  }

  /// Refuses tags, for what gives a source one class.
  ///
  /// - Throws: `CatalogueError.severalTags`.
  public func checkOneClass(for what: String) throws {
    if isTags { throw CatalogueError.severalTags(scheme: name, what) }
  }

  /// The scheme's own name for a class: `Head tail` is `head-tail`.
  ///
  /// A name that stands for no class, or for several, stays as it is.
  public func name(of text: String) -> String {
    if classes.contains(where: { $0.name == text }) { return text }
    let alike = classes.filter { $0.name.folded == text.folded }
    if alike.count == 1 { return alike[0].name }
    return classes.first { $0.id == former[text] }?.name ?? text
  }
}

extension String {
  /// The letters and digits, in lower case.
  fileprivate var folded: String { lowercased().filter { $0.isLetter || $0.isNumber } }

  /// In lower case, without blanks, hyphens and underscores that part words: `Head-Tail` is `headtail`, `c-` stays.
  fileprivate var joined: String {
    let words = lowercased().split { $0.isWhitespace || $0 == "-" || $0 == "_" }
    let edges = (
      first: prefix { !$0.isLetter && !$0.isNumber },
      last: reversed().prefix { !$0.isLetter && !$0.isNumber }
    )
    return edges.first + words.joined() + edges.last
  }
}
