import Catalogue
import PostgreSQL

/// What the annotators of a source say of it, as it is taught.
struct SourceAnswers: Sendable {
  /// The source.
  var source: Int

  /// The class that they agree on; `nil` where the scheme has tags.
  var classID: Int16?

  /// The labels that say so.
  var labels: [Int]

  /// By class, how much of it stands for the source: 1 for the one that is agreed on, or the share of the votes.
  ///
  /// By tag, 1 where it applies and 0 where it does not, or the share; those of which nobody speaks are left out.
  var answers: [Int16: Float]
}

extension SourceAnswers {
  /// What is said of the labelled sources of a survey, in their order.
  ///
  /// - Parameters:
  ///   - survey: The survey.
  ///   - scheme: The scheme.
  ///   - asShares: Whether the shares of votes are taught, not what most of them say.
  ///   - database: The database.
  /// - Returns: An item a source.
  /// - Throws: `PostgresError`.
  static func all(
    of survey: Survey, scheme: ClassScheme, asShares: Bool, in database: Connection
  ) throws -> [SourceAnswers] {
    let agreed = scheme.isTags ? [] : try Consensus.all(of: survey, scheme: scheme, in: database)
    guard scheme.isTags || asShares else {
      return agreed.map {
        Self(source: $0.source, classID: $0.classID, labels: $0.labels, answers: [$0.classID: 1])
      }
    }
    let classes = Dictionary(agreed.map { ($0.source, $0.classID) }, uniquingKeysWith: { $1 })
    var all: [SourceAnswers] = []
    for vote in try VoteShare.all(of: survey, scheme: scheme, in: database) {
      if all.last?.source != vote.source {
        all.append(
          Self(source: vote.source, classID: classes[vote.source], labels: [], answers: [:]))
      }
      all[all.count - 1].labels += vote.labels
      all[all.count - 1].answers[vote.classID] = asShares ? vote.share : vote.share > 0.5 ? 1 : 0
    }
    return all
  }
}
