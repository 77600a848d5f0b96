import Foundation
import Testing

/// The pages of a program's database, until they are ended.
struct Pages {
  /// Where they are, without a `/` behind it.
  let address: String
  private let process = Process()

  /// Serves them at a port that is free.
  init(of program: Program) throws {
    process.executableURL = URL(fileURLWithPath: Program.built("reber-serve"))
    process.arguments = [
      "--host", "127.0.0.1", "--port", "0", "--scheme", "morphology-12", "--quiet",
    ]
    process.environment = ProcessInfo.processInfo.environment.merging([
      "DATABASE_URL": program.address
    ]) { $1 }
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    var said = ""
    while !said.contains("\n") {
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { break }
      said += String(decoding: more, as: UTF8.self)
    }
    address = try #require(said.split(separator: "/\n").first.map(String.init))
  }

  /// Ends them.
  func end() {
    process.terminate()
    process.waitUntilExit()
  }
}
