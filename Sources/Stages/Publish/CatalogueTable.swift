import Astronomy
import Catalogue
import PostgreSQL
import Tables

extension Column {
  /// A published catalogue's column as files describe it.
  init(_ column: PublishedCatalogue.Column) {
    let element = column.type.replacing("[]", with: "")
    self.init(
      column.name, Datatype(postgres: element), shape: element == column.type ? .scalar : .list,
      unit: column.unit, ucd: column.ucd, description: column.description)
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

extension PublishedCatalogue {
  /// What the exported file says of itself.
  func metadata(in database: Connection) throws -> Metadata {
    let origin = try origin(in: database)
    let kind = simulated ? "SIMULATED radio sources" : "Radio sources"
    var entries: [Keyword] = [
      .init("SURVEY", .text(survey), description: "survey in Reber"),
      .init("SIMULATE", .boolean(simulated), description: "whether the sky is made up"),
      .init("CLASSRUN", .integer(Int64(classification)), description: "run that classified"),
      .init("PUBRUN", .integer(Int64(run)), description: "run that published"),
      .init("PUBDATE", .text(origin.publishedAt), description: "when it was published"),
      .init(
        "CODEVER", .text("reber " + Operator.brief(origin.codeVersion)),
        description: "code that published"),
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
