import Astronomy
import Catalogue
import Tables

/// A row of a table of labels.
struct LabelRow: Sendable {
  /// The row in the file, from 1.
  var row: Int

  /// The source's name.
  var source: String

  /// The class, as the file writes it.
  var className: String

  /// Who says so.
  var annotator: String

  /// How surely, above 0 and up to 1.
  var confidence: Float
}

/// What a table of labels holds.
struct LabelTable: Sendable {
  /// The rows that say something.
  var rows: [LabelRow] = []

  /// The rows that cannot be used, with their reasons.
  var rejected: [Rejected] = []

  /// Rows whose class the map leaves out, or that have none.
  var unclassified = 0

  /// Takes out the rows for which there is a reason to.
  mutating func setAside(_ reason: (LabelRow) -> String?) {
    rows.removeAll { row in
      guard let reason = reason(row) else { return false }
      rejected.append(Rejected(row: row.row, name: row.source, reason: reason))
      return true
    }
  }

  /// Sets aside all rows in which one annotator gives a source more than one class, since nobody
  /// can tell which of them is meant.
  ///
  /// - Returns: How many.
  mutating func setAsideContradictions() -> Int {
    let before = rejected.count
    let said = Dictionary(grouping: rows, by: Claim.init)
    setAside { row in
      guard let other = said[Claim(row)]?.first(where: { $0.className != row.className }) else {
        return nil
      }
      return """
        \(row.annotator) calls it '\(row.className)' here and '\(other.className)' in row \
        \(other.row)
        """
    }
    return rejected.count - before
  }

  /// Leaves out rows that say what an earlier one said; the surest of them stays.
  ///
  /// - Returns: How many.
  mutating func removeRepeated() -> Int {
    let before = rows.count
    let surest = Dictionary(grouping: rows, by: Claim.init).compactMapValues { same in
      same.max { ($0.confidence, $1.row) < ($1.confidence, $0.row) }?.row
    }
    rows.removeAll { surest[Claim($0)] != $0.row }
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

extension LabelImport {
  /// Reads a table of labels.
  ///
  /// - Throws: `LabelError` where a column is missing or no row has a class, `FileError` for a file
  ///   that cannot be read.
  func read(_ path: String) throws -> LabelTable {
    let file = try openTable(path)
    let columns = try LabelColumns(self, in: file.columns.map(\.name), of: path)
    var table = LabelTable()
    var number = 0
    try file.read(chunk: 8192) { chunk in
      for cells in chunk {
        number += 1
        add(cells, columns, number, to: &table)
      }
    }
    guard !table.rows.isEmpty || !table.rejected.isEmpty else {
      throw LabelError.noLabels(file: path)
    }
    return table
  }

  private func add(
    _ cells: [Value], _ columns: LabelColumns, _ number: Int, to table: inout LabelTable
  ) {
    guard let name = cells[columns.source].plainText, let text = cells[columns.label].plainText,
      case let className = classMap[text] ?? text, !className.isEmpty
    else {
      table.unclassified += 1
      return
    }
    do throws(UnusableRow) {
      table.rows.append(
        LabelRow(
          row: number, source: name, className: className,
          annotator: columns.annotator.flatMap { cells[$0].plainText } ?? annotator,
          confidence: try confidence(columns.confidence.map { cells[$0] })))
    } catch {
      table.rejected.append(Rejected(row: number, name: name, reason: error.reason))
    }
  }

  /// The confidence in a cell; 1 where it is empty, as where there is no such column.
  private func confidence(_ cell: Value?) throws(UnusableRow) -> Float {
    guard let cell, let text = cell.plainText else { return 1 }
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
    let table = try openTable(path)
    let source = try LabelColumns.source(self, in: table.columns.map(\.name), of: path)
    var names: Set<String> = []
    try table.read(chunk: 8192) { names.formUnion($0.compactMap { $0[source].plainText }) }
    return names
  }
}

/// Where a table of labels has what.
private struct LabelColumns {
  let source: Int
  let label: Int
  let annotator: Int?
  let confidence: Int?

  init(_ options: LabelImport, in columns: [String], of path: String) throws {
    func named(_ name: String?) throws -> Int? {
      try name.map { try Self.find($0, [], in: columns, of: path, "") }
    }
    source = try Self.source(options, in: columns, of: path)
    label = try Self.find(
      options.classColumn, ["class", "class_name", "label", "morphology", "truth"], in: columns,
      of: path, "class")
    annotator = try named(options.annotatorColumn)
    confidence = try named(options.confidenceColumn)
  }

  static func source(
    _ options: LabelImport, in columns: [String], of path: String
  ) throws -> Int {
    try find(
      options.sourceColumn, ["source", "name", "source_name", "source_id", "id"], in: columns,
      of: path, "source")
  }

  private static func find(
    _ chosen: String?, _ usual: [String], in columns: [String], of path: String, _ what: String
  ) throws -> Int {
    if let chosen {
      guard let index = columns.firstIndex(of: chosen) else {
        throw LabelError.unknownColumn(chosen, file: path, known: columns)
      }
      return index
    }
    let lower = columns.map { $0.lowercased() }
    guard let index = usual.lazy.compactMap(lower.firstIndex).first else {
      throw LabelError.unmapped(what, file: path, known: columns)
    }
    return index
  }
}
