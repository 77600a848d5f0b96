import Catalogue

/// Finds the sources that an image is named after.
struct SourceNames: Sendable {
  private var byImage: [String: [Int]] = [:]
  private var byName: [String: [Int]] = [:]
  private let sources: [StoredSource]

  init(_ sources: [StoredSource]) {
    self.sources = sources
    for (index, source) in sources.enumerated() {
      byName[ImageFile.stem(of: source.name), default: []].append(index)
      if let image = source.image {
        byImage[ImageFile.stem(of: image), default: []].append(index)
      }
    }
  }

  /// The sources whose catalogue entry names the file, else those that are called like it.
  ///
  /// Where some entries name the file more fully, by its folder or its ending, those alone are
  /// meant.
  func named(by file: ImageFile) -> [Int] {
    let named = byImage[file.stem] ?? []
    if named.isEmpty { return byName[file.stem] ?? [] }
    let path = "/" + file.path
    let place = ImageFile.withoutExtension(path)
    let whole = longest(named.filter { path.hasSuffix("/" + (sources[$0].image ?? "")) })
    if !whole.isEmpty { return whole }
    let inFolder = longest(
      named.filter { index in
        guard let image = sources[index].image, image.contains("/") else { return false }
        return place.hasSuffix("/" + ImageFile.withoutExtension(image))
      })
    return inFolder.isEmpty ? named : inFolder
  }

  private func longest(_ found: [Int]) -> [Int] {
    let lengths = found.map { sources[$0].image?.utf8.count ?? 0 }
    let most = lengths.max() ?? 0
    return zip(found, lengths).filter { $0.1 == most }.map(\.0)
  }

  /// The sources that a header's OBJECT names.
  func named(byObject object: String) -> [Int] {
    byName[object] ?? byImage[ImageFile.stem(of: object)] ?? []
  }
}
