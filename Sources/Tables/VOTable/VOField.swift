import Astronomy

/// A VOTable FIELD or PARAM: a column, and how its cells are written.
struct VOField {
  var column: Column
  /// The VOTable datatype, such as `unicodeChar`.
  let datatype: String
  /// The number that stands for null.
  private(set) var null: Value?
  /// The elements of a cell in a binary stream, or nil when each cell tells its own.
  let count: Int?

  /// The most elements that a cell may have: damaged files ask for any number.
  static let mostElements = 1 << 22

  /// Whether a cell can have so many elements.
  static func isPossible(_ count: Int) -> Bool { (0...mostElements).contains(count) }

  init(_ attributes: XMLAttributes) {
    datatype = attributes["datatype"] ?? "char"
    count = Self.count(attributes["arraysize"])
    let name = attributes["name"] ?? attributes["ID"] ?? ""
    column = Column(
      name, Self.datatype(datatype), unit: attributes["unit"].flatMap(\.nonEmpty),
      ucd: attributes["ucd"].flatMap(\.nonEmpty))
    if column.datatype == .string {
      column.width = count
    } else {
      let parts = datatype.hasSuffix("Complex") ? 2 : 1
      column.shape =
        count.map { $0 * parts == 1 ? .scalar : .vector($0 * parts) } ?? .list
    }
  }

  /// The elements of an `arraysize` such as `3`, `2x3`, `*` (nil) or `2x8*` (nil); -1 where they are
  /// beyond all numbers.
  private static func count(_ arraysize: String?) -> Int? {
    guard let arraysize, !arraysize.isEmpty else { return 1 }
    return arraysize.split(separator: "x").reduce(1) { product, part -> Int? in
      guard let product, let size = Int(part) else { return nil }
      let isSane = isPossible(product) && isPossible(size)
      return isSane ? product * size : -1
    }
  }

  private static func datatype(_ name: String) -> Datatype {
    switch name {
    case "boolean", "bit": .boolean
    case "unsignedByte": .uint8
    case "short": .int16
    case "int": .int32
    case "long": .int64
    case "float", "floatComplex": .float
    case "double", "doubleComplex": .double
    default: .string
    }
  }

  /// Takes the text of the number that stands for null; of no number, nothing does.
  mutating func setNull(_ text: String?) {
    null = nil
    guard let text, column.datatype.isNumeric else { return }
    null = scalar(Substring(text.trimmed))
  }

  /// The value of a cell's text, or nil when the text is not of the field's datatype.
  func value(_ cell: String) -> Value? {
    if column.datatype == .string { return Value(cell) }
    var words = cell.split(whereSeparator: \.isWhitespace)
    if words.isEmpty { return .null }
    // Bits stand one after another, with blanks or without.
    if datatype == "bit" { words = words.flatMap { word in word.indices.map { word[$0...$0] } } }
    guard column.shape != .scalar else { return words.count == 1 ? scalar(words[0]) : nil }
    var elements: [Double] = []
    for word in words {
      guard let value = scalar(word) else { return nil }
      elements.append(value.element)
    }
    if case .vector(let count) = column.shape, elements.count != count { return nil }
    return Value(elements)
  }

  private func scalar(_ word: Substring) -> Value? {
    switch column.datatype {
    case .boolean: boolean(word)
    case .float: Float(word).map { orNull(Value(Double($0))) }
    case .double: Double(word).map { orNull(Value($0)) }
    default: integer(word).map { orNull(.integer($0)) }
    }
  }

  /// A number, or null where it is the one that stands for that.
  func orNull(_ number: Value) -> Value { number == null ? .null : number }

  private func boolean(_ word: Substring) -> Value? {
    switch word.lowercased() {
    case "t", "true", "1": .boolean(true)
    case "f", "false", "0": .boolean(false)
    case "?": .null
    default: nil
    }
  }

  private func integer(_ word: Substring) -> Int64? {
    word.hasPrefix("0x") ? Int64(word.dropFirst(2), radix: 16) : Int64(word)
  }
}

extension String {
  /// The text, or nil where there is none.
  var nonEmpty: String? { isEmpty ? nil : self }
}
