import Foundation
import TestSupport

/// A command of the folder `tools`, on the program under test.
enum Tool {
  /// Runs it to its end; gives its status and all that it said.
  static func run(_ name: String, _ arguments: String...) throws -> (status: Int32, said: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: SharedData.repository + "/tools/" + name)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging([
      "REBER_PROGRAM": Program.path, "REBER_SERVE": Program.built("reber-serve"),
    ]) { $1 }
    let output = Pipe()
    (process.standardOutput, process.standardError) = (output, output)
    try process.run()
    let said = String(
      decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, said)
  }
}
