import Foundation
import FoundationXML
import Testing

/// A document that libxml2 has read: it must be well-formed XML.
struct Document {
  /// An element with all text inside it.
  struct Element {
    var name: String
    var attributes: [String: String]
    var text: String
  }

  /// The elements in the order of their start tags.
  let elements: [Element]

  /// The text of the first element.
  var text: String { elements.first?.text ?? "" }

  /// Reads a document.
  init(_ text: String) throws {
    let parser = XMLParser(data: Data(text.utf8))
    let reader = Reader()
    parser.delegate = reader
    let isRead = parser.parse()
    try #require(isRead, "\(String(describing: parser.parserError)), line \(parser.lineNumber)")
    elements = reader.elements
  }

  private final class Reader: NSObject, XMLParserDelegate {
    var elements: [Element] = []
    private var open: [Int] = []

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
      qualifiedName: String?, attributes: [String: String]
    ) {
      open.append(elements.count)
      elements.append(Element(name: name, attributes: attributes, text: ""))
    }

    func parser(
      _ parser: XMLParser, didEndElement name: String, namespaceURI: String?,
      qualifiedName: String?
    ) {
      open.removeLast()
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
      for index in open { elements[index].text += text }
    }
  }
}
