import Foundation
public import Mustache

extension MustacheLibrary {
  /// Compiles templates that are part of a program, each by its name and its text in UTF-8.
  ///
  /// What they show is escaped by ``escaped(_:)``, unless a template says `{{{…}}}`.
  ///
  /// - Throws: Where one of them is broken.
  public mutating func add(_ sources: KeyValuePairs<String, [UInt8]>) throws {
    MustacheContentTypes.register(XMLText(), named: "XML")
    for (name, bytes) in sources {
      try register("{{% CONTENT_TYPE:XML}}" + String(decoding: bytes, as: UTF8.self), named: name)
    }
  }
}

private struct XMLText: MustacheContentType {
  func escapeText(_ text: String) -> String { escaped(text) }
}

/// A text as HTML and XML hold it, in an element or between the quotes of an attribute.
///
/// It goes by scalars: a mark that combines with `<` or `"` does not hide them. Characters that XML
/// cannot hold become U+FFFD.
public func escaped(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    case "'": result += "&#39;"
    case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
    case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}
