/// Who made a survey or a catalogue, and how it may be used.
public struct Credits: Codable, Hashable, Sendable {
  /// The title for people.
  public var title: String?
  /// Who made it, divided by semicolons.
  public var authors: String?
  /// The publication to cite: a DOI, a bibcode or an address.
  public var reference: String?
  /// Under which licence it may be used, such as `CC-BY-4.0`.
  public var licence: String?
  /// The statement that has to go with its data.
  public var copyright: String?

  /// Wraps what is known.
  public init(
    title: String? = nil, authors: String? = nil, reference: String? = nil,
    licence: String? = nil, copyright: String? = nil
  ) {
    self.title = title
    self.authors = authors
    self.reference = reference
    self.licence = licence
    self.copyright = copyright
  }

  /// These, with what others say where these say nothing.
  public func filled(from others: Credits) -> Credits {
    Credits(
      title: title ?? others.title, authors: authors ?? others.authors,
      reference: reference ?? others.reference, licence: licence ?? others.licence,
      copyright: copyright ?? others.copyright)
  }

  /// All that is said, in one line; nil where nothing is.
  public var line: String? {
    let said = [title, authors, reference, licence, copyright].compactMap(\.self)
    return said.isEmpty ? nil : said.joined(separator: "; ")
  }

  /// The authors, one by one.
  public var people: [String] {
    (authors ?? "").split(separator: ";").map(\.trimmed).filter { !$0.isEmpty }
  }

  /// The DOI of the reference, where it has one.
  public var doi: String? {
    reference?.firstMatch(of: /10\.[0-9]{4,9}\/\S+/).map { String($0.0) }
  }

  /// The address on the web at which the reference is found.
  public var address: String? {
    guard let reference = reference?.trimmed else { return nil }
    if reference.hasPrefix("http://") || reference.hasPrefix("https://") { return reference }
    if let doi { return "https://doi.org/" + doi }
    if let paper = reference.firstMatch(of: /(?i)arxiv:\s?(\S+)/)?.1 {
      return "https://arxiv.org/abs/" + paper
    }
    // A bibcode has 19 characters: year, journal, volume, page and initial.
    guard reference.wholeMatch(of: /[0-9]{4}[A-Za-z&.]{5}[A-Za-z0-9.]{9}[A-Z.]/) != nil else {
      return nil
    }
    return "https://ui.adsabs.harvard.edu/abs/" + reference.replacing("&", with: "%26")
  }
}
