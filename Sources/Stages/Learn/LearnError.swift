public import Failures

/// What can be wrong with learning, embedding, clustering, classifying or evaluating.
public enum LearnError: Failure, Equatable {
  /// A stored cutout that cannot be prepared.
  case badCutout(Int, source: Int, reason: String)
  /// Sources of a survey that have no embedding by the model.
  case notEmbedded(survey: String, model: Int, missing: Int)
  /// Fewer labelled sources with images than can be learned from.
  case tooFewLabels(survey: String, scheme: String, have: Int, need: Int)
  /// Fewer classes with labels than two.
  case oneClass(String)
  /// No tag applies to some labelled sources and not to others.
  case noTag(scheme: String, survey: String)
  /// Not one source is left whose label the classifier has not learned.
  case nothingHeldOut(survey: String, learned: Int)
  /// Smoothing to a model's beam was asked for, and a beam is not known.
  case unknownBeam(of: String)
  /// A classification to publish of which there are warnings.
  case doubtful(classification: Int, warnings: [String])
  /// Ranks that train together are not of one kind, or do not hold the same.
  case unlikeRanks(String)
  /// Images or labels are not those any more that the run was begun with.
  case inputsChanged(run: Int)
  /// Too few sources on one side of a comparison of surveys.
  case tooFewToCompare(String, have: Int, need: Int)

  public var exitStatus: ExitStatus { .badInput }

  public var description: String {
    switch self {
    case .badCutout(let cutout, let source, let reason):
      "cutout \(cutout) of source \(source) cannot be prepared: \(reason)"
    case .notEmbedded(let survey, let model, let missing):
      """
      \(missing) images of survey '\(survey)' have no embedding by model \(model): \
      run 'reber embed --survey \(survey) --model \(model)'
      """
    case .tooFewLabels(let survey, let scheme, let have, let need):
      """
      survey '\(survey)' has \(have) labelled sources with an image in scheme '\(scheme)', \
      at least \(need) are needed: add some with 'reber label import' or 'reber label cluster'
      """
    case .oneClass(let name):
      "all labels are of class '\(name)': a classifier needs at least two classes"
    case .noTag(let scheme, let survey):
      """
      no tag of scheme '\(scheme)' applies to some labelled sources of '\(survey)' that have an image and not to \
      others: say of more sources which tags apply and which do not
      """
    case .unknownBeam(let whose):
      """
      the beam of \(whose) is not known: give it with 'reber survey describe --beam-major', or do \
      without --match-beam
      """
    case .unlikeRanks(let reason): "ranks cannot train together: \(reason)"
    case .inputsChanged(let run):
      """
      images or labels have changed since run \(run) was begun: it is left to those who had read them before; asked \
      for again, the command takes those that there are now
      """
    case .tooFewToCompare(let what, let have, let need):
      "there are \(have) \(what), at least \(need) are needed to compare surveys"
    case .doubtful(let classification, let warnings):
      """
      classification \(classification) is not published, since of it or what it rests on is said: \
      \(warnings.joined(separator: "; ")). --anyway publishes it
      """
    case .nothingHeldOut(let survey, let learned):
      """
      no labelled source of survey '\(survey)' is left to judge by: the classifier has learned \
      \(learned) of them; give labels that it has not seen with --truth
      """
    }
  }
}
