public import Catalogue
public import Morphology
public import NeuralNetwork
public import PostgreSQL

/// Applies a model to every image of a survey: embedding and classifying are alike but for what is
/// written of an image.
public struct ModelStage<Task: ModelTask>: ComputingStage, Stored {
  /// The survey.
  public var survey: String

  /// The model; the newest of its kind where it is `nil`.
  public var model: ModelName?

  /// Whether images are brought to what the model knows.
  public var scale = ScaleOptions()

  /// What the network computes with.
  public var precision = Precision.float32

  public var choosesPrecision = false

  /// Whether only images that an earlier run has not done are; `nil` where all are.
  public var onlyNew: Bool?

  /// How images are prepared, where that is not as the model's own; the stage finds it.
  public internal(set) var preprocessing: Preprocessing?

  /// Describes the newest model applied to a survey, with the defaults.
  public init(survey: String) {
    self.survey = survey
  }

  /// All but whether the precision was chosen.
  private enum CodingKeys: CodingKey {
    case survey, model, scale, precision, onlyNew, preprocessing
  }

  public func precisionBefore(in place: Workplace) async throws -> Precision? {
    let survey = try await place.survey(survey)
    return try await place.database.with { database in
      let (options, model, _) = try resolved(for: survey, in: database)
      return try Task.precisionBefore(options, by: model, of: survey, in: database)
    }
  }

  public static var usual: Self? { Self(survey: "") }
  public static var name: StageName { Task.stage }

  public func plan(in place: Workplace) async throws -> Plan<Task.Metrics> {
    let survey = try await place.survey(survey)
    let (application, work) = try await place.database.with { database in
      let found = try self.application(
        to: survey, way: place.engine.way(of: precision), in: database)
      return (found, try self.work(of: found, in: database))
    }
    var plan = Plan(work) { try Task.begin(application, run: $0, isFirst: $1, in: $2, of: place) }
    (plan.notes, plan.precision) = (application.match.notes, precision)
    if let earlier = application.earlier {
      plan.notes.append("what run \(earlier.run) has done is not done again")
    }
    plan.tidy = { try await Task.tidy(application, in: place) }
    plan.stands = { _ in try await Task.stands(application, in: place) }
    return plan
  }

  private func application(
    to survey: Survey, way: String, in database: Connection
  ) throws -> ModelApplication<Task> {
    let (options, model, match) = try resolved(for: survey, in: database)
    let earlier = onlyNew == true ? try Task.earlier(options, of: survey, in: database) : nil
    return ModelApplication(
      survey: survey, model: model, match: match, options: options, way: way, earlier: earlier)
  }

  /// The options with what was left open, and what that is.
  private func resolved(
    for survey: Survey, in database: Connection
  ) throws -> (Self, Catalogue.Model, ScaleMatch) {
    let model = try Catalogue.Model.find(Task.kind, called: self.model, in: database)
    let match = try model.match(survey, options: scale, in: database)
    var resolved = self
    resolved.model = .number(model.id)
    resolved.preprocessing = try match.preprocessing(unlikeThatOf: model)
    return (resolved, model, match)
  }

  /// The work; where an earlier run has done just the images that are current, it is that run's.
  private func work(of application: ModelApplication<Task>, in database: Connection) throws -> Work
  {
    let inputs = [try Cutout.input(of: application.survey, in: database)]
    if let earlier = application.earlier, earlier.isWhole {
      return try work(
        earlier.options, inputs: inputs, parents: Run.parents(of: earlier.run, in: database))
    }
    var parents = [Work.Parent(run: application.model.run, role: Task.kind.rawValue)]
    parents += try Cutout.runs(of: application.survey, in: database)
    if let earlier = application.earlier {
      parents.append(Work.Parent(run: earlier.run, role: "predictions"))
    }
    return try work(application.options, inputs: inputs, parents: parents)
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

  /// Prepares what is written to, and says how the model is applied to the images of a piece. The first process
  /// divides the images that lack what the model gives.
  static func begin(
    _ application: ModelApplication<Self>, run: Int, isFirst: Bool, in database: Connection,
    of place: Workplace
  ) throws -> Together<Metrics>

  /// The newest run that did the same for images of the survey, for work that takes over from one.
  static func earlier(
    _ options: ModelStage<Self>, of survey: Survey, in database: Connection
  ) throws -> EarlierApplication<Self>?

  /// The precision of what the model gave images of the survey before; `nil` where that is nothing.
  static func precisionBefore(
    _ options: ModelStage<Self>, by model: Catalogue.Model, of survey: Survey,
    in database: Connection
  ) throws -> Precision?

  /// Removes what was stopped on the way to it.
  static func tidy(_ application: ModelApplication<Self>, in place: Workplace) async throws

  /// Whether what a finished run wrote is still there.
  static func stands(
    _ application: ModelApplication<Self>, in place: Workplace
  ) async throws -> Bool
}

/// A run that has done the same before.
public struct EarlierApplication<Task: ModelTask>: Sendable {
  let run: Int
  /// What it was asked.
  let options: ModelStage<Task>
  /// Whether it has done just the images that are current now.
  let isWhole: Bool
}

/// A model and what it is applied to, as the stage has found them.
public struct ModelApplication<Task: ModelTask>: Sendable {
  let survey: Survey
  let model: Catalogue.Model
  let match: ScaleMatch
  let options: ModelStage<Task>

  /// What the network computes with.
  let way: String

  /// The run from which is taken over what is not new.
  var earlier: EarlierApplication<Task>?

  /// How the survey's scale goes with the model's, where there is anything to say.
  var notes: [String]? { match.notes.isEmpty ? nil : match.notes }
}
