import Morphology
import Testing

/// Golden values by scikit-learn and statsmodels: tools/oracles/agreement.py.
@Suite struct AgreementTests {
  @Test func cohenIsAsScikitLearnHasIt() throws {
    let first = (0..<40).map { $0 * $0 % 5 }
    let second = (0..<40).map { $0 % 3 == 0 ? $0 % 5 : $0 * $0 % 5 }
    let kappa = try #require(Agreement.cohen(first, second))
    #expect(abs(kappa - 0.7101449275362319) < 1e-12)
  }

  @Test func fleissIsAsStatsmodelsHasIt() throws {
    let ratings = (0..<30).map { [$0 % 4, $0 % 2 == 1 ? $0 % 4 : ($0 + 1) % 4, $0 * 7 % 4] }
    let kappa = try #require(Agreement.fleiss(ratings))
    #expect(abs(kappa - 0.07629148135477258) < 1e-12)
  }

  @Test func fullAgreementIsOneAndOneClassAloneSaysNothing() {
    #expect(Agreement.cohen([1, 2, 3], [1, 2, 3]) == 1)
    #expect(Agreement.fleiss([[1, 1], [2, 2]]) == 1)
    #expect(Agreement.cohen([1, 1], [1, 1]) == nil)
    #expect(Agreement.fleiss([[1, 1], [1, 1]]) == nil)
    #expect(Agreement.cohen([Int](), []) == nil)
    #expect(Agreement.fleiss([[Int]]()) == nil)
  }
}
