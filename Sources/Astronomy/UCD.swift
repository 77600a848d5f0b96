/// A Unified Content Descriptor of the IVOA: words such as `phot.flux.density;em.radio`, the first of
/// which says what a column is, and the others of what.
public struct UCD: Hashable, Sendable {
  /// The words, in lower case and without the namespace of a UCD of one's own.
  public let words: [String]

  /// Takes a descriptor as a file writes it.
  public init(_ text: String) {
    words = text.lowercased().split(separator: ";").map { word in
      let parts = word.split(separator: ":")
      return (parts.last ?? "").split(separator: " ").joined()
    }
  }

  /// Whether the first word is this one.
  public func isOf(_ word: String) -> Bool { words.first == word }

  /// Whether a word is this one, or a narrower one: `em.radio` stands for `em.radio.750-1500MHz` too.
  public func has(_ word: String) -> Bool {
    words.contains { $0 == word || $0.hasPrefix(word + ".") }
  }

  /// Whether it says that a column tells of radio waves, or leaves the wave band open.
  public var mayBeRadio: Bool {
    has("em.radio") || !has("em") && !words.contains { $0.hasPrefix("em.") }
  }
}
