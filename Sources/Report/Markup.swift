/// A piece of a page: text, or an element with attributes and children.
///
/// Written out it reads the same as HTML and as XML, and no text can become markup: whatever comes
/// from data is escaped here and nowhere else.
package struct Markup: Sendable {
  private enum Content {
    case text(String)
    case element(String, attributes: [(name: String, value: String)], children: [Markup])
  }

  private let content: Content

  /// An element.
  package init(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ children: [Markup] = []
  ) {
    content = .element(
      name, attributes: attributes.map { (name: $0.key, value: $0.value) }, children: children)
  }

  /// An element that holds a text.
  package init(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: String
  ) {
    self.init(name, attributes, [.text(text)])
  }

  /// A text.
  package static func text(_ text: String) -> Markup { Markup(content: .text(text)) }

  private init(content: Content) { self.content = content }

  /// As a document holds it.
  package var text: String {
    var text = ""
    write(to: &text)
    return text
  }

  private func write(to output: inout String) {
    switch content {
    case .text(let text): output += escaped(text)
    case .element(let name, let attributes, let children):
      output += "<" + name
      for (name, value) in attributes { output += " \(name)=\"\(escaped(value, quotes: true))\"" }
      if Self.isVoid.contains(name) {
        output += " />"
      } else {
        output += ">"
        for child in children { child.write(to: &output) }
        output += "</\(name)>"
        if Self.isBlock.contains(name) { output += "\n" }
      }
    }
  }

  /// The elements that HTML closes by themselves; all others need an end tag even when empty.
  private static let isVoid: Set = ["br", "hr", "img", "meta"]

  /// Elements that begin a new line after them, where white space says nothing.
  private static let isBlock: Set = [
    "title", "style", "head", "header", "section", "footer", "h1", "h2", "h3", "p", "tr", "table",
    "dl", "dd", "li", "ul", "figure", "svg", "g",
  ]
}

/// A text as XML holds it; characters that XML cannot hold become U+FFFD.
private func escaped(_ text: String, quotes: Bool = false) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"" where quotes: result += "&quot;"
    case "\t", "\n": result.unicodeScalars.append(scalar)
    case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}
