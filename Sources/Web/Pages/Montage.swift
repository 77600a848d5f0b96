import Catalogue
import Markup

extension Visit {
  /// One picture of many sources, with a place to click for each.
  ///
  /// - Parameters:
  ///   - cells: The sources.
  ///   - columns: How many stand in a row at the usual size.
  ///   - isChoice: Whether a click takes a source out, rather than opens its page.
  ///   - captions: What stands below each; none for all without it.
  ///   - swatches: Whose class's colour each has; that of its label for all without it.
  ///   - out: The sources that are taken out.
  /// - Returns: What template `montage` shows.
  func montage(
    _ cells: [MontageCell], columns: Int, isChoice: Bool = false, captions: [String?] = [],
    swatches: [Int16?] = [], out: Set<Int> = []
  ) -> Content {
    let keys = cells.map { String($0.cutout ?? 0) }.joined(separator: ",")
    let (side, columns) = (look.tiles.side, look.tiles.columns(of: columns))
    let rows = max(1, (cells.count + columns - 1) / columns)
    return [
      "picture": "\(base)/montage.png?cutouts=\(keys)&columns=\(columns)&\(look.pictureQuery)",
      "width": columns * side, "height": rows * side, "columns": columns,
      "isChoice": isChoice,
      "cells": cells.enumerated().map { index, cell -> Content in
        [
          "source": cell.source, "name": cell.name, "href": address(ofSource: cell.name),
          "caption": index < captions.count ? captions[index] : nil,
          "swatch": index < swatches.count ? swatches[index] : cell.classID,
          "isOut": out.contains(cell.source), "isBare": cell.cutout == nil,
        ]
      },
    ]
  }

  /// The page of a source.
  func address(ofSource name: String) -> String { "\(base)/sources/\(percentEncoded(name))" }
}

extension ClassScheme {
  /// Keys of classes: digits first, then letters that no command has.
  private static let keys = Array("1234567890qweriopxyv").map(String.init)

  /// The classes on buttons, each with what is said of it beside its name, or as tags to choose.
  func buttons(details: [Int16: String] = [:], chosen: Set<Int16> = []) -> [Content] {
    var free = Self.keys.filter { key in !classes.contains { $0.shortcut == key } }[...]
    return classes.map { item in
      [
        "id": item.id, "name": item.name, "key": item.shortcut ?? free.popFirst() ?? "",
        "swatch": item.id, "detail": details[item.id], "description": item.description,
        "isChosen": chosen.contains(item.id),
      ]
    }
  }

  /// The classes to choose from.
  func choices(chosen: Int16?) -> [Content] {
    classes.map { ["value": $0.id, "name": $0.name, "isChosen": $0.id == chosen] }
  }

  /// The name of a class; `nil` for none.
  func name(of id: Int16?) -> String? { classes.first { $0.id == id }?.name }

  /// The names of classes, with commas; `nil` for none.
  func names(of ids: [Int16]) -> String? {
    ids.isEmpty ? nil : ids.compactMap { name(of: $0) }.joined(separator: ", ")
  }

  /// A class that a form names.
  func classID(_ form: Fields) throws -> Int16 {
    guard let id: Int16 = form.number("class"), name(of: id) != nil else {
      throw CatalogueError.unknownClass(
        form["class"] ?? "", scheme: name, known: classes.map(\.name))
    }
    return id
  }
}
