/// Where a stage says how far it is.
public protocol ProgressDisplay: Sendable {
  /// `done` of `total` items are done; `detail` is a figure worth seeing, such as the loss.
  func update(_ what: String, done: Int, of total: Int, detail: String?)

  /// Something a person should know.
  func note(_ text: String)
}

extension ProgressDisplay {
  /// `done` of `total` items are done.
  public func update(_ what: String, done: Int, of total: Int) {
    update(what, done: done, of: total, detail: nil)
  }
}

/// Says nothing.
public struct Silence: ProgressDisplay {
  /// Makes silence.
  public init() {}

  public func update(_ what: String, done: Int, of total: Int, detail: String?) {}

  public func note(_ text: String) {}
}
