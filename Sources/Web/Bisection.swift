import Catalogue

/// Where the growing of a class stands, from the answers alone.
///
/// As MorphoCluster does (Schröder et al. 2020, Sensors 20, 3060): pages of candidates, the most
/// alike first; the steps double while all match; the first page with others closes the interval,
/// which is then searched, beginning with its first quarter. Where single sources were taken out,
/// the next page is looked at, not skipped to.
struct Bisection: Equatable {
  /// The last page known to match; −1 for none.
  private(set) var good = -1

  /// The first page known to hold others, or the number of pages.
  private(set) var bad: Int

  /// The page to ask about; `nil` where nothing is left to ask.
  private(set) var page: Int?

  private var step = 1
  private var isClosed = false

  /// Nothing is known of so many pages.
  init(pages: Int) {
    bad = pages
    page = pages > 0 ? 0 : nil
  }

  /// The state after the answers, each a letter: `m` all match, `r` the rest match, `x` some do
  /// not.
  init(pages: Int, path: some StringProtocol) {
    self.init(pages: pages)
    for answer in path { tell(answer) }
  }

  /// Takes an answer about `page`.
  mutating func tell(_ answer: Character) {
    guard let page else { return }
    if answer == "x" {
      bad = page
      isClosed = true
      step = max(1, (bad - good) / 4)
    } else {
      good = page
      step = answer == "r" ? 1 : isClosed ? max(1, (bad - good) / 2) : step
    }
    self.page = bad - good > 1 ? min(good + step, bad - 1) : nil
    if answer == "m", !isClosed { step *= 2 }
  }
}

extension Growth {
  /// The answers that stand, as ``Bisection`` reads them; an undo takes back the one before.
  var path: String {
    standing.map { $0.answer == .mismatch ? "x" : $0.rejected.isEmpty ? "m" : "r" }.joined()
  }

  /// The decisions that were not taken back.
  var standing: [Decision] {
    decisions.reduce(into: []) { standing, decision in
      if decision.answer == .undo { _ = standing.popLast() } else { standing.append(decision) }
    }
  }

  /// All that was taken out of pages which match.
  var rejected: [Int] { standing.flatMap(\.rejected) }

  /// How many pages the candidates fill.
  var pages: Int { (candidates + pageSize - 1) / pageSize }
}
