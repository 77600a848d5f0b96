/// How far a standby, which can only be read, is behind its primary.
public struct Standby: Sendable, Codable, Equatable {
  /// Whether a primary sends it what is written there.
  public var isFed: Bool

  /// Seconds since the primary committed what is seen here, 0 where all that has come is seen; `nil` where
  /// nothing has been replayed yet.
  public var lag: Double?

  private enum CodingKeys: String, CodingKey {
    case isFed = "is_fed"
    case lag = "lag_seconds"
  }

  /// Describes a standby.
  public init(isFed: Bool, lag: Double?) {
    self.isFed = isFed
    self.lag = lag
  }

  /// A sentence of it.
  public var sentence: String {
    let behind = lag.map { String(Double(Int($0 * 10)) / 10) + " s" } ?? "an unknown time"
    return isFed
      ? "this is a standby, \(behind) behind its primary: it can only be read"
      : "this is a standby that no primary feeds, \(behind) old: it can only be read"
  }
}

extension Standby: QueryRow {
  public static let columns = Columns<Self>(
    .expression(
      "EXISTS (SELECT FROM pg_stat_get_wal_receiver() AS receiver WHERE receiver.pid IS NOT NULL)",
      as: "is_fed", \.isFed),
    .expression(
      """
      CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
          AND EXISTS (SELECT FROM pg_stat_get_wal_receiver() AS receiver WHERE receiver.pid IS NOT NULL) THEN 0
      ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END::float8
      """, as: "lag", \.lag),
    make: Standby.init)
}

extension Connection {
  /// How far the server is behind its primary; `nil` where it is no standby.
  public func standby() throws -> Standby? {
    guard try isStandby() else { return nil }
    return try row("SELECT \(Standby.columns)", as: Standby.self)
  }

  /// Whether the server is a standby, which can only be read.
  public func isStandby() throws -> Bool {
    try row("SELECT pg_is_in_recovery()", as: Bool.self)
  }
}
