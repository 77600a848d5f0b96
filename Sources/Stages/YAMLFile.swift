import Failures
import Foundation
import Yams

/// A file of YAML that a person writes: nothing in it is passed over.
struct YAMLFile {
  /// What stands in it, from the first line on.
  var content: Node

  /// What is wrong with a file, for a person.
  struct Problem: Failure {
    var text: String

    var description: String { text }
    var exitStatus: ExitStatus { .badInput }
  }

  /// Reads a file.
  ///
  /// - Throws: ``Problem`` where it is no YAML, or no mapping; `CocoaError` where it cannot be read.
  init(_ path: String) throws {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    do {
      guard let node = try Yams.compose(yaml: text), node.mapping != nil else {
        throw Problem(text: "it has no keys")
      }
      content = node
    } catch let error as YamlError {
      throw Problem(
        text: "it is no YAML: \("\(error)".split(separator: "\n").joined(separator: " "))")
    }
  }

  /// Refuses keys that nothing reads.
  ///
  /// - Throws: ``Problem`` that names one, and what there is.
  static func check(_ node: Node, has known: [String], in what: String) throws {
    let keys = node.mapping.map { $0.keys.compactMap(\.string) } ?? []
    guard let unknown = keys.first(where: { !known.contains($0) }) else { return }
    throw Problem(
      text: "\(what) has no '\(unknown)'; it has \(known.sorted().joined(separator: ", "))")
  }

  /// What stands in it as a type.
  ///
  /// - Throws: ``Problem`` that names the place of what is missing, or not as it should be.
  func decode<Content: Decodable>(as type: Content.Type) throws -> Content {
    func place(_ path: [any CodingKey]) -> String {
      path.map { key in key.intValue.map { "\($0 + 1)" } ?? key.stringValue }.joined(separator: " ")
    }
    do {
      return try YAMLDecoder().decode(type, from: content)
    } catch let DecodingError.keyNotFound(key, context) {
      let place = place(context.codingPath)
      throw Problem(text: "it has no '\(key.stringValue)'" + (place.isEmpty ? "" : " in \(place)"))
    } catch let DecodingError.typeMismatch(_, context), let DecodingError.valueNotFound(_, context)
    {
      throw Problem(text: "'\(place(context.codingPath))' is not what it should be")
    } catch let DecodingError.dataCorrupted(context) {
      throw Problem(text: context.debugDescription)
    }
  }
}
