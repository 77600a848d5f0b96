public import PostgreSQL

/// How somebody calls a model: by its number, or by the name that it has beside it.
///
/// What is stored with a run is the number, which the stage finds.
public enum ModelName: Sendable, Hashable, CustomStringConvertible {
  case number(Int)
  case name(String)

  /// Takes digits for a number, and anything else for a name.
  public init(_ text: String) { self = Int(text).map(ModelName.number) ?? .name(text) }

  /// The number, where it is called by it.
  var number: Int? { if case .number(let number) = self { number } else { nil } }

  /// The name, where it is called by it.
  var text: String? { if case .name(let name) = self { name } else { nil } }

  public var description: String {
    switch self {
    case .number(let number): String(number)
    case .name(let name): name
    }
  }
}

extension ModelName: Codable {
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    self = try (try? value.decode(Int.self)).map(Self.number) ?? .name(value.decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    case .number(let number): try value.encode(number)
    case .name(let name): try value.encode(name)
    }
  }
}

extension Model {
  /// The newest model of some kinds, or the one that is called so, which may be of any of them.
  ///
  /// - Throws: `CatalogueError.missing` where there is none, `CatalogueError.unknownModel`, which lists those
  ///   there are, where none is called so.
  public static func find(
    _ kinds: Kind..., called name: ModelName? = nil, in database: Connection
  ) throws -> Model {
    try find(kinds, called: name, in: database)
  }

  /// The model of that number, which may be of any of some kinds.
  ///
  /// - Throws: `CatalogueError.unknownModel`.
  public static func find(
    _ kinds: Kind..., numbered id: Int, in database: Connection
  ) throws -> Model {
    try find(kinds, called: .number(id), in: database)
  }

  private static func find(
    _ kinds: [Kind], called name: ModelName?, in database: Connection
  ) throws -> Model {
    let found = try database.first(
      """
      SELECT \(Model.columns) FROM reber.model
      WHERE kind = ANY (\(kinds.map(\.rawValue))) AND model_id = coalesce(\(name?.number), model_id)
          AND name IS NOT DISTINCT FROM coalesce(\(name?.text), name)
      ORDER BY model_id DESC
      LIMIT 1
      """, as: Model.self)
    if let found { return found }
    let wanted = kinds.map(\.rawValue).joined(separator: " or ")
    guard let name else {
      let stage = kinds.contains(.encoder) ? StageName.pretrain : .finetune
      throw CatalogueError.missing(wanted, hint: "make one with 'reber \(stage.rawValue)'")
    }
    let known = try ModelSummary.all(in: database).filter { kinds.contains($0.kind) }
    throw CatalogueError.unknownModel("\(name)", of: wanted, known: known.map(\.called))
  }
}
