extension SQL.Interpolation {
  /// The list of a row type's columns: `series, step, value`, or with a table or alias
  /// `point.series, point.step, point.value`.
  public mutating func appendInterpolation<Row>(_ columns: Columns<Row>, of table: String? = nil) {
    let prefix = table.map { $0 + "." } ?? ""
    let list = columns.fields.map { field in
      field.alias.map { "\(field.sql) AS \($0)" } ?? prefix + field.sql
    }
    appendInterpolation(raw: list.joined(separator: ", "))
  }

  /// The values of a row in the order of its columns, sent as parameters.
  public mutating func appendInterpolation<Row: QueryRow>(values row: Row) {
    for (index, field) in Row.columns.fields.enumerated() {
      if index > 0 { appendLiteral(", ") }
      let type = field.expected.types[0]
      pieces.append(.value(Parameter(type) { try field.append(row, type, &$0) }))
    }
  }
}
