import Foundation
import Synchronization
import Testing

@testable import Stages

@Suite("Reading while writing") struct OverlapTests {
  private struct Full: Error {}

  /// A process that ends with the error must not do so under a thread that is at work.
  @Test func bothSidesHaveEndedWhenOneFails() {
    let hasEnded = Mutex(false)
    #expect(throws: Full.self) {
      try overlapped { (push: (Int) throws -> Void) in
        defer {
          Thread.sleep(forTimeInterval: 0.2)
          hasEnded.withLock { $0 = true }
        }
        for number in 0... { try push(number) }
      } consume: { _ in
        throw Full()
      }
    }
    #expect(hasEnded.withLock { $0 })
  }
}
