import Astronomy
import Catalogue
import Foundation
import Tables

/// A row of a table of labels.
struct LabelRow: Sendable {
  /// The row in the file, from 1.
  var row: Int

  /// The source's name.
  var source: String

  /// What it says: of one class, or of tags.
  var said: [Said]

  /// Whether tags that it does not name do not apply.
  var deniesOthers = false

  /// A remark.
  var comment: String?

  /// Who says so.
  var annotator: String

  /// How surely, above 0 and up to 1.
  var confidence: Float

  /// Where the table says that the source is.
  var position: SkyPosition?
}

/// What a row says of a class.
struct Said: Sendable, Hashable {
  /// The class, as the file writes it.
  var className: String

  /// Whether it is a tag that does not apply.
  var denies = false
}

extension LabelRow {
  /// The class, or the tags that apply.
  var text: String {
    said.filter { !$0.denies }.map(\.className).joined(separator: ", ")
  }
}

/// What a table of labels holds.
struct LabelTable: Sendable {
  /// The rows that say something.
  var rows: [LabelRow] = []

  /// The rows that cannot be used, with their reasons.
  var rejected: [Rejected] = []

  /// Rows whose class the map leaves out, or that have none.
  var unclassified = 0

  /// Whether the classes are tags.
  var areTags = false

  /// Of a Zooniverse export, classifications of other workflows and versions.
  var leftOut = 0

  /// The rows of its file of subjects that cannot be used.
  var rejectedSubjects: (file: String, rows: [Rejected])?

  /// Its subjects that have got all the classifications that they were to get.
  var retired: Int?

  /// Its classifications by the workflow's version.
  var versions: [String: Int]?

  /// Rows without a confidence, where a column says that of others.
  var unsure = 0

  /// What a person should know of how it was read.
  var warnings: [String] = []

  /// Takes out the rows for which there is a reason to.
  mutating func setAside(_ reason: (LabelRow) -> String?) {
    rows.removeAll { row in
      guard let reason = reason(row) else { return false }
      rejected.append(Rejected(row: row.row, name: row.source, reason: reason))
      return true
    }
  }

  /// Sets aside all rows in which one annotator gives a source more than one class, or says of a tag both
  /// that it applies and that it does not, since nobody can tell which of them is meant.
  ///
  /// - Returns: How many.
  mutating func setAsideContradictions() -> Int {
    let before = rejected.count
    let said = Dictionary(grouping: rows, by: Claim.init)
    let areTags = areTags
    setAside { row in
      let others = said[Claim(row)] ?? []
      return areTags ? row.denied(by: others) : row.contradicted(by: others)
    }
    return rejected.count - before
  }

  /// Leaves out rows that say what an earlier one said; the surest of them stays.
  ///
  /// - Returns: How many.
  mutating func removeRepeated() -> Int {
    let before = rows.count
    let surest = Dictionary(grouping: rows, by: Statement.init).compactMapValues { same in
      same.max { ($0.confidence, $1.row) < ($1.confidence, $0.row) }?.row
    }
    rows.removeAll { surest[Statement($0)] != $0.row }
    return before - rows.count
  }
}

/// Who speaks of which source.
private struct Claim: Hashable {
  let source: String
  let annotator: String

  init(_ row: LabelRow) {
    source = row.source
    annotator = row.annotator
  }
}

/// Who says what of which source.
private struct Statement: Hashable {
  let claim: Claim
  let said: Set<Said>

  init(_ row: LabelRow) {
    claim = Claim(row)
    said = Set(row.said)
  }
}

extension LabelRow {
  /// Why it cannot stand beside the others of its annotator on its source, which have one class.
  fileprivate func contradicted(by others: [LabelRow]) -> String? {
    others.first { $0.said != said }.map {
      "\(annotator) calls it '\(text)' here and '\($0.text)' in row \($0.row)"
    }
  }

  /// Why it cannot stand beside the others of its annotator on its source, which has tags.
  fileprivate func denied(by others: [LabelRow]) -> String? {
    for other in others where other.row != row {
      guard
        let both = said.first(where: { own in
          other.said.contains { $0.className == own.className && $0.denies != own.denies }
        })
      else { continue }
      return """
        \(annotator) says here that '\(both.className)' \(both.denies ? "does not apply" : "applies"), \
        and the opposite in row \(other.row)
        """
    }
    return nil
  }
}

extension LabelImport {
  /// Reads a table of labels of a scheme, which is `nil` where it is still to be made.
  ///
  /// - Throws: `LabelError` where a column is missing or no row has a class, `CatalogueError` where tags are
  ///   asked of a scheme of classes, `FileError` for a file that cannot be read.
  func read(_ path: String, _ scheme: ClassScheme?) throws -> LabelTable {
    let file = try openTable(
      path, names: { try LabelColumns(self, scheme, in: $0, of: path).names })
    let columns = try LabelColumns(self, scheme, in: file.columns.map(\.name), of: path)
    var table = LabelTable()
    table.warnings = columns.unread
    if case .oneClass = columns.label {} else { table.areTags = true }
    let position = Self.position(in: file)
    var number = 0
    try file.read(chunk: 8192) { chunk in
      for cells in chunk {
        number += 1
        add(cells, columns, position, number, to: &table)
      }
    }
    table.warnings += confidenceWarnings(table)
    guard !table.rows.isEmpty || !table.rejected.isEmpty else {
      throw LabelError.noLabels(file: path)
    }
    return table
  }

  /// Where a table says that its sources are; nil where it does not, or not in one column for each coordinate.
  private static func position(in file: any TableReader) -> PositionColumns? {
    let frames = file.metadata.frame.map { [$0] } ?? file.metadata.frames
    guard let mapping = try? ColumnMapping(guessing: file.columns, tableFrames: frames),
      [.ra, .dec].allSatisfy({ mapping.columns[$0]?.columns.count == 1 })
    else { return nil }
    return try? PositionColumns(in: file.columns, mapping: mapping, file: "")
  }

  /// What a person should know of how confidences were read.
  private func confidenceWarnings(_ table: LabelTable) -> [String] {
    guard confidenceColumn != nil else { return [] }
    let small = confidenceIsPercent ? table.rows.count { $0.confidence < 0.01 } : 0
    return [
      table.unsure > 0
        ? "\(table.unsure) rows have no confidence: 1 is taken" : nil,
      small > 0
        ? "\(small) confidences are below 1 per cent: are some of them no per cent?" : nil,
    ].compactMap(\.self)
  }

  private func add(
    _ cells: [Value], _ columns: LabelColumns, _ position: PositionColumns?, _ number: Int,
    to table: inout LabelTable
  ) {
    guard let name = columns.source.text(in: cells) else {
      table.unclassified += 1
      return
    }
    do throws(UnusableRow) {
      guard let said = try said(cells, columns.label, columns.scheme) else {
        table.unclassified += 1
        return
      }
      let confidence = try confidence(columns.confidence.map { cells[$0] })
      if confidence == nil, columns.confidence != nil { table.unsure += 1 }
      var row = LabelRow(
        row: number, source: name, said: said,
        annotator: columns.annotator.flatMap { cells[$0].plainText } ?? annotator,
        confidence: confidence ?? 1,
        position: try? position?.position(in: cells) { _, _ in })
      if case .listed = columns.label { row.deniesOthers = true }
      table.rows.append(row)
    } catch {
      table.rejected.append(Rejected(row: number, name: name, reason: error.reason))
    }
  }

  /// What the cells of a row say; `nil` where they say nothing.
  private func said(
    _ cells: [Value], _ label: LabelColumns.Label, _ scheme: ClassScheme?
  ) throws(UnusableRow) -> [Said]? {
    switch label {
    case .oneClass(let column):
      guard let text = cells[column].word, case let name = mapped(text) ?? text, !name.isEmpty
      else { return nil }
      if name == text, isNoClass(text, scheme) { return nil }
      return [Said(className: name)]
    case .listed(let column):
      guard let text = cells[column].plainText else { return nil }
      return words(of: text).flatMap { words(of: mapped($0) ?? $0) }
        .filter { !isNoClass($0, scheme) }.map { Said(className: $0) }
    case .each(let tags):
      var said: [Said] = []
      for (column, name) in tags {
        guard let applies = try truth(cells[column], name) else { continue }
        said.append(Said(className: name, denies: !applies))
      }
      return said.isEmpty ? nil : said
    }
  }

  /// What the map says of a word; of a number, however it is written.
  private func mapped(_ word: String) -> String? {
    if let name = classMap[word] { return name }
    guard let number = Double(word) else { return nil }
    return classMap.first { Double($0.key) == number }?.value
  }

  /// Whether a word says that there is no class, and the scheme has none that is called so.
  private func isNoClass(_ word: String, _ scheme: ClassScheme?) -> Bool {
    word.standsForNoValue && (try? scheme?.classID(named: word)) == nil
  }

  /// The words in a cell of several.
  private func words(of text: String) -> [String] {
    text.split(separator: separator ?? Self.usualSeparator)
      .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  /// Whether a cell says that a tag applies; `nil` where it is blank.
  private func truth(_ cell: Value, _ tag: String) throws(UnusableRow) -> Bool? {
    if case .boolean(let flag) = cell { return flag }
    guard let text = cell.plainText else { return nil }
    switch text.lowercased() {
    case "1", "1.0", "true", "t", "yes", "y": return true
    case "0", "0.0", "false", "f", "no", "n": return false
    default:
      throw UnusableRow(
        reason: "tag '\(tag)' is '\(text)', which is neither 1, true or yes nor 0, false or no")
    }
  }

  /// The confidence in a cell; nil where it is empty, as where there is no such column.
  private func confidence(_ cell: Value?) throws(UnusableRow) -> Float? {
    guard let cell, let text = cell.word, !text.standsForNoValue else { return nil }
    guard let number = cell.number ?? Double(text) else {
      throw UnusableRow(reason: "confidence '\(text)' is no number")
    }
    let isPercent = confidenceIsPercent
    guard number > 0, number <= (isPercent ? 100 : 1) else {
      let advice = !isPercent && number > 1 && number <= 100
      throw UnusableRow(
        reason: "confidence \(text) is not in (0, \(isPercent ? "100" : "1")]"
          + (advice ? "; if it means per cent, say --confidence-percent" : ""))
    }
    return Float(isPercent ? number / 100 : number)
  }

  /// The names of the sources that a table lists.
  func sources(in path: String) throws -> Set<String> {
    let table = try openTable(
      path, names: { try LabelColumns.source(self, in: $0, of: path).places })
    let source = try LabelColumns.source(self, in: table.columns.map(\.name), of: path)
    var names: Set<String> = []
    try table.read(chunk: 8192) { names.formUnion($0.compactMap(source.text)) }
    return names
  }
}

extension Value {
  /// The text of a cell that holds a word, such as a class: `true` and `false` are some.
  fileprivate var word: String? {
    if case .boolean(let flag) = self { return String(flag) }
    return plainText
  }
}
