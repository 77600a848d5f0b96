import Astronomy

/// What stands in a VOTable before its first table's data.
struct VOHeader {
  private(set) var fields: [VOField] = []
  private(set) var metadata = Metadata()
  private(set) var rowCount: Int?
  /// Why the service that made the file could not answer.
  private(set) var refusal: String?
  /// Why the fields cannot be those of a table.
  private(set) var fault: String?
  /// The elements that are open.
  var depth: Int { open.count }
  private var open: [String] = []
  /// The COOSYS elements of the document by their ID, each with its equinox.
  private var frames: [String: String] = [:]
  /// Those of each element that is open around the table, which are its own where it refers to none.
  private var framesInScope: [[String]] = [[]]
  /// The frames that the open groups refer to.
  private var frameOfGroup: [String?] = []
  /// Those of fields that stand in such groups, by ID.
  private var frameOfField: [String: String] = [:]
  /// The fields' places by ID.
  private var fieldOfID: [String: Int] = [:]
  /// Whether the service that made the file left rows out since they were too many.
  private(set) var isCutOff = false

  mutating func start(_ name: String, _ attributes: XMLAttributes) {
    open.append(name)
    switch name {
    case "RESOURCE": framesInScope.append([])
    case "GROUP": frameOfGroup.append(attributes["ref"].flatMap { frames[$0] })
    case "FIELDref": addToGroup(attributes["ref"])
    case "TABLE":
      metadata.name = attributes["name"] ?? metadata.name
      rowCount = attributes["nrows"].flatMap { Int($0) }
    case "FIELD":
      let field = VOField(attributes)
      if field.count.map(VOField.isPossible) == false {
        fault = "field '\(field.column.name)' has arraysize '\(attributes["arraysize"] ?? "")'"
      }
      fields.append(field)
      if fields.count > mostColumns { fault = "the table has more than \(mostColumns) fields" }
      let id = attributes["ID"]
      id.map { fieldOfID[$0] = fields.count - 1 }
      // Where there is one frame alone, it is the table's, but for that of another resource.
      if frames.count > 1 || metadata.frame == nil {
        fields[fields.count - 1].column.frame =
          attributes["ref"].flatMap { frames[$0] } ?? id.flatMap { frameOfField[$0] }
      }
    case "VALUES": setNull(attributes)
    case "PARAM": addParameter(attributes)
    case "INFO": addInformation(attributes)
    case "COOSYS": addFrame(attributes)
    default: break
    }
  }

  /// Forgets the table that was read: another begins.
  mutating func endTable() {
    (fields, fieldOfID, frameOfField) = ([], [:], [:])
    (metadata.name, metadata.description, rowCount) = (nil, nil, nil)
  }

  mutating func end(_ name: String, text: String) {
    open.removeLast()
    if name == "GROUP" { frameOfGroup.removeLast() }
    if name == "RESOURCE" {
      framesInScope.removeLast()
      setFrames()
    }
    if name == "DESCRIPTION" { describe(text) }
    if name == "INFO", refusal != nil { refusal = text.nonEmpty ?? "it gave no reason" }
  }

  private mutating func addFrame(_ attributes: XMLAttributes) {
    guard let system = attributes["system"] else { return }
    let frame = ([system] + [attributes["equinox"]].compactMap(\.self)).joined(separator: " ")
    frames[attributes["ID"] ?? ""] = frame
    framesInScope[framesInScope.count - 1].append(frame)
    setFrames()
  }

  private mutating func setFrames() {
    let found = framesInScope.flatMap(\.self)
    metadata.frame = found.count == 1 ? found[0] : nil
    metadata.frames = found.count > 1 ? found : []
  }

  /// Takes a field into the group that is open, and so into its frame.
  private mutating func addToGroup(_ reference: String?) {
    guard let reference, let frame = frameOfGroup.compactMap(\.self).last else { return }
    frameOfField[reference] = frame
    if frames.count > 1 || metadata.frame == nil, let place = fieldOfID[reference],
      fields[place].column.frame == nil
    {
      fields[place].column.frame = frame
    }
  }

  private mutating func setNull(_ attributes: XMLAttributes) {
    guard open.dropLast().last == "FIELD", !fields.isEmpty else { return }
    fields[fields.count - 1].setNull(attributes["null"])
  }

  private mutating func addParameter(_ attributes: XMLAttributes) {
    let field = VOField(attributes)
    let text = attributes["value"] ?? ""
    metadata.entries.append(
      Keyword(
        field.column.name, field.value(text) ?? Value(text), unit: field.column.unit,
        ucd: field.column.ucd))
  }

  private mutating func addInformation(_ attributes: XMLAttributes) {
    let name = attributes["name"] ?? "INFO"
    let value = attributes["value"] ?? ""
    if name == "QUERY_STATUS", value == "ERROR" { refusal = "" }
    if name == "QUERY_STATUS", value == "OVERFLOW" { isCutOff = true }
    metadata.entries.append(Keyword(name, Value(value)))
  }

  private mutating func describe(_ text: String) {
    guard let description = text.trimmed.nonEmpty else { return }
    switch open.last {
    case "FIELD": fields[fields.count - 1].column.description = description
    case "PARAM": metadata.entries[metadata.entries.count - 1].description = description
    case "TABLE": metadata.description = description
    case "RESOURCE", "VOTABLE": metadata.description = metadata.description ?? description
    default: break
    }
  }
}
