import Catalogue
import PostgreSQL
import Tables

extension Column {
  /// A published catalogue's column as files describe it.
  init(_ column: PublishedCatalogue.Column) {
    self.init(
      column.name, Datatype(postgres: column.type), unit: column.unit, ucd: column.ucd,
      description: column.description)
  }
}

extension Datatype {
  /// The datatype of a PostgreSQL type as `format_type` names it; text for any other.
  fileprivate init(postgres type: String) {
    switch type {
    case "boolean": self = .boolean
    case "smallint": self = .int16
    case "integer": self = .int32
    case "bigint": self = .int64
    case "real": self = .float
    case "double precision": self = .double
    default: self = .string
    }
  }
}

extension Value {
  /// A cell that PostgreSQL wrote as text.
  init(postgres text: String?, _ datatype: Datatype) {
    guard let text else {
      self = .null
      return
    }
    switch datatype {
    case .boolean: self = .boolean(text == "t")
    case .uint8, .int16, .int32, .int64: self = Int64(text).map(Value.integer) ?? .null
    case .float: self = Float(text).map { Value(Double($0)) } ?? .null
    case .double: self = Double(text).map { Value($0) } ?? .null
    case .string: self = Value(text)
    }
  }
}

extension PublishedCatalogue {
  /// What the exported file says of itself.
  func metadata(in database: Connection) throws -> Metadata {
    let origin = try origin(in: database)
    let kind = simulated ? "SIMULATED radio sources" : "Radio sources"
    var entries: [Metadata.Entry] = [
      .init("SURVEY", .text(survey), description: "survey in Reber"),
      .init("SIMULATE", .boolean(simulated), description: "whether the sky is made up"),
      .init("CLASSRUN", .integer(Int64(classification)), description: "run that classified"),
      .init("PUBRUN", .integer(Int64(run)), description: "run that published"),
      .init("PUBDATE", .text(origin.publishedAt), description: "when it was published"),
      .init("CODEVER", .text("reber " + origin.codeVersion), description: "code that published"),
      .init("MODELSHA", .text(origin.modelSHA256), description: "SHA-256 of the weights"),
      .init("ROWSSHA", .text(origin.sha256), description: "SHA-256 of the rows"),
    ]
    if let reference = origin.reference {
      entries.append(.init("REFERENC", .text(reference), description: "the survey's reference"))
    }
    return Metadata(
      name: name, description: "\(kind) of survey \(survey) with class probabilities by Reber.",
      frame: "ICRS", entries: entries)
  }
}
