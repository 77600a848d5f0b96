/// A message of Protocol Buffers in the making: fields by their numbers, in the order in which they are added.
///
/// Only what ONNX needs of the wire format (protobuf.dev/programming-guides/encoding): varints, floats of
/// 32 bits, and lengths with bytes.
struct ProtobufMessage {
  private(set) var bytes: [UInt8] = []

  /// Adds a whole number as a varint.
  mutating func add(_ field: Int, _ value: Int) {
    tag(field, wire: 0)
    varint(UInt64(bitPattern: Int64(value)))
  }

  /// Adds several whole numbers, a field each.
  mutating func add(_ field: Int, _ values: [Int]) {
    for value in values { add(field, value) }
  }

  /// Adds a float of 32 bits.
  mutating func add(_ field: Int, _ value: Float) {
    tag(field, wire: 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Adds a text.
  mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }

  /// Adds a message as a field of this one.
  mutating func add(_ field: Int, _ message: ProtobufMessage) { add(field, message.bytes) }

  /// Adds floats as bytes, 4 of each, the lowest first.
  mutating func add(raw field: Int, _ values: [Float]) {
    tag(field, wire: 2)
    varint(UInt64(values.count * 4))
    values.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }

  private mutating func add(_ field: Int, _ content: [UInt8]) {
    tag(field, wire: 2)
    varint(UInt64(content.count))
    bytes += content
  }

  private mutating func tag(_ field: Int, wire: Int) { varint(UInt64(field << 3 | wire)) }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// A message of fields that `fill` adds.
func message(_ fill: (inout ProtobufMessage) -> Void) -> ProtobufMessage {
  var message = ProtobufMessage()
  fill(&message)
  return message
}
