import ArgumentParser
import Astronomy
import Catalogue
import Foundation
import PostgreSQL

struct QueryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "Ask the database in SQL; nothing can be changed.",
    discussion: """
      Example:
        reber query "SELECT class, count(*) FROM catalogue.first GROUP BY class"
        reber query --format csv "TABLE catalogue.first" > first.csv
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table
    case csv
    case json
  }

  /// A statement that begins with a comment looks like an option: `--`.
  @Argument(
    parsing: .allUnrecognized, help: ArgumentHelp("One SQL statement.", valueName: "statement"))
  var words: [String]
  @Option(help: "table, csv, or json: an object a line.") var format = Format.table
  @Flag(help: "The same as --format json.") var json = false
  @OptionGroup var session: SessionOptions

  func validate() throws {
    guard words.count == 1, !words[0].isEmpty else {
      throw ValidationError("one SQL statement is expected, in quotes")
    }
    guard !words[0].hasPrefix("-") || words[0].contains(where: \.isNewline) else {
      throw ValidationError("unknown option '\(words[0])'")
    }
  }

  func run() async throws {
    let statement = words[0]
    let format = json ? .json : format
    let showsCount = !session.quiet
    try await session.database(as: .reader, json: format == .json).with { connection in
      try connection.readOnly()
      var printer = ResultPrinter(format: format, showsCount: showsCount)
      try connection.query(
        SQL(raw: statement), columns: { printer.begin($0) }, row: { printer.add($0) })
      printer.finish()
    }
  }
}

/// Prints the rows of a query as they come, or as a table at the end.
private struct ResultPrinter {
  let format: QueryCommand.Format
  let showsCount: Bool
  private var columns: [ResultColumn] = []
  private var table = TextTable(columns: [])
  private var count = 0

  init(format: QueryCommand.Format, showsCount: Bool) {
    self.format = format
    self.showsCount = showsCount
  }

  mutating func begin(_ columns: [ResultColumn]) {
    self.columns = columns
    table = TextTable(
      columns: columns.map {
        .init(heading: $0.name, isNumeric: $0.type.isNumeric)
      })
    if format == .csv { print(columns.map { quoted($0.name) }.joined(separator: ",")) }
  }

  mutating func add(_ values: [Value]) {
    count += 1
    let row = zip(columns, values).map { $0.text(of: $1) }
    switch format {
    case .table: table.add(row.map { $0 ?? "" })
    case .csv: print(row.map { $0.map(quoted) ?? "" }.joined(separator: ","))
    case .json: print(object(row))
    }
  }

  func finish() {
    guard format == .table, !columns.isEmpty else { return }
    print(table.text)
    if showsCount { print("(\(count) \(count == 1 ? "row" : "rows"))") }
  }

  private func quoted(_ text: String) -> String {
    text.contains { ",\"\n\r".contains($0) }
      ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
  }

  private func object(_ row: [String?]) -> String {
    let members = zip(columns, row).map { column, value in
      "\(Self.string(column.name)):\(member(value, column.type))"
    }
    return "{" + members.joined(separator: ",") + "}"
  }

  private func member(_ value: String?, _ type: PostgresType) -> String {
    guard let value else { return "null" }
    switch type {
    case _ where type.isNumeric && Double(value)?.isFinite == true: return value
    case .boolean: return value == "t" ? "true" : "false"
    case .json, .jsonb: return value
    default: return Self.string(value)
    }
  }

  private static func string(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
  }
}
