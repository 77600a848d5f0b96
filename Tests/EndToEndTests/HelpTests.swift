import Foundation
import TestSupport
import Testing

/// The help of every command, as files beside this one that a person can read and a change shows in.
///
/// `REBER_RENEW_HELP=1 tools/test --quick HelpTests` writes them anew.
@Suite("Help") struct HelpTests {
  private static let folder = SharedData.repository + "/Tests/EndToEndTests/Help"
  private static let isRenewed = ProcessInfo.processInfo.environment["REBER_RENEW_HELP"] == "1"

  /// A command as the program describes it to other programs.
  private struct Command: Decodable {
    var commandName: String
    var subcommands: [Command]?

    /// The words that call each of its commands, itself first.
    func calls(_ above: [String] = []) -> [(words: [String], hasParts: Bool)] {
      let words = above + [commandName]
      let parts = (subcommands ?? []).filter { $0.commandName != "help" }
      return [(words, !parts.isEmpty)] + parts.flatMap { $0.calls(words) }
    }
  }

  private struct Description: Decodable {
    var command: Command
  }

  @Test func everyCommandHelps() throws {
    let program = try Program()
    let description = try program.run("--experimental-dump-help")
    let tree = try JSONDecoder().decode(Description.self, from: Data(description.output.utf8))
    var files: Set<String> = []
    for (words, hasParts) in tree.command.calls() {
      let file = words.joined(separator: " ") + ".txt"
      files.insert(file)
      let help = try program.run(
        Array(words.dropFirst()) + ["--help"], with: ["COLUMNS": "80"])
      #expect(help.status == 0, "\(file)")
      let example = help.output.components(separatedBy: "Example:\n")
      let showsCall = example.count == 2 && example[1].contains(words.joined(separator: " "))
      #expect(hasParts || showsCall, "\(file) shows no example")
      try compare(help.output, with: file)
    }
    #expect(Set(try FileManager.default.contentsOfDirectory(atPath: Self.folder)) == files)
  }

  private func compare(_ help: String, with file: String) throws {
    let path = Self.folder + "/" + file
    if Self.isRenewed { try help.write(toFile: path, atomically: true, encoding: .utf8) }
    let kept = try? String(contentsOfFile: path, encoding: .utf8)
    #expect(kept == help, "\(file) says something else: see REBER_RENEW_HELP above")
  }
}
