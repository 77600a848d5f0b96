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
    let people = credits.people.map(\.inASCII)
    let authors = people.isEmpty ? "(authors not said)" : people.joined(separator: ", ")
    let year = String(release.metadata.date?.prefix(4) ?? "")
    let reference = credits.reference.map { "=\($0.inASCII)" } ?? "(reference not said)"
    text = """
      \(Self.headline(release.name, title, people, year: year))
      \(String(repeating: "=", count: 80))
      \(Self.wrapped(title))
      \(Self.wrapped(authors, indent: 4))
      \(Self.wrapped(reference, indent: 3))
      \(String(repeating: "=", count: 80))
      Keywords: Radio sources ; Surveys ; Morphology

      Description:
      \(Self.wrapped(release.metadata.description?.inASCII ?? "", indent: 2))

      \(Self.summary(file, width: fields.reduce(-1) { $0 + $1.width + 1 }, rows: release.catalogue.rows))

      Byte-by-byte Description of file: \(file)
      \(Self.line)
         Bytes Format Units   Label   Explanations
      \(Self.line)
      \(Self.described(fields).joined(separator: "\n"))
      \(Self.line)

      \(credits.licence.map { "Licence:\n\(Self.wrapped($0.inASCII, indent: 2))\n\n" } ?? "")\
      \(credits.copyright.map { "Copyright:\n\(Self.wrapped($0.inASCII, indent: 2))\n\n" } ?? "")\
      \(String(repeating: "=", count: 80))
      (End)

      """
  }

  /// The first line: name, title and, in brackets, the first author and the year.
  private static func headline(
    _ name: String, _ title: String, _ people: [String], year: String
  ) -> String {
    let first = people.first?.split(separator: ",").first.map(String.init) ?? "authors not said"
    let end = "  (\(first)\(people.count > 1 ? "+" : ""), \(year))"
    let room = max(0, 80 - name.count - 2 - end.count)
    return "\(name)  \(title.prefix(room))\(end)"
  }

  /// The files, with their longest lines and their numbers of lines.
  private static func summary(_ file: String, width: Int, rows: Int) -> String {
    let names = max(8, file.count)
    func row(_ name: String, _ length: String, _ records: String, _ words: String) -> String {
      left(name, names) + right(length, 8) + right(records, 10) + "   " + words
    }
    return """
      File Summary:
      \(line)
      \(row("FileName", "Lrecl", "Records", "Explanations"))
      \(line)
      \(row("ReadMe", "80", ".", "This file"))
      \(row(file, "\(width)", "\(rows)", "The catalogue"))
      \(line)
      """
  }

  /// Lines for each column: its bytes, counted from 1, format, unit, label and meaning.
  private static func described(_ fields: [PublishedCatalogue.TextField]) -> [String] {
    let units = fields.map { $0.column.unit.map { cdsUnit($0) } ?? "---" }
    let (unitWidth, nameWidth) = (
      units.map(\.count).max() ?? 0, fields.map(\.column.name.count).max() ?? 0
    )
    var begin = 1
    return zip(fields, units).map { field, unit in
      let end = begin + field.width - 1
      let bytes =
        field.width == 1
        ? right("\(begin)", 9) : right("\(begin)", 4) + "-" + right("\(end)", 4)
      begin = end + 2
      let words = (field.hasNulls ? "? " : "") + (field.column.description ?? field.column.name)
      let start =
        "\(bytes) \(left(field.code, 6)) \(left(unit, unitWidth)) \(left(field.column.name, nameWidth)) "
      return start + wrapped(words.inASCII, indent: start.count).drop { $0 == " " }
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

  /// Words in lines of at most 80 bytes, where no word is longer, each behind some blanks.
  private static func wrapped(_ text: String, indent: Int = 0) -> String {
    var lines: [String] = []
    for word in text.split(whereSeparator: \.isWhitespace) {
      if let last = lines.last, indent + last.count + 1 + word.count <= max(80, indent + 24) {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines.map { String(repeating: " ", count: indent) + $0 }.joined(separator: "\n")
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
