import Foundation
import Synchronization

/// Somebody who has signed in.
struct Visitor: Sendable, Equatable {
  /// The name that labels are written under.
  var annotator: String

  /// What every form must send back, so that no other site can send it.
  var formToken: String

  /// When the visit ends, unless it is used.
  var ends: Date
}

/// Who has signed in: kept in memory, so that a restart asks everybody again.
final class Visitors: Sendable {
  private let visitors = Mutex<[String: Visitor]>([:])
  private static let lifetime: TimeInterval = 12 * 3600

  /// Admits somebody; gives the value of the cookie.
  func admit(_ annotator: String) -> String {
    let key = randomToken()
    let now = Date()
    let visitor = Visitor(
      annotator: annotator, formToken: randomToken(), ends: now + Self.lifetime)
    visitors.withLock { visitors in
      visitors = visitors.filter { $0.value.ends > now }
      visitors[key] = visitor
    }
    return key
  }

  /// Who holds the cookie.
  func find(_ key: String) -> Visitor? {
    visitors.withLock { visitors in
      guard var visitor = visitors[key], visitor.ends > Date() else { return nil }
      visitor.ends = Date() + Self.lifetime
      visitors[key] = visitor
      return visitor
    }
  }

  /// Ends a visit.
  func dismiss(_ key: String) { visitors.withLock { _ = $0.removeValue(forKey: key) } }
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
