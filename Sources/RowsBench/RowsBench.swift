import Catalogue
import Foundation
import PostgreSQL

/// How fast predictions are written: those of a survey's newest classification are written once more, as `classify`
/// does it, by pieces that are claimed and ended.
///
///     rows-bench DATABASE SURVEY PREDICTIONS-OF-A-PIECE
///
/// It prints their number, the seconds of writing, and those of indexing and attaching.
@main struct RowsBench {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let size = Int(arguments[3]), size > 0 else {
      FileHandle.standardError.write(Data("usage: rows-bench DATABASE SURVEY SIZE\n".utf8))
      exit(2)
    }
    let database = try Connection(arguments[1])
    let writing = try Writing(of: Survey.named(arguments[2], in: database), in: database)
    let began = Date()
    try writing.write(by: size, in: database)
    let written = Date()
    try Prediction.finish(run: writing.run, in: database)
    let seconds = [written.timeIntervalSince(began), -written.timeIntervalSinceNow]
    print(writing.predictions.count, seconds[0], seconds[1])
  }
}

/// A classification that is about to be written.
private struct Writing {
  let survey: Survey
  let model: Model
  let scheme: ClassScheme
  let classes: [ModelClass]
  let predictions: [Prediction]
  let run: Int

  private static let user = Operator(codeVersion: "bench", host: "here", account: "bench")

  init(of survey: Survey, in database: Connection) throws {
    let former = try Classification.find(of: survey, in: database)
    self.survey = survey
    model = try Model.find(.classifier, numbered: former.model, in: database)
    (scheme, classes) = try model.classes(in: database)
    predictions = try Prediction.all(of: survey, run: former.run, in: database)
    let work = try Work(
      stage: .classify, parameters: JSON(text: "{\"bench\":\"\(UUID())\"}"), parents: [])
    guard case .new(let run) = try Run.open(work, by: Self.user, in: database) else {
      preconditionFailure("no run has its parameters")
    }
    self.run = run
    try Prediction.begin(run: run, in: database)
  }

  func write(by size: Int, in database: Connection) throws {
    let starts = stride(from: 0, to: predictions.count, by: size)
    let parts = starts.map { predictions[$0..<min($0 + size, predictions.count)] }
    try Piece.divide(
      run, into: parts.map { $0[$0.startIndex].source...$0[$0.endIndex - 1].source }, in: database)
    let worker = try Worker.begin(run, by: Self.user, process: 1, in: database)
    while let piece = try Piece.claim(by: worker, for: 60, in: database) {
      _ = try model.end(
        piece, adding: Array(parts[piece.number]), of: survey, scheme: scheme, classes: classes,
        in: database)
    }
  }
}
