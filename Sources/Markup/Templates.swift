import Foundation
public import Mustache

/// Compiles templates that are part of a program.
///
/// What they show is escaped by ``escaped(_:)``, unless a template says `{{{…}}}`.
///
/// - Parameter sources: Each template's name and its text in UTF-8.
/// - Throws: Where one of them is broken.
public func templates(_ sources: KeyValuePairs<String, [UInt8]>) throws -> MustacheLibrary {
  MustacheContentTypes.register(XMLText(), named: "XML")
  var library = MustacheLibrary()
  for (name, bytes) in sources {
    try library.register(
      "{{% CONTENT_TYPE:XML}}" + String(decoding: bytes, as: UTF8.self), named: name)
  }
  return library
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
