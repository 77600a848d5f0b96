import Astronomy
internal import CXML
import Files

/// What an XML document's reader is told, element after element.
protocol XMLEvents: AnyObject {
  func start(_ element: XMLName, _ attributes: XMLAttributes)
  func text(_ bytes: UnsafeBufferPointer<UInt8>)
  func end(_ element: XMLName)
}

/// The local name of an element, compared without making a string of it.
struct XMLName {
  fileprivate let bytes: UnsafePointer<UInt8>

  var string: String { String(cString: bytes) }

  /// Whether this is `TD` or `TR`, the elements that come by the million.
  func isCell(_ letter: UInt8) -> Bool {
    bytes[0] == UInt8(ascii: "T") && bytes[1] == letter && bytes[2] == 0
  }
}

/// The attributes of an element, valid while it is being told.
struct XMLAttributes {
  fileprivate let count: Int
  fileprivate let pointers: UnsafeMutablePointer<UnsafePointer<UInt8>?>?

  /// The value of an attribute by its local name.
  subscript(name: String) -> String? {
    guard let pointers else { return nil }
    for index in 0..<count {
      let place = pointers + 5 * index
      guard let local = place[0], String(cString: local) == name else { continue }
      guard let start = place[3], let end = place[4] else { return nil }
      return String(decoding: UnsafeBufferPointer(start: start, count: end - start), as: UTF8.self)
    }
    return nil
  }
}

/// An XML document read piece by piece by libxml2, in the memory of one piece.
final class XMLStream {
  private let source: ByteSource
  private let parser: xmlParserCtxtPtr
  private let reader: XMLReader
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)
  /// The bytes since something was told.
  private var silence = 0

  /// The longest tag or comment, bytes: libxml2 looks for its end from its beginning again and again.
  private static let longestTag = 1 << 19

  init(_ path: String) throws {
    source = try ByteSource(path)
    reader = XMLReader()
    var callbacks = callbacks()
    let context = Unmanaged.passUnretained(reader).toOpaque()
    guard let parser = xmlCreatePushParserCtxt(&callbacks, context, nil, 0, path) else {
      throw FileError(path, "no memory for reading XML", advice: "Free some")
    }
    xmlCtxtUseOptions(parser, reber_xml_options)
    self.parser = parser
  }

  deinit { xmlFreeParserCtxt(parser) }

  /// The line that is being read.
  var line: Int { Int(xmlSAX2GetLineNumber(parser)) }

  /// Reads one more piece of the file and tells what stands in it; false at the end.
  func advance(telling events: any XMLEvents) throws -> Bool {
    reader.events = events
    reader.isSilent = true
    let count = try source.read(into: &buffer)
    buffer.withUnsafeBytes { bytes in
      let characters = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
      _ = xmlParseChunk(parser, characters, Int32(count), count == 0 ? 1 : 0)
    }
    if let entity = reader.entity {
      throw failure(
        "it refers to the entity '\(entity)', and none but XML's own is read",
        advice: "Put its text in its place")
    }
    guard parser.pointee.wellFormed == 1 else { throw failure() }
    silence = reader.isSilent ? silence + count : 0
    guard silence <= Self.longestTag else {
      throw failure(
        "a tag or comment is longer than \(Self.longestTag >> 10) KiB", advice: "Get the file again"
      )
    }
    return count > 0
  }

  private func failure(_ problem: String, advice: String) -> FileError {
    FileError(source.path, line: line, problem, advice: advice)
  }

  private func failure() -> FileError {
    let error = xmlCtxtGetLastError(parser)
    let message = error?.pointee.message.map { String(cString: $0) } ?? "it is not XML"
    let reason = message.split(whereSeparator: \.isNewline).first.map(String.init) ?? message
    return FileError(
      source.path, line: error.map { Int($0.pointee.line) }, "the XML is broken (\(reason))",
      advice: "Get the file again, or look at it with 'stilts votlint'")
  }
}

private func callbacks() -> xmlSAXHandler {
  var callbacks = xmlSAXHandler()
  callbacks.initialized = UInt32(XML_SAX2_MAGIC)
  callbacks.startElementNs = { context, name, _, _, _, _, count, _, attributes in
    guard let name, let events = events(of: context) else { return }
    events.start(
      XMLName(bytes: name), XMLAttributes(count: Int(count), pointers: attributes))
  }
  callbacks.endElementNs = { context, name, _, _ in
    guard let name else { return }
    events(of: context)?.end(XMLName(bytes: name))
  }
  callbacks.characters = { context, bytes, count in
    events(of: context)?.text(UnsafeBufferPointer(start: bytes, count: Int(count)))
  }
  callbacks.cdataBlock = callbacks.characters
  callbacks.serror = { _, _ in }
  callbacks.getEntity = { context, name in
    if let name { reader(of: context)?.entity = String(cString: name) }
    return nil
  }
  return callbacks
}

private func events(of context: UnsafeMutableRawPointer?) -> (any XMLEvents)? {
  let reader = reader(of: context)
  reader?.isSilent = false
  return reader?.events
}

private func reader(of context: UnsafeMutableRawPointer?) -> XMLReader? {
  context.map { Unmanaged<XMLReader>.fromOpaque($0).takeUnretainedValue() }
}

/// What the C callbacks are given.
private final class XMLReader {
  weak var events: (any XMLEvents)?
  /// Whether nothing was told of the present piece.
  var isSilent = true
  /// An entity that the document refers to, and that XML does not know of itself.
  var entity: String?
}
