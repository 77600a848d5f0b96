internal import Foundation
public import Tensor

/// Writes tensors in the safetensors layout: 8 bytes of header length, a JSON header, the numbers.
///
/// The same tensors and metadata always give the same bytes, since names are sorted.
///
/// - Parameters:
///   - tensors: By name; stored as little-endian float32.
///   - metadata: Kept in the header under `__metadata__`.
/// - Returns: A file that Python's `safetensors` reads.
public func encodeSafetensors(_ tensors: [String: Tensor], metadata: [String: String] = [:])
  -> [UInt8]
{
  let sorted = tensors.sorted { $0.key < $1.key }
  var entries: [String] = []
  if !metadata.isEmpty {
    let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
    entries.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
  }
  var offset = 0
  for (name, tensor) in sorted {
    let end = offset + tensor.values.count * 4
    let shape = tensor.shape.map(String.init).joined(separator: ",")
    entries.append(
      "\(quoted(name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
    )
    offset = end
  }
  var header = Array("{\(entries.joined(separator: ","))}".utf8)
  header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)
  return assembled(header: header, sorted.map(\.value), bytes: offset)
}

private func assembled(header: [UInt8], _ tensors: [Tensor], bytes: Int) -> [UInt8] {
  var file: [UInt8] = []
  file.reserveCapacity(8 + header.count + bytes)
  withUnsafeBytes(of: UInt64(header.count).littleEndian) { file.append(contentsOf: $0) }
  file += header
  for tensor in tensors { tensor.values.withUnsafeBytes { file.append(contentsOf: $0) } }
  return file
}

private func quoted(_ text: String) -> String {
  let data = try? JSONEncoder().encode(text)
  return data.map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
}

/// Reads what `encodeSafetensors` or another program wrote, float32 only.
///
/// - Parameters:
///   - bytes: The file's content.
///   - isSkipped: Whether a tensor of a name, which may be of another type, is left out.
/// - Returns: The tensors by name, and the metadata.
/// - Throws: `NetworkError.badCheckpoint`, saying which tensor or how many bytes are wrong.
public func decodeSafetensors(
  _ bytes: [UInt8], skipping isSkipped: (String) -> Bool = { _ in false }
) throws -> (tensors: [String: Tensor], metadata: [String: String]) {
  let (header, start) = try header(of: bytes)
  var tensors: [String: Tensor] = [:]
  for (name, entry) in header.tensors.sorted(by: { $0.key < $1.key }) where !isSkipped(name) {
    tensors[name] = try tensor(name, entry, in: bytes, from: start)
  }
  let end = header.tensors.values.compactMap { $0.dataOffsets.last }.max() ?? 0
  guard start + end == bytes.count else {
    throw NetworkError.badCheckpoint(
      "\(bytes.count) bytes where its header tells of \(start + end)")
  }
  return (tensors, header.metadata)
}

private func tensor(_ name: String, _ entry: Entry, in bytes: [UInt8], from start: Int) throws
  -> Tensor
{
  guard entry.dtype == "F32" else {
    throw NetworkError.badCheckpoint("tensor '\(name)' is \(entry.dtype), only F32 can be read")
  }
  guard let count = elements(of: entry.shape), entry.dataOffsets.count == 2 else {
    throw NetworkError.badCheckpoint("tensor '\(name)' has shape \(entry.shape)")
  }
  let (first, last) = (entry.dataOffsets[0], entry.dataOffsets[1])
  guard first >= 0, last >= first, last - first == 4 * count else {
    throw NetworkError.badCheckpoint(
      "tensor '\(name)' of shape \(entry.shape) lies at bytes \(entry.dataOffsets)")
  }
  guard last <= bytes.count - start else {
    throw NetworkError.badCheckpoint(
      "truncated: tensor '\(name)' ends at byte \(last) of \(bytes.count - start)")
  }
  return Tensor(shape: entry.shape) { target in
    bytes.withUnsafeBytes { source in
      UnsafeMutableRawBufferPointer(target).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: source[start + first..<start + last]))
    }
  }
}

/// The product of a shape; `nil` where it is negative or too large.
private func elements(of shape: [Int]) -> Int? {
  var count = 1
  for extent in shape {
    let (product, overflow) = count.multipliedReportingOverflow(by: extent)
    guard extent >= 0, !overflow, product < 1 << 40 else { return nil }
    count = product
  }
  return count
}

private struct Entry: Decodable {
  let dtype: String
  let shape: [Int]
  let dataOffsets: [Int]

  enum CodingKeys: String, CodingKey {
    case dtype
    case shape
    case dataOffsets = "data_offsets"
  }
}

private struct Header: Decodable {
  var tensors: [String: Entry] = [:]
  var metadata: [String: String] = [:]

  struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    for key in container.allKeys {
      if key.stringValue == "__metadata__" {
        metadata = try container.decode([String: String].self, forKey: key)
      } else {
        tensors[key.stringValue] = try container.decode(Entry.self, forKey: key)
      }
    }
  }
}

private func header(of bytes: [UInt8]) throws -> (Header, start: Int) {
  guard bytes.count >= 8 else {
    throw NetworkError.badCheckpoint(
      "\(bytes.count) bytes, fewer than the 8 of the header's length")
  }
  let length = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
  guard length <= UInt64(bytes.count - 8) else {
    throw NetworkError.badCheckpoint(
      "truncated: a header of \(length) bytes in a file of \(bytes.count)")
  }
  let end = 8 + Int(length)
  do {
    return (try JSONDecoder().decode(Header.self, from: Data(bytes[8..<end])), end)
  } catch {
    throw NetworkError.badCheckpoint("its header is not the JSON that it should be: \(error)")
  }
}
