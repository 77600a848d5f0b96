import Astronomy
import Catalogue
import Stages
import Tables

/// Figures as a CSV file.
struct FigureTable {
  /// The file's name.
  var name: String

  /// Its columns.
  var columns: [Column]

  /// A cell of each column for each row.
  var rows: [[Value]]
}

extension EvaluationReport {
  /// The figures of the page.
  var tables: [FigureTable] {
    [
      FigureTable(name: "scores.csv", columns: scoreColumns, rows: metrics.scores.map(\.cells)),
      FigureTable(
        name: "confusion.csv", columns: confusionColumns, rows: metrics.confusion.map(\.cells)),
    ] + curves.map(\.table) + [
      FigureTable(name: "sources.csv", columns: sourceColumns, rows: judged.map(\.cells))
    ]
  }

  /// Writes the figures as CSV files into a folder.
  func writeTables(to folder: String) throws {
    for figures in tables {
      let table = try createTable(folder + "/" + figures.name, columns: figures.columns)
      try table.write(figures.rows)
      try table.finish()
    }
  }
}

private let scoreColumns = [
  Column("bound", .string), Column("class", .string), Column("support", .int32),
  Column("predicted", .int32), Column("correct", .int32), Column("precision", .float),
  Column("recall", .float), Column("f1", .float), Column("f1_lower", .float),
  Column("f1_upper", .float),
]

private let confusionColumns = [
  Column("truth", .string), Column("predicted", .string), Column("sources", .int32),
]

private let sourceColumns = [
  Column("name", .string), Column("ra", .double), Column("dec", .double),
  Column("predicted", .string), Column("probability", .float), Column("truth", .string),
]

extension EvaluationRow {
  fileprivate var cells: [Value] {
    [
      .text(bound), .text(className), Value(count: support), Value(count: predicted),
      Value(count: correct), Value(precision), Value(recall), Value(f1),
      Value(interval?.lowerBound), Value(interval?.upperBound),
    ]
  }
}

extension ConfusionCell {
  fileprivate var cells: [Value] { [.text(truth), .text(predicted), Value(count: sources)] }
}

extension JudgedSource {
  fileprivate var cells: [Value] {
    [
      .text(name), Value(position?.ra ?? .nan), Value(position?.dec ?? .nan), .text(predicted),
      Value(probability), .text(truth),
    ]
  }
}

extension Value {
  init(count: Int) { self = .integer(Int64(count)) }

  /// A single-precision number, or null.
  init(_ number: Float?) { self.init(number.map(Double.init) ?? .nan) }
}
