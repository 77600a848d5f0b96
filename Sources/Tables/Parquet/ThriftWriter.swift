/// Writes structures in the compact protocol of Apache Thrift, as Parquet's headers and footer are.
struct ThriftWriter {
  private(set) var bytes: [UInt8] = []
  /// The number of the field before, of each structure that is open.
  private var fields = [0]

  /// The types of fields, by the protocol's codes.
  private enum Kind: UInt8 {
    case yes = 1
    case no = 2
    case byte = 3
    case int32 = 5
    case int64 = 6
    case binary = 8
    case list = 9
    case structure = 12
  }

  mutating func int32(_ field: Int, _ value: Int) {
    begin(field, .int32)
    append(zigzag: value)
  }

  mutating func int64(_ field: Int, _ value: Int) {
    begin(field, .int64)
    append(zigzag: value)
  }

  mutating func byte(_ field: Int, _ value: Int8) {
    begin(field, .byte)
    bytes.append(UInt8(bitPattern: value))
  }

  mutating func flag(_ field: Int, _ value: Bool) { begin(field, value ? .yes : .no) }

  mutating func binary(_ field: Int, _ value: some Collection<UInt8>) {
    begin(field, .binary)
    append(value)
  }

  mutating func text(_ field: Int, _ value: String) { binary(field, value.utf8) }

  mutating func structure(_ field: Int, _ body: (inout ThriftWriter) -> Void) {
    begin(field, .structure)
    structure(body)
  }

  /// A list of structures.
  mutating func list<Element>(
    _ field: Int, of elements: some Collection<Element>,
    _ body: (inout ThriftWriter, Element) -> Void
  ) {
    begin(field, .list, of: .structure, count: elements.count)
    for element in elements { structure { body(&$0, element) } }
  }

  /// A list of structures whose bytes there are already, one after another.
  mutating func list(_ field: Int, written: [UInt8], count: Int) {
    begin(field, .list, of: .structure, count: count)
    bytes += written
  }

  mutating func list(_ field: Int, of numbers: [Int]) {
    begin(field, .list, of: .int32, count: numbers.count)
    for number in numbers { append(zigzag: number) }
  }

  mutating func list(_ field: Int, of texts: [String]) {
    begin(field, .list, of: .binary, count: texts.count)
    for text in texts { append(text.utf8) }
  }

  /// A structure that is no field, such as the whole footer.
  mutating func structure(_ body: (inout ThriftWriter) -> Void) {
    fields.append(0)
    body(&self)
    fields.removeLast()
    bytes.append(0)
  }

  private mutating func begin(_ field: Int, _ kind: Kind) {
    let step = field - fields[fields.count - 1]
    precondition((1...15).contains(step), "fields are written in their order")
    bytes.append(UInt8(step) << 4 | kind.rawValue)
    fields[fields.count - 1] = field
  }

  private mutating func begin(_ field: Int, _ kind: Kind, of element: Kind, count: Int) {
    begin(field, kind)
    bytes.append(UInt8(min(count, 15)) << 4 | element.rawValue)
    if count >= 15 { bytes.append(variable: UInt64(count)) }
  }

  private mutating func append(zigzag value: Int) {
    let value = Int64(value)
    bytes.append(variable: UInt64(bitPattern: value << 1 ^ value >> 63))
  }

  private mutating func append(_ value: some Collection<UInt8>) {
    bytes.append(variable: UInt64(value.count))
    bytes += value
  }
}

extension [UInt8] {
  /// Appends a number in as many bytes as it needs, of seven bits each, the least significant first
  /// (ULEB128).
  mutating func append(variable number: UInt64) {
    var rest = number
    while rest > 0x7F {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  /// Appends a number, the least significant byte first.
  mutating func append(little number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }
}
