import Catalogue
import Hummingbird
import Markup
import PostgreSQL

extension Section {
  /// What goes on with the survey, and what can be asked for.
  static let work = Section(
    name: "Work", path: "work", templates: ["work": PackageResources.work_mustache],
    routes: [.get("work") { try await $0.workPage() }, .post("work") { try await $0.askForWork() }])
}

extension Visit {
  fileprivate func workPage() async throws -> Response {
    let (runs, workers, commands) = try await pool.with { database in
      (
        try GoingRun.all(in: database), try GoingWorker.all(in: database),
        try QueuedCommand.all(in: database)
      )
    }
    return try page(
      "work", "Work",
      [
        "action": base + "/work", "stages": StageName.askable.map(\.rawValue),
        "isBusy": runs.contains(where: \.isHeld) || commands.contains { $0.endedAt == nil },
        "runs": runs.map { $0.content(workers) },
        "workers": workers.map(\.content), "commands": commands.map(\.content),
      ])
  }

  fileprivate func askForWork() async throws -> Response {
    let form = try await request.form()
    let next = base + (form["next"] == "overview" ? "/overview" : "/work")
    if form["remove"] != nil { return try await takeBackWork(form.number("remove"), next: next) }
    guard let stage = form["stage"].flatMap(StageName.init), StageName.askable.contains(stage)
    else { throw HTTPError(.badRequest, message: "the form names no stage that can be asked for") }
    let command = try await pool.with { try QueuedCommand.ask(for: stage, of: survey, in: $0) }
    return try answer(next: next, "\(stage.rawValue) is asked for, as command \(command)")
  }

  private func takeBackWork(_ command: Int?, next: String) async throws -> Response {
    let annotator = annotation.annotator
    guard let command,
      try await pool.with({ try QueuedCommand.askNoMore(command, by: annotator, in: $0) })
    else {
      throw HTTPError(
        .conflict,
        message:
          "a worker has that command, or it has ended, or only 'reber queue remove' may remove it")
    }
    return try answer(next: next, "command \(command) is taken back")
  }
}

extension GoingRun {
  /// What templates show of it.
  func content(_ workers: [GoingWorker]) -> Content {
    [
      "run": id, "stage": stage, "survey": survey ?? "", "done": done, "total": total,
      "what": what, "state": isHeld ? "goes on" : "stopped",
      "left": secondsLeft(with: workers).map { "\(Int($0)) s" },
    ]
  }
}

extension GoingWorker {
  fileprivate var content: Content {
    [
      "run": run, "host": host, "process": process, "items": items,
      "rate": formatted(rate), "heard": "\(Int(silentSeconds)) s ago", "isDead": isDead,
    ]
  }
}

extension QueuedCommand {
  /// What templates show of it.
  var content: Content {
    [
      "number": id, "command": words.joined(separator: " "), "asked": askedAt, "by": askedBy,
      "state": state, "waits": waits,
    ]
  }
}
