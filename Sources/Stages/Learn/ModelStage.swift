public import Catalogue
public import Morphology
public import NeuralNetwork
import PostgreSQL

/// Applies a model to every image of a survey: embedding and classifying are alike but for what is
/// written of an image.
public struct ModelStage<Task: ModelTask>: Stage, Stored {
  /// The survey.
  public var survey: String

  /// The model; the newest of its kind where it is `nil`.
  public var model: Int?

  /// Whether images are brought to what the model knows.
  public var scale = ScaleOptions()

  /// What the network computes with.
  public var precision = Precision.float32

  /// How images are prepared, where that is not as the model's own; the stage finds it.
  public internal(set) var preprocessing: Preprocessing?

  /// Describes the newest model applied to a survey, with the defaults.
  public init(survey: String) {
    self.survey = survey
  }

  public static var usual: Self? { Self(survey: "") }
  public static var name: StageName { Task.stage }

  public func plan(in place: Workplace) async throws -> Plan<Task.Metrics> {
    let survey = try await place.survey(survey)
    let (application, work) = try await place.database.with { database in
      let model = try Catalogue.Model.find(Task.kind, numbered: self.model, in: database)
      let match = try model.match(survey, options: scale, in: database)
      var resolved = self
      resolved.model = model.id
      resolved.preprocessing = try match.preprocessing(unlikeThatOf: model)
      let work = try self.work(
        resolved, inputs: [Cutout.input(of: survey, in: database)],
        parents: [.init(run: model.run, role: Task.kind.rawValue)]
          + Cutout.runs(of: survey, in: database))
      return (ModelApplication(survey: survey, model: model, match: match, options: resolved), work)
    }
    var plan = Plan(work) { try await Task.perform(application, run: $0, in: place) }
    plan.notes = application.match.notes
    plan.tidy = { try await Task.tidy(application, in: place) }
    plan.stands = { _ in try await Task.stands(application, in: place) }
    return plan
  }
}

/// What a model is applied for.
public protocol ModelTask: Sendable {
  /// What it measures.
  associatedtype Metrics: Stored

  /// The stage that does it.
  static var stage: StageName { get }

  /// The kind of model that can.
  static var kind: Catalogue.Model.Kind { get }

  /// Applies the model to the images that lack what it gives.
  static func perform(
    _ application: ModelApplication<Self>, run: Int, in place: Workplace
  ) async throws -> Conclusion<Metrics>

  /// Removes what was stopped on the way to it.
  static func tidy(_ application: ModelApplication<Self>, in place: Workplace) async throws

  /// Whether what a finished run wrote is still there.
  static func stands(
    _ application: ModelApplication<Self>, in place: Workplace
  ) async throws -> Bool
}

/// A model and what it is applied to, as the stage has found them.
public struct ModelApplication<Task: ModelTask>: Sendable {
  let survey: Survey
  let model: Catalogue.Model
  let match: ScaleMatch
  let options: ModelStage<Task>

  /// How the survey's scale goes with the model's, where there is anything to say.
  var notes: [String]? { match.notes.isEmpty ? nil : match.notes }
}
