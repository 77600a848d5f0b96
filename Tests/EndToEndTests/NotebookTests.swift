import Foundation
import PostgreSQL
import TestSupport
import Testing

/// docs/python.md runs, in Python as a notebook and in R.
extension PipelineTests {
  private static let docs = SharedData.repository + "/docs/"

  /// The notebook has the cells of the page; `REBER_RENEW_HELP=1` makes it of them.
  @Test func theNotebookIsThePage() throws {
    let page = try String(contentsOfFile: Self.docs + "python.md", encoding: .utf8)
    let notebook = try Notebook(code: codeBlocks("python", in: page)).file()
    #expect(
      page.contains("reber.ipynb") && Notebook(code: codeBlocks("python", in: page)).count <= 10)
    let path = Self.docs + "reber.ipynb"
    if ProcessInfo.processInfo.environment["REBER_RENEW_HELP"] == "1" {
      try notebook.write(toFile: path, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == notebook, "see REBER_RENEW_HELP")
  }

  @Test(
    .enabled(
      if: Validator.notebooks, "psycopg, SQLAlchemy, matplotlib or nbclient is not installed"))
  func theNotebookRuns() throws {
    let program = try Self.published.get()
    let pages = try Pages(of: program)
    defer { pages.end() }
    let script = """
      import nbformat
      from nbclient import NotebookClient
      book = nbformat.read("\(Self.docs)reber.ipynb", 4)
      nbformat.validate(book)
      NotebookClient(book, timeout=120, resources={"metadata": {"path": "."}}).execute()
      for cell in book.cells:
          for output in cell.get("outputs", []):
              print(output.get("text", "") or sorted(output.data), end=" ")
      """
    let outcome = try program.runOther(
      Validator.wheels, ["-W", "ignore", "-c", script],
      with: ["REBER_SURVEY": "sim", "REBER_PAGES": pages.address])
    #expect(outcome.status == 0, "\(outcome.errors.suffix(3000))")
    #expect(outcome.output.matches(of: /image\/png/).count == 2, "\(outcome.output)")
    for said in [
      "pos.eq.ra;meta.main", "72 rows,", "the position is at pixel", "most like", "first layer: (",
    ] {
      #expect(outcome.output.contains(said), "\(said): \(outcome.output)")
    }
  }

  @Test(.enabled(if: Validator.r, "R is not installed with RPostgres or RPostgreSQL"))
  func thePageRunsInR() throws {
    let program = try Self.published.get()
    let page = try String(contentsOfFile: Self.docs + "python.md", encoding: .utf8)
    for block in codeBlocks("r", in: page) {
      let outcome = try program.runOther("Rscript", ["-e", block], with: ["REBER_SURVEY": "sim"])
      #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
    }
  }
}

/// The blocks of a language in a page of Markdown, in their order.
func codeBlocks(_ language: String, in page: String) -> [String] {
  page.components(separatedBy: "\n```" + language + "\n").dropFirst().compactMap {
    $0.components(separatedBy: "\n```\n").first
  }
}

/// A Jupyter notebook of code, with a word before it.
private struct Notebook: Encodable {
  var cells: [Cell]
  var metadata = [
    "kernelspec": ["display_name": "Python 3", "language": "python", "name": "python3"]
  ]
  var nbformat = 4
  var nbformatMinor = 5

  var count: Int { cells.count }

  struct Cell: Encodable {
    var id: String
    var cellType: String
    var source: [String]
    var metadata: [String: String] = [:]
    var outputs: [String]?
    var executionCount: Int??
  }

  init(code: [String]) {
    let word = Cell(
      id: "about", cellType: "markdown",
      source: ["# Reber from Python\n", "\n", "[python.md](python.md) says what each cell does."])
    cells =
      [word]
      + code.enumerated().map { index, text in
        let lines = text.components(separatedBy: "\n")
        let source = lines.enumerated().map { $1 + ($0 < lines.count - 1 ? "\n" : "") }
        return Cell(
          id: "cell-\(index + 1)", cellType: "code", source: source, outputs: [],
          executionCount: .some(nil))
      }
  }

  func file() throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
  }
}
