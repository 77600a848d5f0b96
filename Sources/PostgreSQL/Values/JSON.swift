import Foundation

/// A `jsonb` value as text.
///
/// It is compared as text: values are alike where they were encoded alike, or came from one column.
/// In another encoder's output it stands as the value that it is, not as a text.
public struct JSON: Sendable, Equatable {
  /// The text.
  public var text: String

  /// Wraps text that is JSON.
  ///
  /// It is not checked: the server refuses what is none.
  public init(text: String) { self.text = text }

  /// Encodes a value, with its keys sorted so that equal values have equal text.
  ///
  /// - Throws: `EncodingError`, such as for a number that JSON has not.
  public init(encoding value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    text = String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// Decodes the value.
  ///
  /// - Throws: `DecodingError` for what is no such value.
  public func decode<Value: Decodable>(as type: Value.Type) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
  }

  /// Decodes a value that was written before it had all of its members.
  ///
  /// Each member that cannot be done without is taken from `defaults`, at whatever depth it is
  /// missing. All else stays as it was written: a member that may be `nil` is `nil` where it is
  /// missing, whatever `defaults` says.
  ///
  /// - Throws: `DecodingError` where `defaults` lacks the member too.
  public func decode<Value: Decodable>(
    as type: Value.Type, defaults: JSON
  ) throws -> Value {
    let defaults = try defaults.decode(as: JSONTree.self)
    var text = self
    while true {
      do {
        return try text.decode(as: type)
      } catch DecodingError.keyNotFound(let key, let context) {
        let path = context.codingPath + [key]
        var tree = try text.decode(as: JSONTree.self)
        guard let value = defaults[path[...]], tree.insert(value, at: path[...]) else {
          throw DecodingError.keyNotFound(key, context)
        }
        text = try JSON(encoding: tree)
      }
    }
  }
}

extension JSON: PostgresValue {
  public static var type: PostgresType { .jsonb }

  public func encode(into buffer: inout [UInt8], as _: PostgresType) {
    buffer.append(1)
    buffer.append(contentsOf: text.utf8)
  }

  public init?(wire bytes: UnsafeRawBufferPointer) {
    guard bytes.first == 1 else { return nil }
    text = String(decoding: bytes.dropFirst(), as: UTF8.self)
  }
}

/// Stands in other JSON as the value itself.
extension JSON: Codable {
  public init(from decoder: any Decoder) throws {
    self = try JSON(encoding: JSONTree(from: decoder))
  }

  public func encode(to encoder: any Encoder) throws {
    try decode(as: JSONTree.self).encode(to: encoder)
  }
}

/// Any JSON value.
private indirect enum JSONTree: Codable {
  case null
  case boolean(Bool)
  case integer(Int64)
  case natural(UInt64)
  case number(Double)
  case text(String)
  case list([JSONTree])
  case object([String: JSONTree])

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let boolean = try? value.decode(Bool.self) {
      self = .boolean(boolean)
    } else if let integer = try? value.decode(Int64.self) {
      self = .integer(integer)
    } else if let natural = try? value.decode(UInt64.self) {
      self = .natural(natural)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else if let list = try? value.decode([JSONTree].self) {
      self = .list(list)
    } else {
      self = .object(try value.decode([String: JSONTree].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    case .null: try value.encodeNil()
    case .boolean(let boolean): try value.encode(boolean)
    case .integer(let integer): try value.encode(integer)
    case .natural(let natural): try value.encode(natural)
    case .number(let number): try value.encode(number)
    case .text(let text): try value.encode(text)
    case .list(let list): try value.encode(list)
    case .object(let object): try value.encode(object)
    }
  }
}

extension JSONTree {
  /// The value at a path; `nil` where there is none.
  fileprivate subscript(path: ArraySlice<any CodingKey>) -> JSONTree? {
    guard let key = path.first else { return self }
    switch self {
    case .object(let members): return members[key.stringValue]?[path.dropFirst()]
    case .list(let items):
      guard let index = key.intValue, items.indices.contains(index) else { return nil }
      return items[index][path.dropFirst()]
    default: return nil
    }
  }

  /// Puts a member where there is none; gives whether there was a place for it.
  fileprivate mutating func insert(_ value: JSONTree, at path: ArraySlice<any CodingKey>) -> Bool {
    guard let key = path.first else { return false }
    switch self {
    case .object(var members):
      if path.count > 1 {
        guard members[key.stringValue]?.insert(value, at: path.dropFirst()) == true else {
          return false
        }
      } else {
        guard members.updateValue(value, forKey: key.stringValue) == nil else { return false }
      }
      self = .object(members)
    case .list(var items):
      guard let index = key.intValue, items.indices.contains(index),
        items[index].insert(value, at: path.dropFirst())
      else { return false }
      self = .list(items)
    default: return false
    }
    return true
  }
}
