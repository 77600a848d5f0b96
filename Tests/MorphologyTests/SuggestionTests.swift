import Foundation
import Morphology
import Tensor
import Testing

@Suite("Suggestions of what to label") struct SuggestionTests {
  /// Clouds of directions, each about an axis of its own, with so many members.
  private func clouds(
    _ sizes: [Int], spread: Float = 0.25, seed: UInt64 = 3
  ) -> (points: Tensor, classes: [Int]) {
    var random = RandomStream(seed)
    let classes = sizes.enumerated().flatMap { Array(repeating: $0, count: $1) }
      .shuffled(using: &random)
    let values = classes.flatMap { cloud in
      (0..<16).map { ($0 == cloud ? 1 : 0) + spread * random.normal() }
    }
    return (Tensor(shape: [classes.count, 16], values: values), classes)
  }

  /// Picks until every class has a label, with suggestions made anew after every batch.
  private func labelsUntilAllSeen(_ points: Tensor, _ classes: [Int], batch: Int) throws -> Int {
    let space = SuggestionSpace(try points.inPrincipalSpace())
    var labels: [Int: Int] = [:]
    while labels.count < classes.count {
      for pick in try space.suggest(batch, labelled: labels).picks {
        labels[pick.row] = classes[pick.row]
        if Set(labels.values) == Set(classes) { return labels.count }
      }
    }
    return labels.count
  }

  @Test("The first picks cover every cloud, though one holds most of the sources")
  func coverage() throws {
    let (points, classes) = clouds([300, 60, 40, 30, 20, 12])
    // Whitening would make the ten directions of mere noise as wide as those between the clouds.
    let space = SuggestionSpace(try points.inPrincipalSpace(.init(components: 64, whitening: 0)))
    let first = try space.suggest(20, labelled: [:])
    #expect(Set(first.picks.map { classes[$0.row] }).count == 6)
    #expect(Set(first.picks.map(\.row)).count == 20)
    #expect(first.guesses == nil && first.doubt.allSatisfy { $0 == 1 })
    #expect(first.picks.allSatisfy { $0.gain > 0 })
    #expect(first.picks.reduce(0) { $0 + $1.gain } < 1)
  }

  @Test("A rare class is found sooner than by chance")
  func rare() throws {
    let found = try (1...5).map { (seed: UInt64) in
      let (points, classes) = clouds([200, 100, 50, 25, 4], seed: seed)
      return try labelsUntilAllSeen(points, classes, batch: 10)
    }
    // By chance the first of 4 among 379 comes after 380 / 5 labels in the mean.
    #expect(found.reduce(0, +) / 5 < 38, "\(found)")
  }

  @Test("What lies nearest is of the same cloud, and comes in the order of its distance")
  func company() throws {
    let (points, classes) = clouds([40, 30, 20], spread: 0.1)
    let space = SuggestionSpace(try points.inPrincipalSpace(.init(components: 64, whitening: 0)))
    let others = classes.indices.filter { $0 % 2 == 0 }
    for row in [0, 7, 50] {
      let found = space.nearest(6, to: [row], among: others)[0]
      #expect(found.count == 6 && !found.contains(row) && found.allSatisfy { $0 % 2 == 0 })
      #expect(found.allSatisfy { classes[$0] == classes[row] })
      let cosines = found.map { place in
        zip(space.points.row(place), space.points.row(row)).reduce(0) { $0 + $1.0 * $1.1 }
      }
      #expect(cosines == cosines.sorted(by: >))
    }
    #expect(space.nearest(5, to: [3, 4], among: [3]) == [[], [3]])
    #expect(space.nearest(0, to: [3], among: others) == [[]])
  }

  @Test("The same seed gives the same picks")
  func seed() throws {
    let (points, classes) = clouds([60, 40, 20])
    for labelled in [[:], [0: classes[0], 1: classes[1], 2: classes[2], 3: classes[3]]] {
      let picks = try (0..<2).map { _ in
        try SuggestionSpace(points.inPrincipalSpace()).suggest(30, labelled: labelled).picks
      }
      #expect(picks[0] == picks[1])
    }
  }

  @Test("Nothing labelled is suggested again, and all others are when there is room")
  func all() throws {
    let (points, classes) = clouds([20, 10])
    for known in [5, 28] {
      let labelled = Dictionary(uniqueKeysWithValues: (0..<known).map { ($0, classes[$0]) })
      let picks = try SuggestionSpace(points.inPrincipalSpace()).suggest(99, labelled: labelled)
        .picks
      #expect(picks.map(\.row).sorted() == Array(known..<30))
    }
  }

  @Test("Need is where labels are far and doubt is large")
  func need() throws {
    let (points, classes) = clouds([50, 50, 50])
    let near = classes.indices.filter { classes[$0] == 0 }
    let other = classes.indices.filter { classes[$0] == 1 }
    let labelled = Dictionary(
      uniqueKeysWithValues: (near.prefix(15) + other.prefix(15)).map { ($0, classes[$0]) })
    let found = try SuggestionSpace(points.inPrincipalSpace()).suggest(5, labelled: labelled)
    let guesses = try #require(found.guesses)
    #expect(near.count { guesses[$0] == 0 } > 45)
    #expect(other.count { guesses[$0] == 1 } > 45)
    // The cloud without a label holds most of the need, and is asked about first.
    let unknown = classes.indices.filter { classes[$0] == 2 }
    let share = unknown.reduce(0) { $0 + found.need[$1] } / found.need.reduce(0, +)
    #expect(share > 0.6, "\(share)")
    #expect(found.picks.prefix(3).allSatisfy { classes[$0.row] == 2 })
  }

  /// A slow reference of the greedy choice, and of the loops in C below it.
  @Test("Picks are those of the plain greedy choice") func reference() throws {
    let (points, classes) = clouds([30, 25, 15], spread: 0.4)
    var random = RandomStream(5)
    let raw = (0..<70 * 3).map { _ in random.uniform() + 0.01 }
    let probabilities = Tensor(
      shape: [70, 3],
      values: raw.indices.map { index in
        raw[index] / raw[(index / 3 * 3)..<(index / 3 * 3 + 3)].reduce(0, +)
      })
    let labelled = [3: classes[3], 40: classes[40]]
    let space = SuggestionSpace(try points.inPrincipalSpace())
    let found = try space.suggest(12, labelled: labelled, probabilities: probabilities)

    func nearness(_ a: Int, _ b: Int) -> Double {
      let square = zip(space.points.row(a), space.points.row(b)).reduce(0.0) {
        $0 + pow(Double($1.0) - Double($1.1), 2)
      }
      return exp(-square / (2 * 0.75 * 0.75))
    }
    let shares = (0..<3).map { column in
      (0..<70).reduce(0.02) { $0 + Double(probabilities.values[3 * $1 + column]) / 70 }
    }
    let rarest = try #require(shares.min())
    let doubt = (0..<70).map { row in
      let all = probabilities.row(row).map(Double.init)
      let sorted = all.sorted(by: >)
      let rarity = zip(all, shares).reduce(0) { $0 + $1.0 * pow(rarest / $1.1, 0.75) }
      return rarity * (1 - (sorted[0] - sorted[1]))
    }
    var covered = (0..<70).map { max(nearness($0, 3), nearness($0, 40)) }
    let whole = (0..<70).reduce(0) { $0 + doubt[$1] * (1 - covered[$1]) }
    var open = Set(0..<70).subtracting(labelled.keys)
    for pick in found.picks {
      let gains = open.map { row in
        (
          (0..<70).reduce(0) { $0 + doubt[$1] * max(0, nearness(row, $1) - covered[$1]) } / whole,
          row
        )
      }
      let best = try #require(gains.max { $0.0 < $1.0 })
      #expect(best.1 == pick.row)
      #expect(abs(best.0 - pick.gain) < 1e-4)
      open.remove(pick.row)
      for row in 0..<70 { covered[row] = max(covered[row], nearness(row, pick.row)) }
    }
  }

  @Test("What labels cover is the same in every block of rows") func blocks() throws {
    let (points, _) = clouds([3000, 1200, 900])
    var options = Suggestion.Options()
    options.sample = 100
    let space = SuggestionSpace(try points.inPrincipalSpace(), options: options)
    let labelled = [7: 0, 4095: 1, 4096: 2, 5099: 1]
    let found = try space.suggest(1, labelled: labelled)
    for row in Array(stride(from: 0, to: 5100, by: 17)) + labelled.keys {
      let covered = labelled.keys.map { label in
        let square = zip(space.points.row(row), space.points.row(label)).reduce(0.0) {
          $0 + pow(Double($1.0) - Double($1.1), 2)
        }
        return exp(-square / (2 * 0.75 * 0.75))
      }
      let most = try #require(covered.max())
      #expect(abs(Double(found.need[row]) - (1 - most)) < 1e-4)
    }
    #expect(found.need.count == 5100)
  }

  @Test("A sample stands for a survey that is too large to weigh all against all")
  func sampled() throws {
    let (points, classes) = clouds([300, 200, 100])
    var options = Suggestion.Options()
    options.sample = 90
    let space = SuggestionSpace(try points.inPrincipalSpace(), options: options)
    var labels: [Int: Int] = [:]
    for _ in 0..<3 {
      let next = try space.suggest(20, labelled: labels)
      #expect(next.need.count == 600 && next.picks.count == 20)
      for pick in next.picks { labels[pick.row] = classes[pick.row] }
    }
    #expect(labels.count == 60 && Set(labels.values).count == 3)
  }

  @Test("What does not fit is refused") func refused() throws {
    let space = SuggestionSpace(try clouds([10, 10]).points.inPrincipalSpace())
    #expect(throws: MorphologyError.self) { try space.suggest(1, labelled: [20: 0]) }
    #expect(throws: MorphologyError.self) {
      try space.suggest(1, labelled: [:], probabilities: Tensor([3, 2]))
    }
  }
}
