import Foundation

/// A program of another author that judges our files.
public enum Validator {
  /// Whether fitsverify is installed.
  public static let fitsverify = run("which", ["fitsverify"])?.status == 0

  /// Whether stilts is installed.
  public static let stilts = run("stilts", ["-version"])?.status == 0

  /// Whether `python` has astropy.
  public static let astropy = imports(["astropy"], python)

  /// The Python that has astropy: `REBER_PYTHON`, or the first on the path.
  public static let python = ProcessInfo.processInfo.environment["REBER_PYTHON"] ?? "python3"

  /// The Python with packages that Debian does not have, `REBER_WHEELS`, as `tools/install --test` makes
  /// it: pyarrow, DuckDB, Polars, hats, lsdb, mocpy, an astropy that reads Parquet, and onnxruntime.
  public static let wheels = ProcessInfo.processInfo.environment["REBER_WHEELS"] ?? "python3"

  /// Whether `wheels` has what opens HATS and coverage maps.
  public static let hats = imports(["hats", "lsdb", "mocpy"], wheels) && parquet

  /// Whether `wheels` has what runs networks in ONNX.
  public static let onnxruntime = imports(["onnxruntime", "numpy"], wheels)

  /// Whether `wheels` has what judges Parquet.
  public static let parquet = imports(["pyarrow", "duckdb", "polars", "astropy", "pandas"], wheels)

  /// Whether `wheels` has what docs/python.md uses.
  public static let notebooks =
    imports(
      ["psycopg", "sqlalchemy", "adbc_driver_postgresql", "matplotlib", "nbclient", "ipykernel"],
      wheels) && parquet

  /// Whether R is there with a package for PostgreSQL.
  public static let r =
    run(
      "Rscript",
      ["-e", "library(DBI); tryCatch(library(RPostgres), error = \\(e) library(RPostgreSQL))"])?
    .status == 0

  private static func imports(_ modules: [String], _ python: String) -> Bool {
    run(python, ["-c", "import " + modules.joined(separator: ", ")])?.status == 0
  }

  /// Runs a program and gives its exit status and all it said, or nil where it is missing.
  public static func run(_ name: String, _ arguments: [String]) -> (status: Int32, output: String)?
  {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [name] + arguments
    process.standardOutput = pipe
    process.standardError = pipe
    guard (try? process.run()) != nil else { return nil }
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }
}
