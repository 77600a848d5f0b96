public import PostgreSQL

/// A set of classes that sources are sorted into.
///
/// Its classes have numbers from 0, in the order in which they were added, and names of their own.
public struct ClassScheme: Sendable {
  /// The key in `reber.class_scheme`.
  public var id: Int

  /// The scheme's name.
  public var name: String

  /// The classes' names by their key, in the scheme's order.
  public var classes: [(id: Int16, name: String)]

  /// The scheme that Reber begins with: the twelve classes of Baron Perez and others (2025).
  public static let twelveClasses = "morphology-12"
}

extension ClassScheme {
  /// The scheme of that name.
  ///
  /// - Throws: `CatalogueError.unknownScheme`.
  public static func named(_ name: String, in database: Connection) throws -> ClassScheme {
    let rows = try database.rows(
      """
      SELECT class_scheme_id, class_id, class.name
      FROM reber.class_scheme
      LEFT JOIN reber.class USING (class_scheme_id)
      WHERE class_scheme.name = \(name)
      ORDER BY class_id
      """, as: Int.self, Int16?.self, String?.self)
    guard let id = rows.first?.0 else {
      let known = try database.rows(
        "SELECT name FROM reber.class_scheme ORDER BY name", as: String.self)
      throw CatalogueError.unknownScheme(name, known: known)
    }
    let classes = rows.compactMap { _, classID, name in
      classID.flatMap { id in name.map { (id: id, name: $0) } }
    }
    return ClassScheme(id: id, name: name, classes: classes)
  }

  /// Makes a scheme, or adds the classes that an existing one lacks.
  ///
  /// - Returns: The scheme with all its classes; new ones come behind those that were there.
  public static func add(
    named name: String, classes: [String], in database: Connection
  ) throws -> ClassScheme {
    try database.transaction { database in
      try database.execute(
        "INSERT INTO reber.class_scheme (name) VALUES (\(name)) ON CONFLICT (name) DO NOTHING")
      let id = try database.row(
        "SELECT class_scheme_id FROM reber.class_scheme WHERE name = \(name)", as: Int.self)
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

  /// The key of a class, which may be written in capitals or with other blanks and hyphens.
  ///
  /// - Throws: `CatalogueError.unknownClass`, which lists the classes there are.
  public func classID(named name: String) throws -> Int16 {
    let own = self.name(of: name)
    guard let found = classes.first(where: { $0.name == own }) else {
      throw CatalogueError.unknownClass(name, scheme: self.name, known: classes.map(\.name))
    }
    return found.id
  }

  /// The scheme's own name for a class: `Head tail` is `head-tail`.
  ///
  /// A name that stands for no class, or for several, stays as it is.
  public func name(of text: String) -> String {
    if classes.contains(where: { $0.name == text }) { return text }
    let alike = classes.filter { $0.name.folded == text.folded }
    return alike.count == 1 ? alike[0].name : text
  }
}

extension String {
  /// The letters and digits, in lower case.
  fileprivate var folded: String { lowercased().filter { $0.isLetter || $0.isNumber } }
}
