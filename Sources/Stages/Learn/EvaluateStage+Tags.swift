import Catalogue
import Morphology
import PostgreSQL
import Tensor

extension EvaluateStage {
  /// Judges a classification of tags, each for itself, from the classifier's threshold on.
  ///
  /// - Parameters:
  ///   - known: By source and tag, 1 where it applies and 0 where it does not.
  ///   - survey: The survey.
  ///   - classification: The run that classified it.
  ///   - tags: The tags, in the order of the probabilities.
  ///   - database: The database.
  /// - Returns: How well each tag is found.
  /// - Throws: `LearnError.nothingHeldOut`.
  func judgeTags(
    _ known: [Int: [Int16: Float]], of survey: Survey, classification: Int, tags: [ModelClass],
    in database: Connection
  ) throws -> Metrics {
    let learned = try TrainingSource.learned(
      by: classification, within: radius, of: survey, in: database)
    let predictions = try Prediction.all(of: survey, run: classification, in: database)
      .filter { known[$0.source] != nil }
    let judged = predictions.filter { !learned.contains($0.source) }
    guard !judged.isEmpty else {
      throw LearnError.nothingHeldOut(survey: survey.name, learned: predictions.count)
    }
    let shape = [judged.count, tags.count]
    let evaluation = try TagEvaluation(
      truth: Tensor(
        shape: shape,
        values: judged.flatMap { item in tags.map { known[item.source]?[$0.id] ?? .nan } }),
      probabilities: Tensor(shape: shape, values: judged.flatMap(\.probabilities)),
      thresholds: tags.map { $0.threshold ?? 0.5 })
    let sources = judged.map(\.source)
    return Metrics(
      classification: classification, sources: judged.count,
      learned: predictions.count - judged.count, leftOut: known.count - predictions.count,
      seenUnlabelled: try TrainingSource.countSeen(
        by: classification, among: sources, of: survey, in: database),
      accuracy: evaluation.accuracy,
      notCheckable: try TrainingSource.countNotCheckable(
        against: classification, among: sources, of: survey, in: database),
      macroF1: evaluation.macroF1, calibrationError: evaluation.calibrationError,
      scores: EvaluationRow.rows(evaluation, tags: tags.map(\.name), bounds), confusion: [])
  }
}

extension EvaluationRow {
  /// A row a tag and one for the macro average, of all probabilities.
  static func rows(
    _ evaluation: TagEvaluation, tags: [String], _ options: BoundOptions
  ) -> [EvaluationRow] {
    let intervals = evaluation.intervals(options)
    let confusions = tags.indices.map { evaluation.confusion(of: $0) }
    let single = tags.enumerated().map { index, name in
      row(
        .all, name, confusions[index].scores(of: 1), correct: confusions[index][1, 1],
        intervals?.tags[index])
    }
    let scores = confusions.map { $0.scores(of: 1) }.filter { $0.support + $0.predicted > 0 }
    let count = Float(max(1, scores.count))
    let mean = EvaluationRow(
      bound: ProbabilityBound.all.text, className: macroAverage,
      support: evaluation.truth.rows, predicted: evaluation.truth.rows,
      correct: confusions.reduce(0) { $0 + $1[1, 1] },
      precision: scores.reduce(0) { $0 + Float($1.precision) } / count,
      recall: scores.reduce(0) { $0 + Float($1.recall) } / count, f1: Float(evaluation.macroF1),
      interval: intervals.map { Float($0.macro.low)...Float($0.macro.high) })
    return single + [mean]
  }
}
