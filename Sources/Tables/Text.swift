import Astronomy

/// Text of a file that ought to be UTF-8; older catalogues are read as Latin-1.
func text(of bytes: some Collection<UInt8>) -> String {
  bytes.withContiguousStorageIfAvailable { String(ofFile: $0) } ?? text(of: Array(bytes))
}

extension Value {
  /// The shortest text from which the value of a column comes back exactly; empty for null.
  func shortest(as datatype: Datatype) -> String {
    switch self {
    case .null: ""
    case .boolean(let flag): flag ? "true" : "false"
    case .integer(let number): String(number)
    case .real(let number): number.shortest(as: datatype)
    case .text(let text): text
    case .reals(let elements): elements.map { $0.shortest(as: datatype) }.joined(separator: " ")
    }
  }
}

extension Double {
  /// The shortest decimal that comes back as the same number of the column's datatype.
  func shortest(as datatype: Datatype) -> String {
    if isNaN { return "NaN" }
    if isInfinite { return self < 0 ? "-Infinity" : "Infinity" }
    if datatype == .float { return "\(Float(self))" }
    if datatype == .double { return "\(self)" }
    return Int64(exactly: self).map(String.init) ?? "\(self)"
  }
}
