public import PostgreSQL

/// What can be said of a class; what is left out stays as it is.
public struct ClassDetails: Sendable {
  /// What it means.
  public var description: String?
  /// The key that chooses it on the pages: a digit or a small letter; empty for that of its place.
  public var shortcut: String?
  /// Its colour on the pages, `#rrggbb`; empty for that of its place.
  public var colour: String?

  /// Says something of a class.
  public init(description: String? = nil, shortcut: String? = nil, colour: String? = nil) {
    self.description = description
    self.shortcut = shortcut
    self.colour = colour?.lowercased()
  }
}

extension ClassScheme {
  /// All schemes, by name.
  public static func all(in database: Connection) throws -> [ClassScheme] {
    try database.rows("SELECT name FROM reber.class_scheme ORDER BY name", as: String.self)
      .map { try named($0, in: database) }
  }

  /// The classes that have labels that count now, and how many, over all surveys.
  public func labels(in database: Connection) throws -> [Int16: Int] {
    let counted = try database.rows(
      """
      SELECT class_id, sum(sources)::bigint FROM reber.label_count
      WHERE class_scheme_id = \(id) AND clustering_id = 0 AND annotator <> '' AND class_id IS NOT NULL
      GROUP BY class_id
      """, as: Int16.self, Int.self)
    return Dictionary(counted, uniquingKeysWith: +)
  }

  /// Says what the scheme is about, or where it comes from.
  ///
  /// - Throws: `CatalogueError.notOwner`.
  public func describe(
    _ description: String?, reference: String?, in database: Connection
  ) throws {
    try Correction.checkOwner(in: database)
    try database.execute(
      """
      UPDATE reber.class_scheme
      SET description = coalesce(\(description), description),
          reference = coalesce(\(reference), reference)
      WHERE class_scheme_id = \(id)
      """)
  }

  /// Says what a class means, which key chooses it, or which colour it has.
  ///
  /// - Throws: `CatalogueError.unknownClass`; `CatalogueError.badShortcut` or `.badColour`, and
  ///   `.shortcutTaken` where another class of the scheme has the key; `.notOwner`.
  public func describe(
    _ className: String, _ details: ClassDetails, in database: Connection
  ) throws {
    let classID = try classID(named: className)
    try Correction.checkOwner(in: database)
    if let key = details.shortcut, !key.isEmpty {
      guard key.wholeMatch(of: /[0-9a-z]/) != nil else { throw CatalogueError.badShortcut(key) }
      if let other = classes.first(where: { $0.shortcut == key && $0.id != classID }) {
        throw CatalogueError.shortcutTaken(key, by: other.name)
      }
    }
    if let colour = details.colour, !colour.isEmpty,
      colour.wholeMatch(of: /#[0-9a-f]{6}/) == nil
    {
      throw CatalogueError.badColour(colour)
    }
    try database.execute(
      """
      UPDATE reber.class
      SET description = coalesce(\(details.description), description),
          shortcut = nullif(coalesce(\(details.shortcut), shortcut), ''),
          colour = nullif(coalesce(\(details.colour), colour), '')
      WHERE class_scheme_id = \(id) AND class_id = \(classID)
      """)
  }

  /// Gives a class another name: labels, models and predictions show it from now on.
  ///
  /// Tables that are published keep their columns.
  ///
  /// - Throws: `CatalogueError.unknownClass`; `CatalogueError.classExists` or `.badClassName`; `CatalogueError.notOwner`.
  public func rename(
    _ className: String, to newName: String, because reason: String? = nil, by user: Operator,
    in database: Connection
  ) throws {
    let classID = try classID(named: className)
    try Correction.checkOwner(in: database)
    if name(of: className) == newName { return }
    try database.transaction { database in
      try checkNew(newName, exceptFor: classID, in: database)
      _ = try Correction.write(
        .renameClass, "\(name): \(newName)",
        detail: JSON(encoding: ["former_name": name(of: className)]),
        because: reason, by: user, in: database)
      try database.execute(
        """
        UPDATE reber.class
        SET name = \(newName), former_names = array_remove(former_names, \(newName)) || name
        WHERE class_scheme_id = \(id) AND class_id = \(classID)
        """)
    }
  }

  /// Gives all labels of some classes to one, which is made where the scheme lacks it.
  ///
  /// Labels are only added: each annotator who said one of them now says the other, as surely as before, and
  /// what was said stays. The merged classes are not offered any more; what models learned of them stays.
  ///
  /// - Returns: How many labels were added.
  /// - Throws: `CatalogueError.unknownClass`; `CatalogueError.classExists` where a new name is taken by a
  ///   class that was merged before, or is too like another; `CatalogueError.notOwner`.
  public func merge(
    _ classNames: [String], into target: String, because reason: String? = nil, by user: Operator,
    in database: Connection
  ) throws -> Int {
    let merged = try Set(classNames.map { try classID(named: $0) })
    try Correction.checkOwner(in: database)
    return try database.transaction { database in
      if !classes.contains(where: { $0.name == name(of: target) }) {
        try checkNew(target, in: database)
      }
      let scheme = try Self.add(named: name, classes: [name(of: target)], in: database)
      let targetID = try scheme.classID(named: target)
      let leaving = merged.subtracting([targetID]).sorted()
      guard !leaving.isEmpty else { throw CatalogueError.mergesNothing(target) }
      _ = try Correction.write(
        .mergeClasses, "\(name): \(target)", detail: JSON(encoding: ["merged": classNames]),
        because: reason, by: user, in: database)
      return try database.row(
        "SELECT reber.merge_classes(\(id)::integer, \(leaving)::smallint[], \(targetID)::smallint)",
        as: Int.self)
    }
  }

  /// Refuses a name that another class has, or one so alike that their columns would be the same.
  private func checkNew(
    _ className: String, exceptFor classID: Int16? = nil, in database: Connection
  ) throws {
    try Self.checkName(className)
    let other = try database.first(
      """
      SELECT name FROM reber.class
      WHERE class_scheme_id = \(id) AND class_id IS DISTINCT FROM \(classID)
          AND (name = \(className) OR reber.column_name(name) = reber.column_name(\(className)))
      """, as: String.self)
    if let other { throw CatalogueError.classExists(className, scheme: name, as: other) }
  }
}
