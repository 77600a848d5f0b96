import Astronomy

/// A row as the text of a JSON object, nulls left out.
///
/// Written directly, since a large catalogue has a hundred million cells and a keyed encoder works
/// cell by cell through boxes. Numbers keep the shortest text that reads back to the same value.
func jsonObject(_ columns: [Column], _ row: [Value]) -> String {
  var json = "{"
  for (column, value) in zip(columns, row) where value != .null {
    if json.utf8.count > 1 { json += "," }
    append(quoted: column.name, to: &json)
    json += ":"
    append(value, of: column.datatype, to: &json)
  }
  return json + "}"
}

private func append(_ value: Value, of datatype: Datatype, to json: inout String) {
  switch value {
  case .null: json += "null"
  case .boolean(let value): json += value ? "true" : "false"
  case .integer(let value): json += String(value)
  case .real(let value): append(value, of: datatype, to: &json)
  case .text(let value): append(quoted: value, to: &json)
  case .reals(let values):
    json += "["
    for (index, element) in values.enumerated() {
      if index > 0 { json += "," }
      if element.isNaN { json += "null" } else { append(element, of: datatype, to: &json) }
    }
    json += "]"
  }
}

private func append(_ value: Double, of datatype: Datatype, to json: inout String) {
  if !value.isFinite {
    append(quoted: String(value), to: &json)
  } else {
    json += datatype == .float ? String(Float(value)) : String(value)
  }
}

private func append(quoted text: String, to json: inout String) {
  json += "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": json += "\\\""
    case "\\": json += "\\\\"
    case "\u{0}": json += "\u{FFFD}"
    case "\u{1}"..<"\u{20}":
      let code = String(scalar.value, radix: 16)
      json += "\\u" + String(repeating: "0", count: 4 - code.count) + code
    default: json.unicodeScalars.append(scalar)
    }
  }
  json += "\""
}
