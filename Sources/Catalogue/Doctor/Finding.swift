/// What a doctor says of one thing.
public struct Finding: Sendable, Codable, Equatable {
  /// How it is with the thing.
  public enum Level: String, Sendable, Codable, CaseIterable {
    /// As it should be.
    case fine
    /// Worth knowing, and nothing is wrong by it.
    case note
    /// Something is wrong or will be soon.
    case problem
  }

  /// What was looked at: `server`, `runs`.
  public var subject: String

  /// How it is with it.
  public var level: Level

  /// What was found, in a sentence.
  public var text: String

  /// What to do about it.
  public var advice: String?

  /// Says something of a thing.
  public init(_ subject: String, _ level: Level, _ text: String, advice: String? = nil) {
    self.subject = subject
    self.level = level
    self.text = text
    self.advice = advice
  }
}
