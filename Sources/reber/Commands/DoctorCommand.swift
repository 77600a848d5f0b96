import ArgumentParser
import Catalogue
import Failures
import Foundation
import PostgreSQL
import Stages

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Look at the installation and the database, and say what to do.",
    discussion: """
      Nothing is changed. --deep also computes every digest anew, of catalogues, models and images,
      which reads all that is stored. Exits with 1 where there is a problem.

      Example:
        reber doctor
        reber doctor --deep --json
      """)

  @Flag(help: "Also hold everything that has a digest against it.") var deep = false
  @OptionGroup(title: "Output") var options: ResultOptions

  /// What was found, and how many of it are problems.
  private struct Report: Encodable {
    var version: String
    var findings: [Finding]
    var problems: Int { findings.count { $0.level == .problem } }

    private enum CodingKeys: CodingKey { case version, findings, problems }

    func encode(to encoder: any Encoder) throws {
      var members = encoder.container(keyedBy: CodingKeys.self)
      try members.encode(version, forKey: .version)
      try members.encode(findings, forKey: .findings)
      try members.encode(problems, forKey: .problems)
    }
  }

  func run() async throws {
    let given = options.session.address ?? ConnectionString.inEnvironment
    let local = given == nil ? privateServer() + forsaken : []
    let isThere = given != nil || PrivateServer.local.version != nil
    let report = Report(
      version: Version.current.codeVersion,
      findings: local + (isThere ? await database() : []))
    try options.show(report, text)
    if report.problems > 0 { throw ExitCode.failure }
  }

  /// What the files of the private server are like.
  private func privateServer() -> [Finding] {
    let subject = "private server"
    do {
      guard let condition = try PrivateServer.local.condition() else {
        return [
          Finding(
            subject, .note, "there is none yet in \(PrivateServer.local.folder)",
            advice: "any command makes it")
        ]
      }
      return [Finding(subject, .fine, "its data are in \(condition.data)")]
        + condition.openFolders.map {
          Finding(subject, .problem, "others may enter \($0)", advice: "chmod 700 \($0)")
        } + [space(condition.free), newer(condition)].compactMap(\.self)
    } catch {
      return [Finding(subject, .problem, "\(error)")]
    }
  }

  /// Servers that nobody can ask for any more.
  private var forsaken: [Finding] {
    PrivateServer.forsaken().map {
      Finding(
        "private server", .note, "\($0.files) has that of \($0.folder), a folder that is gone",
        advice: "rm -r \($0.files), where nobody wants it back")
    }
  }

  private func space(_ free: Int) -> Finding {
    let text = "\(free >> 30) GB are free on its disk"
    return free > 5 << 30
      ? Finding("private server", .fine, text)
      : Finding(
        "private server", free > 1 << 30 ? .note : .problem, text,
        advice: "free some: a stage needs as much as it writes, and a dump as much again")
  }

  private func newer(_ condition: PrivateServer.Condition) -> Finding? {
    guard condition.newest > condition.version else { return nil }
    return Finding(
      "private server", .note,
      "its data are of PostgreSQL \(condition.version), and \(condition.newest) is installed",
      advice: "'reber db upgrade' moves them")
  }

  private func database() async -> [Finding] {
    let (deep, progress) = (deep, options.session.progress)
    do {
      let address = try options.session.startedAddress()
      let examination = Examination(migrations: try Schema.folder(), isDeep: deep)
      return try await Database(address).with {
        try examination.findings(in: $0) { if deep { progress.note("looking at \($0)") } }
      }
    } catch {
      return [Finding("database", .problem, "\(error)")]
    }
  }

  private func text(_ report: Report) -> String {
    let marks: [Finding.Level: String] = [.fine: "ok", .note: "note", .problem: "PROBLEM"]
    let lines = report.findings.map { finding in
      "\((marks[finding.level] ?? "").padding(toLength: 8, withPad: " ", startingAt: 0))"
        + "\(finding.subject): \(finding.text)"
        + (finding.advice.map { "\n        \($0)" } ?? "")
    }
    let end =
      switch report.problems {
      case 0: "no problem was found"
      case 1: "1 problem was found"
      case let count: "\(count) problems were found"
      }
    return (["reber \(report.version)"] + lines + [end]).joined(separator: "\n")
  }
}
