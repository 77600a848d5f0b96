import Catalogue
import Stages
import Tables

extension EvaluationReport {
  /// Writes the figures as CSV files into a folder.
  func writeTables(to folder: String) throws {
    let tables = [
      ("scores.csv", scoreColumns, metrics.scores.map(\.cells)),
      ("confusion.csv", confusionColumns, metrics.confusion.map(\.cells)),
      ("reliability.csv", reliabilityColumns, reliability.map(\.cells)),
      ("coverage.csv", coverageColumns, coverage.map { $0.cells(of: metrics.sources) }),
      ("sources.csv", sourceColumns, judged.map(\.cells)),
    ]
    for (name, columns, rows) in tables {
      let table = try createTable(folder + "/" + name, columns: columns)
      try table.write(rows)
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

private let reliabilityColumns = [
  Column("low", .double), Column("high", .double), Column("sources", .int32),
  Column("correct", .int32), Column("confidence", .double), Column("accuracy", .double),
  Column("accuracy_lower", .double), Column("accuracy_upper", .double),
]

private let coverageColumns = [
  Column("threshold", .float), Column("sources", .int32), Column("part", .double),
  Column("accuracy", .double), Column("macro_f1", .double),
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

extension ReliabilityBin {
  fileprivate var cells: [Value] {
    [
      Value(low), Value(high), Value(count: sources), Value(count: correct),
      Value(confidence ?? .nan), Value(accuracy ?? .nan), Value(interval?.lowerBound ?? .nan),
      Value(interval?.upperBound ?? .nan),
    ]
  }
}

extension CoveragePoint {
  fileprivate func cells(of all: Int) -> [Value] {
    [
      Value(threshold), Value(count: sources), Value(Double(sources) / Double(max(1, all))),
      Value(accuracy), Value(macroF1),
    ]
  }
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
  fileprivate init(count: Int) { self = .integer(Int64(count)) }

  /// A single-precision number, or null.
  fileprivate init(_ number: Float?) { self.init(number.map(Double.init) ?? .nan) }
}
