public import Mustache

/// What a template shows: names, each with its value.
///
/// A name whose value is `nil` is not there.
///
/// ```swift
/// let content: Content = ["name": source.name, "label": label, "rows": rows.map(row)]
/// ```
public struct Content: ExpressibleByDictionaryLiteral, MustacheParent {
  private let values: [String: Any]

  public init(dictionaryLiteral elements: (String, Any?)...) {
    let known = elements.compactMap { name, value in value.map { (name, $0) } }
    values = Dictionary(known, uniquingKeysWith: { $1 })
  }

  /// Rows under the name `each`, for what is shown around them too; `nil` where there are none.
  public static func each(_ rows: [Content]) -> Content? { rows.isEmpty ? nil : ["each": rows] }

  /// The value of a name, for the template.
  public func child(named name: String) -> Any? { values[name] }
}
