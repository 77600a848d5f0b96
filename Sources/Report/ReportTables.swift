import Astronomy
import Catalogue
import Stages
import Tables

/// The figures of one table or one plot, as a file of comma-separated values holds them.
struct FigureTable {
  /// The name of the file.
  let name: String

  /// Writes the file into a folder.
  let write: (_ folder: String) throws -> Void

  init<Row>(_ name: String, _ rows: [Row], _ columns: [CellColumn<Row>]) {
    self.name = name
    write = { folder in try writeTable(rows, to: folder + "/" + name, columns) }
  }
}

extension EvaluationReport {
  /// Every table and plot of the page as figures.
  var tables: [FigureTable] {
    [scores, confusion] + curves.map(\.table) + partTables + [sources]
  }

  private var scores: FigureTable {
    FigureTable(
      "scores.csv", metrics.scores,
      [
        CellColumn("bound", \.bound), CellColumn("class", \.className),
        CellColumn("support", \.support), CellColumn("predicted", \.predicted),
        CellColumn("correct", \.correct), CellColumn("precision", \.precision),
        CellColumn("recall", \.recall), CellColumn("f1", \.f1),
        CellColumn("f1_lower", \.interval?.lowerBound),
        CellColumn("f1_upper", \.interval?.upperBound),
      ])
  }

  private var confusion: FigureTable {
    FigureTable(
      "confusion.csv", metrics.confusion,
      [
        CellColumn("truth", \.truth), CellColumn("predicted", \.predicted),
        CellColumn("sources", \.sources),
      ])
  }

  private var sources: FigureTable {
    FigureTable(
      "sources.csv", judged,
      [
        CellColumn("name", \.name), CellColumn("ra", \.position?.ra),
        CellColumn("dec", \.position?.dec), CellColumn("predicted", \.predicted),
        CellColumn("probability", \.probability), CellColumn("truth", \.truth),
      ])
  }
}
