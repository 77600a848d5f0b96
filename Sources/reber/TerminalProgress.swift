import Foundation
import Stages
import Synchronization

/// Says on standard error how far a stage is: a line that is rewritten on a terminal, a plain line
/// every ten seconds elsewhere.
final class TerminalProgress: ProgressDisplay {
  private let isTerminal = isatty(FileHandle.standardError.fileDescriptor) == 1
  private let state = Mutex(State())

  private struct State {
    var what = ""
    var started = ContinuousClock.now
    var shown: ContinuousClock.Instant?
    var startedAt = 0
    var lineIsOpen = false
  }

  func update(_ what: String, done: Int, of total: Int, detail: String?) {
    state.withLock { state in
      let now = ContinuousClock.now
      if state.what != what {
        closeLine(&state)
        state = State(what: what, started: now, startedAt: done)
      }
      let interval: Duration = isTerminal ? .milliseconds(100) : .seconds(10)
      let isDue = state.shown.map { now - $0 >= interval } ?? (isTerminal || done == total)
      if state.shown == nil, !isTerminal { state.shown = now }
      guard isDue || done == total else { return }
      state.shown = now
      show(line(state, done: done, of: total, detail, at: now), &state)
      if done == total { closeLine(&state) }
    }
  }

  func note(_ text: String) {
    state.withLock { state in
      closeLine(&state)
      write(text + "\n")
    }
  }

  private func line(
    _ state: State, done: Int, of total: Int, _ detail: String?, at now: ContinuousClock.Instant
  ) -> String {
    let seconds =
      Double((now - state.started).components.seconds)
      + Double((now - state.started).components.attoseconds) * 1e-18
    var line = "\(state.what): \(done)/\(total)"
    if total > 0 { line += " (\(100 * done / total)%)" }
    let fresh = done - state.startedAt
    if seconds > 0.5, fresh > 0 {
      let rate = Double(fresh) / seconds
      line += String(format: rate < 10 ? ", %.2f/s" : ", %.0f/s", rate)
      if done < total { line += ", \(clock(Double(total - done) / rate)) left" }
    }
    if let detail { line += ", \(detail)" }
    return line
  }

  private func clock(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    return whole < 3600
      ? String(format: "%d:%02d", whole / 60, whole % 60)
      : String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
  }

  private func show(_ line: String, _ state: inout State) {
    if isTerminal {
      write("\r\u{1B}[K" + line)
      state.lineIsOpen = true
    } else {
      write(line + "\n")
    }
  }

  private func closeLine(_ state: inout State) {
    if state.lineIsOpen { write("\n") }
    state.lineIsOpen = false
  }

  private func write(_ text: String) {
    FileHandle.standardError.write(Data(text.utf8))
  }
}
