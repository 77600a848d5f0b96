import Catalogue
import Digest
import Foundation
import PostgreSQL
import Synchronization

/// Somebody who has signed in.
struct Visitor: Sendable, Equatable {
  /// The name that labels are written under.
  var annotator: String

  /// What every form must send back, so that no other site can send it.
  var formToken: String

  /// Until when nobody need ask the database for the visit.
  var isKnownUntil: Date
}

/// Who has signed in: kept in the database, so that a restart asks nobody again, and in memory, so that
/// it is not asked for every picture.
///
/// Another password ends all visits.
final class Visitors: Sendable {
  private let pool: Pool
  private let password: String?
  private let known = Mutex<[SHA256: Visitor]>([:])

  /// Seconds that a visit lasts when it is not used.
  private static let lifetime = 12 * 3600

  /// Seconds after which a visit that is used is written down again.
  private static let interval: TimeInterval = 600

  init(_ pool: Pool, password: String?) {
    self.pool = pool
    self.password = password
  }

  /// Whether somebody who gives this password may come in; a wrong one takes a second, so that guessing
  /// does.
  func isKnown(password given: (some StringProtocol)?) async throws -> Bool {
    guard let password else { return true }
    guard let given else { return false }
    if equalInConstantTime(String(given), password) { return true }
    try await Task.sleep(for: .seconds(1))
    return false
  }

  /// Admits somebody; gives the value of the cookie.
  func admit(_ annotator: String) async throws -> String {
    let cookie = randomToken()
    _ = try await extend(PageVisit(key: key(of: cookie), annotator: annotator), cookie)
    return cookie
  }

  /// Who holds the cookie.
  func find(_ cookie: String) async throws -> Visitor? {
    let key = key(of: cookie)
    let visitor = known.withLock { $0[key] }
    if let visitor, visitor.isKnownUntil > Date() { return visitor }
    guard let visit = try await pool.with({ try PageVisit.find(key, in: $0) }) else { return nil }
    return try await extend(visit, cookie)
  }

  /// Ends a visit.
  func dismiss(_ cookie: String) async throws {
    let key = key(of: cookie)
    known.withLock { _ = $0.removeValue(forKey: key) }
    _ = try await isWritten { try PageVisit.end(key, in: $0) }
  }

  private func extend(_ visit: PageVisit, _ cookie: String) async throws -> Visitor {
    let isKept = try await isWritten { try visit.extend(by: Self.lifetime, in: $0) }
    let now = Date()
    let visitor = Visitor(
      annotator: visit.annotator, formToken: SHA256.hash(Data("form \(cookie)".utf8)).hex,
      isKnownUntil: now + (isKept ? Self.interval : TimeInterval(Self.lifetime)))
    known.withLock { known in
      known = known.filter { $0.value.isKnownUntil > now }
      known[visit.key] = visitor
    }
    return visitor
  }

  /// Writes what is to be known of visits; a standby takes nothing, and visits are kept in memory alone.
  private func isWritten(
    _ write: @escaping @Sendable (Connection) throws -> Void
  ) async throws -> Bool {
    do {
      try await pool.with(write)
      return true
    } catch let error as PostgresError where error.state == .readOnlyTransaction {
      return false
    }
  }

  private func key(of cookie: String) -> SHA256 {
    SHA256.hash(Data("\(password ?? "")\0\(cookie)".utf8))
  }
}

/// 256 random bits from the system, in hexadecimal.
public func randomToken() -> String {
  var generator = SystemRandomNumberGenerator()
  return (0..<4).map { _ in
    let digits = String(generator.next() as UInt64, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }.joined()
}

/// Whether two texts are equal, in a time that does not tell how far they are.
func equalInConstantTime(_ a: String, _ b: String) -> Bool {
  let (a, b) = (Array(a.utf8), Array(b.utf8))
  var difference = a.count ^ b.count
  for index in a.indices { difference |= Int(a[index] ^ (b.isEmpty ? 0 : b[index % b.count])) }
  return difference == 0
}
