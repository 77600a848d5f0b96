import Catalogue
import PostgreSQL
import Testing

/// A survey of 12 sources that have predictions in two of the twelve classes.
struct ClassifiedSky {
  let fixture: Fixture
  let model: Model
  let classification: Int

  var database: Connection { fixture.database }

  init(
    as role: Role? = nil, named name: (Int) -> String = { "s\($0)" },
    madeWith options: String = ""
  ) throws {
    fixture = try Fixture(sources: 12, as: role, named: name, madeWith: options)
    let database = fixture.database
    let stored = try fixture.addCutouts()
    let train = try Fixture.newRun(.finetune, in: database)
    let id = try Model.write(
      run: train, kind: .classifier, description: JSON(text: "{}"), weights: [1], sha256: "ab",
      in: database)
    model = try Model.find(.classifier, numbered: id, in: database)
    let scheme = try ClassScheme.named(ClassScheme.twelveClasses, in: database)
    let classes = ["head-tail", "c. p. ellipse"].map { name in
      ModelClass(id: scheme.classes.first { $0.name == name }?.id ?? -1, name: name, labels: 5)
    }
    try model.write(classes, scheme: scheme, in: database)
    classification = try Fixture.newRun(
      .classify, parents: [.init(run: train, role: "classifier")], in: database)
    let predictions = stored.enumerated().map { index, cutout in
      let part = Float(index) / 11
      return Prediction(source: cutout.source, cutout: cutout.id, probabilities: [part, 1 - part])
    }
    try Prediction.begin(run: classification, in: database)
    try model.write(
      predictions, of: fixture.survey, scheme: scheme, classes: classes, run: classification,
      in: database)
    try Prediction.finish(run: classification, in: database)
    try Run.finish(classification, in: database) { _ in JSON(text: "{}") }
  }

  /// What publishes it, by a run of its own.
  func publication(as name: String = "sky", columns: [String] = []) throws -> Publication {
    Publication(
      as: name, of: fixture.survey, classification: classification, model: model,
      run: try Fixture.newRun(.publish, in: database), columns: columns)
  }

  @discardableResult
  func publish(as name: String = "sky", columns: [String] = []) throws -> PublishedCatalogue {
    try publish(publication(as: name, columns: columns))
  }

  /// Publishes as the stage does.
  @discardableResult
  func publish(
    _ publication: Publication, waiting: (String) -> Void = { _ in }
  ) throws -> PublishedCatalogue {
    let built = try publication.build(in: database)
    let catalogue = try Run.finish(publication.run, in: database) {
      try built.publish(in: $0, waiting: waiting)
    }
    try Publication.tidy(in: database)
    return catalogue
  }
}

extension Publication {
  /// Makes the table as one process does that nobody helps.
  func build(in database: Connection) throws -> BuiltCatalogue {
    try begin(in: database)
    defer { try? leave(in: database) }
    let worker = try worker(1, in: database)
    while let piece = try Piece.claim(by: worker, for: 60, in: database) {
      #expect(try perform(piece, in: database))
    }
    try worker.end(in: database)
    return try finish(in: database)
  }

  /// A process that works on it.
  func worker(_ process: Int32, in database: Connection) throws -> Worker {
    try Worker.begin(
      run, by: Operator(codeVersion: "1", host: "here", account: "me"), process: process,
      in: database)
  }
}
