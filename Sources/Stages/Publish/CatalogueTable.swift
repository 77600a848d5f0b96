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
    let observation = try Survey.named(survey, in: database).observation
    let kind = simulated ? "SIMULATED radio sources" : "Radio sources"
    let entries: [Keyword] = [
      .init("SURVEY", .text(survey), description: "survey in Reber"),
      .init("SIMULATE", .boolean(simulated), description: "whether the sky is made up"),
      .init("CLASSRUN", .integer(Int64(classification)), description: "run that classified"),
      .init("PUBRUN", .integer(Int64(run)), description: "run that published"),
      .init("MODEL", .text("classifier \(origin.model)"), description: "model that classified"),
      .init("MODELSHA", .text(origin.modelSHA256), description: "SHA-256 of the weights"),
      .init("ROWSSHA", .text(origin.sha256), description: "digest of the rows"),
      .init(
        "TELESCOP", Value(observation.facility ?? ""), ucd: "instr.tel", description: "telescope"),
      .init("INSTRUME", Value(observation.instrument ?? ""), ucd: "instr", description: "receiver"),
      .init(
        "FREQ", observation.frequency.map { .real($0) } ?? .null, unit: "Hz", ucd: "em.freq",
        description: "observing frequency"),
    ]
    var metadata = Metadata(
      name: name, description: "\(kind) of survey \(survey) with class probabilities by Reber.",
      frame: "ICRS", epoch: observation.epoch, entries: entries.filter { $0.value != .null })
    metadata.credits = try credits(in: database)
    metadata.survey = observation.credits
    metadata.date = origin.publishedAt
    metadata.origin = "reber " + Operator.brief(origin.codeVersion)
    let data = metadata.survey.line.map { ["made from survey \(survey): \($0)"] } ?? []
    metadata.history =
      data
      + (try runs(in: database)).map { run in
        "run \(run.id) \(run.stage), \(run.startedAt), reber \(Operator.brief(run.codeVersion))"
      }
    return metadata
  }
}
