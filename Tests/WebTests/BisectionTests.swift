import Testing

@testable import Web

@Suite struct BisectionTests {
  /// Plays a growth whose first `boundary` pages match.
  private func play(pages: Int, boundary: Int) -> (good: Int, decisions: Int) {
    var state = Bisection(pages: pages)
    var decisions = 0
    while let page = state.page {
      state.tell(page < boundary ? "m" : "x")
      decisions += 1
    }
    return (state.good, decisions)
  }

  @Test func theBoundaryIsFound() {
    for pages in 0..<70 {
      for boundary in 0...pages {
        #expect(play(pages: pages, boundary: boundary).good == boundary - 1)
      }
    }
  }

  @Test func decisionsGrowAsTheLogarithm() {
    let most = (0...700).map { play(pages: 700, boundary: $0).decisions }.max() ?? 0
    #expect(most <= 30)
  }

  @Test func afterASingleRejectionTheNextPageIsShown() {
    let state = Bisection(pages: 100, path: "mmmr")
    #expect(state.good == 7 && state.page == 8)
    #expect(Bisection(pages: 100, path: "mmm").page == 7)
  }

  @Test func anEmptyGrowthAsksNothing() {
    #expect(Bisection(pages: 0).page == nil)
  }
}
