import Astronomy
import Catalogue
import Files
import Foundation
import PostgreSQL
import Tables

extension ReleaseWriter {
  /// Writes the table of ASCII and the ReadMe that the CDS asks for ("Standards for Astronomical
  /// Catalogues", version 2.0).
  func writeCDS() throws {
    let fields = try catalogue.textFields(in: database)
    let file = name + ".dat"
    try folder.makeFolder("cds")
    let sink = try ByteSink(folder.file("cds/" + file))
    var rows = 0
    try catalogue.readText(fields, in: database) { line in
      try sink.write([UInt8](line))
      rows += 1
      if rows % 4096 == 0 {
        progress.update("writing cds/\(file)", done: rows, of: catalogue.rows)
      }
    }
    try sink.finish()
    try folder.write(CDSReadMe(self, fields, file: file).text, to: "cds/ReadMe")
  }
}

/// The ReadMe of the CDS: what the catalogue is, and each column by its bytes.
struct CDSReadMe {
  let text: String

  private static let line = String(repeating: "-", count: 80)

  init(_ release: ReleaseWriter, _ fields: [PublishedCatalogue.TextField], file: String) {
    let credits = release.metadata.credits
    let title = release.title.inASCII
    let width = fields.reduce(0) { $0 + $1.width + 1 } - 1
    let people = credits.people.map(\.inASCII).joined(separator: ", ")
    let year = release.metadata.date?.prefix(4) ?? ""
    text = """
      \(release.name)    \(title.prefix(60))    (\(people.isEmpty ? "authors not said" : people), \(year))
      \(String(repeating: "=", count: 80))
      \(title)
          \(people.isEmpty ? "(authors not said)" : people)
         \(credits.reference.map { "=\($0.inASCII)" } ?? "(reference not said)")
      \(String(repeating: "=", count: 80))
      Keywords: Radio sources ; Surveys ; Morphology

      Description:
      \(Self.indented(release.metadata.description ?? ""))

      File Summary:
      \(Self.line)
       FileName    Lrecl   Records   Explanations
      \(Self.line)
      ReadMe          80         .   This file
      \(file) \(width) \(release.catalogue.rows)   The catalogue
      \(Self.line)

      Byte-by-byte Description of file: \(file)
      \(Self.line)
         Bytes Format Units   Label   Explanations
      \(Self.line)
      \(Self.described(fields).joined(separator: "\n"))
      \(Self.line)

      \(credits.licence.map { "Licence:\n\(Self.indented($0.inASCII))\n\n" } ?? "")\
      \(credits.copyright.map { "Copyright:\n\(Self.indented($0.inASCII))\n\n" } ?? "")\
      \(String(repeating: "=", count: 80))
      (End)

      """
  }

  /// A line for each column: its bytes, counted from 1, format, unit, label and meaning.
  private static func described(_ fields: [PublishedCatalogue.TextField]) -> [String] {
    var begin = 1
    return fields.map { field in
      let end = begin + field.width - 1
      let bytes =
        field.width == 1
        ? right("\(begin)", 9) : right("\(begin)", 4) + "-" + right("\(end)", 4)
      begin = end + 2
      let unit = field.column.unit.map { cdsUnit($0) } ?? "---"
      let words = (field.hasNulls ? "? " : "") + (field.column.description ?? field.column.name)
      return "\(bytes) \(left(field.code, 6)) \(left(unit, 9)) \(left(field.column.name, 16)) "
        + words.inASCII
    }
  }

  /// A unit as the CDS spells it: `mJy beam-1` as `mJy/beam`.
  private static func cdsUnit(_ unit: String) -> String {
    unit.split(separator: " ").enumerated().reduce(into: "") { text, factor in
      let isBelow = factor.element.hasSuffix("-1")
      let name = isBelow ? String(factor.element.dropLast(2)) : String(factor.element)
      text += (isBelow ? "/" : factor.offset > 0 ? "." : "") + name.replacing("**", with: "")
    }
  }

  private static func indented(_ text: String) -> String {
    text.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n")
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}

extension PublishedCatalogue.TextField {
  /// The format in the terms of Fortran, as the CDS has it.
  fileprivate var code: String {
    switch format {
    case .text: "A\(width)"
    case .integer: "I\(width)"
    case .decimal(let places): "F\(width).\(places)"
    case .exponent(let places): "E\(width).\(places)"
    }
  }
}
