import Astronomy
import Catalogue
import Tables

/// Reads a table that says which sources are one object: a survey, a source and its group in each row.
func readGroups(_ path: String) throws -> (rows: [GroupRow], rejected: [Rejected]) {
  let file = try openTable(
    path,
    names: {
      [try LabelColumns.find(nil, ["source", "name", "source_name"], in: $0, of: path, "source")]
    })
  let names = file.columns.map(\.name)
  let places = try [
    LabelColumns.find(nil, ["survey", "catalogue"], in: names, of: path, "survey"),
    LabelColumns.find(nil, ["source", "name", "source_name"], in: names, of: path, "source"),
    LabelColumns.find(
      nil, ["group", "physical_source", "physical", "object", "identity"], in: names, of: path,
      "group"),
  ]
  var rows: [GroupRow] = []
  var rejected: [Rejected] = []
  var number = 0
  try file.read(chunk: 8192) { chunk in
    for cells in chunk {
      number += 1
      let texts = places.map { cells[$0].plainText }
      if let survey = texts[0], let source = texts[1], let group = texts[2] {
        rows.append(GroupRow(row: number, survey: survey, source: source, group: group))
      } else {
        rejected.append(
          Rejected(row: number, name: texts[1], reason: "survey, source or group is missing"))
      }
    }
  }
  guard !rows.isEmpty else {
    throw LabelError.noneUsable(
      file: path, row: rejected.first?.row, reason: rejected.first?.reason ?? "it has no rows")
  }
  return (rows, rejected)
}
