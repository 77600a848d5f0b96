import Catalogue
import Tables

/// Where a table of labels has what.
struct LabelColumns {
  let source: JoinedColumns
  let label: Label
  let annotator: Int?
  let confidence: Int?
  /// The scheme, which is `nil` where it is still to be made.
  let scheme: ClassScheme?
  /// The columns that may be meant, and are not read; a sentence each.
  let unread: [String]

  /// The columns of names, which are text whatever they look like: 1.10 is not 1.1.
  var names: [Int] {
    let said: [Int] =
      switch label {
      case .oneClass(let column), .listed(let column): [column]
      case .each: []
      }
    return source.places + said + (annotator.map { [$0] } ?? [])
  }

  /// Where it says what sources are.
  enum Label {
    /// A class a row.
    case oneClass(Int)
    /// Several tags in a cell.
    case listed(Int)
    /// A column for each tag.
    case each([(column: Int, tag: String)])
  }

  init(
    _ options: LabelImport, _ scheme: ClassScheme?, in columns: [String], of path: String
  ) throws {
    func named(_ name: String?) throws -> Int? {
      try name.map { try Self.find($0, [], in: columns, of: path, "") }
    }
    source = try Self.source(options, in: columns, of: path)
    if let scheme, !scheme.isTags, options.saysTags {
      throw CatalogueError.otherKind(scheme: scheme.name, isTags: false)
    }
    let isOfOneClass = !(scheme?.isTags ?? options.saysTags)
    if !isOfOneClass {
      label = try Self.tags(options, scheme, in: columns, of: path)
    } else {
      label = .oneClass(
        try Self.find(
          options.classColumn, Self.classes, in: columns, of: path, "class"))
    }
    annotator = try named(options.annotatorColumn)
    confidence = try named(options.confidenceColumn)
    self.scheme = scheme
    unread =
      (options.sourceColumn == nil
        ? Self.rivals(columns, Self.sources.filter { !$0.hasSuffix("id") }, "source") : [])
      + (isOfOneClass && options.classColumn == nil
        ? Self.rivals(columns, Self.classes, "class") : [])
      + (annotator == nil ? Self.unread(columns, like: Self.annotators, "annotator") : [])
      + (confidence == nil ? Self.unread(columns, like: Self.confidences, "confidence") : [])
  }

  private static let sources = ["source", "name", "source_name", "source_id", "id"]
  private static let classes = ["class", "class_name", "label", "morphology", "truth"]
  private static let annotators: Set<String> = ["annotator", "labeller", "labeler", "classifier"]
  private static let confidences: Set<String> = ["confidence", "certainty"]

  /// Says which other columns may be meant as well as the first.
  private static func rivals(
    _ columns: [String], _ usual: [String], _ what: String
  ) -> [String] {
    let lower = columns.map { $0.lowercased() }
    let found = usual.compactMap(lower.firstIndex).map { "'\(columns[$0])'" }
    guard found.count > 1 else { return [] }
    return [
      """
      several columns may be the \(what): \(found[0]) is taken, not \
      \(found.dropFirst().joined(separator: ", ")); say which with --\(what)-column
      """
    ]
  }

  private static func unread(
    _ columns: [String], like usual: Set<String>, _ what: String
  ) -> [String] {
    columns.filter { usual.contains($0.lowercased()) }.map {
      "column '\($0)' is not read: say --\(what)-column \($0) where it is the \(what)"
    }
  }

  /// Where it says which tags a source has: as the options say, or in the columns that are called as tags of
  /// the scheme are.
  private static func tags(
    _ options: LabelImport, _ scheme: ClassScheme?, in columns: [String], of path: String
  ) throws -> Label {
    if let column = options.tagsColumn {
      return .listed(try find(column, [], in: columns, of: path, "tags"))
    }
    if let chosen = options.tagColumns {
      return .each(
        try chosen.map { column in
          (try find(column, [], in: columns, of: path, ""), options.classMap[column] ?? column)
        })
    }
    let found = columns.enumerated().compactMap { index, column -> (Int, String)? in
      let tag = options.classMap[column] ?? column
      return (try? scheme?.classID(named: tag)) == nil ? nil : (index, tag)
    }
    guard !found.isEmpty else { throw LabelError.unmapped("tags", file: path, known: columns) }
    return .each(found)
  }

  static func source(
    _ options: LabelImport, in columns: [String], of path: String
  ) throws -> JoinedColumns {
    // A column may be called so itself.
    if let chosen = options.sourceColumn, chosen.contains("+"), !columns.contains(chosen) {
      let names = JoinedColumns.names(in: chosen)
      guard !names.isEmpty else {
        throw LabelError.unknownColumn(chosen, file: path, known: columns)
      }
      return JoinedColumns(
        places: try names.map { try find($0, [], in: columns, of: path, "source") })
    }
    return JoinedColumns(
      places: [
        try find(
          options.sourceColumn, Self.sources, in: columns, of: path, "source")
      ])
  }

  /// The place of the column that was chosen, or else of the first of the usual names.
  static func find(
    _ chosen: String?, _ usual: [String], in columns: [String], of path: String, _ what: String
  ) throws -> Int {
    if let chosen {
      guard let index = columns.firstIndex(of: chosen) else {
        throw LabelError.unknownColumn(chosen, file: path, known: columns)
      }
      return index
    }
    let lower = columns.map { $0.lowercased() }
    guard let index = usual.lazy.compactMap(lower.firstIndex).first else {
      throw LabelError.unmapped(what, file: path, known: columns)
    }
    return index
  }
}
