import Catalogue
public import Failures
import Files
import Foundation
import PostgreSQL
public import Stages

/// Why a report cannot be written.
///
/// `nothingKept` stands for evaluations of versions that stored no curves.
public enum ReportError: Failure, Equatable {
  /// The folder cannot be made, or the page cannot be written there.
  case notWritable(folder: String, reason: String)
  /// The evaluation was made by a version that did not keep what it judged.
  case nothingKept(run: Int)

  public var exitStatus: ExitStatus {
    switch self {
    case .notWritable: .cannotCreate
    case .nothingKept: .badInput
    }
  }

  public var description: String {
    switch self {
    case .notWritable(let folder, let reason):
      "\(folder): the report cannot be written there (\(reason)); choose another folder"
    case .nothingKept(let run):
      """
      run \(run) evaluated before Reber kept what a report shows: add --again to evaluate once more
      """
    }
  }
}

/// The folder that a report is written to.
///
/// It is made at once, so that a folder that cannot be is told before the evaluation begins.
public struct ReportFolder: Sendable {
  /// Its path.
  public let path: String

  /// The page's path.
  public var page: String { path + "/report.html" }

  /// Makes the folder where there is none, before any work is done for it.
  ///
  /// - Throws: `ReportError.notWritable`.
  public init(_ path: String) throws {
    self.path = path
    try writing {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
  }

  private func writing(_ body: () throws -> Void) throws {
    do { try body() } catch {
      throw ReportError.notWritable(folder: path, reason: (error as NSError).localizedDescription)
    }
  }

  fileprivate func write(page text: String) throws {
    try PartialFile.write(Data(text.utf8), to: page)
  }
}

extension Workplace {
  /// Writes the report of an evaluation that `stage` made: a page and CSV files.
  ///
  /// All figures come from the rows of its run, so an evaluation that was made before gives the
  /// same report.
  ///
  /// - Throws: `ReportError`, or `FileError` for a file that cannot be written.
  public func write(
    reportOf evaluation: StageReport<EvaluateStage.Metrics>, of stage: EvaluateStage,
    to folder: ReportFolder
  ) async throws {
    let survey = try await survey(stage.survey)
    let writer = Operator.brief(user.codeVersion)
    let report = try await database.with {
      try EvaluationReport(of: evaluation, stage, survey: survey, by: writer, in: $0)
    }
    try folder.write(page: try report.page())
    for table in report.tables { try table.write(folder.path) }
  }
}
