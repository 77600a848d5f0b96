import Catalogue

/// One picture of many sources, with a place to click for each.
struct MontageView: Sendable {
  /// The picture.
  var picture: String
  /// The picture's width in pixels.
  var width: Int
  /// Its height.
  var height: Int
  /// How many sources stand in a row.
  var columns: Int
  /// Whether a click takes a source out, rather than opens its page.
  var isChoice: Bool
  /// The sources.
  var cells: [Cell]

  struct Cell: Sendable {
    var source: Int
    var name: String
    var href: String
    var caption: String?
    var swatch: Int?
    var isOut: Bool
  }

  static let cell = 96

  init(
    _ cells: [MontageCell], survey: Survey, columns: Int, look: Look, isChoice: Bool,
    captions: [String?] = [], swatches: [Int?] = [], out: Set<Int> = []
  ) {
    let base = "/" + percentEncoded(survey.name)
    let keys = cells.map { String($0.cutout ?? 0) }.joined(separator: ",")
    picture = "\(base)/montage.png?cutouts=\(keys)&columns=\(columns)&\(look.query)"
    width = columns * Self.cell
    height = max(1, (cells.count + columns - 1) / columns) * Self.cell
    self.columns = columns
    self.isChoice = isChoice
    self.cells = cells.enumerated().map { index, cell in
      Cell(
        source: cell.source, name: cell.name, href: "\(base)/sources/\(percentEncoded(cell.name))",
        caption: index < captions.count ? captions[index] : nil,
        swatch: index < swatches.count ? swatches[index] : cell.classID.map(Int.init),
        isOut: out.contains(cell.source))
    }
  }
}

/// A class on a button.
struct ClassButton {
  var id: Int
  var name: String
  var key: String
  var swatch: Int
  var detail: String?

  /// Keys of classes: digits first, then letters that no command has.
  private static let keys = Array("1234567890qweriopxcv").map(String.init)

  /// The classes of a scheme.
  static func all(_ scheme: ClassScheme, details: [Int16: String] = [:]) -> [ClassButton] {
    scheme.classes.enumerated().map { index, item in
      ClassButton(
        id: Int(item.id), name: item.name, key: index < keys.count ? keys[index] : "",
        swatch: Int(item.id), detail: details[item.id])
    }
  }
}

extension ClassScheme {
  /// The name of a class; `nil` for none.
  func name(of id: Int16?) -> String? { classes.first { $0.id == id }?.name }

  /// A class that a form names.
  func classID(_ form: Fields) throws -> Int16 {
    guard let id: Int16 = form.number("class"), name(of: id) != nil else {
      throw CatalogueError.unknownClass(
        form["class"] ?? "", scheme: name, known: classes.map(\.name))
    }
    return id
  }
}

extension Fields {
  /// Keys of sources, from one field with commas or from many.
  func numbers(_ name: String) -> [Int] {
    all(name).flatMap { $0.split(separator: ",") }.compactMap { Int($0) }
  }
}
