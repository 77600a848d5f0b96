import Catalogue
import PostgreSQL
import TestSupport
import Testing

@Suite("Published catalogues") struct PublishedCatalogueTests {
  /// A survey of 12 sources that have predictions in two of the twelve classes.
  private func classified() throws -> (Fixture, Model, run: Int) {
    let fixture = try Fixture(sources: 12)
    let database = fixture.database
    let stored = try fixture.addCutouts()
    let train = try Fixture.newRun(.finetune, in: database)
    let id = try Model.write(
      run: train, kind: .classifier, description: JSON(text: "{}"), weights: [1], sha256: "ab",
      in: database)
    let model = try Model.find(.classifier, numbered: id, in: database)
    let scheme = try ClassScheme.named(ClassScheme.twelveClasses, in: database)
    let classes = ["head-tail", "c. p. ellipse"].map { name in
      ModelClass(id: scheme.classes.first { $0.name == name }?.id ?? -1, name: name, labels: 5)
    }
    try model.write(classes, scheme: scheme, in: database)
    let run = try Fixture.newRun(
      .classify, parents: [.init(run: train, role: "classifier")], in: database)
    let predictions = stored.enumerated().map { index, cutout in
      let part = Float(index) / 11
      return Prediction(source: cutout.source, cutout: cutout.id, probabilities: [part, 1 - part])
    }
    _ = try Prediction.begin(run: run, of: fixture.survey, in: database)
    try model.write(
      predictions, of: fixture.survey, scheme: scheme, classes: classes, run: run, in: database)
    try Prediction.finish(run: run, in: database)
    try Run.finish(run, metrics: JSON(text: "{}"), in: database)
    return (fixture, model, run)
  }

  @Test func theQueryThatAstronomersCopy() throws {
    let (fixture, model, run) = try classified()
    let publish = try Fixture.newRun(.publish, in: fixture.database)
    let published = try PublishedCatalogue.publish(
      as: "sky", fixture.survey, classification: run, model: model, run: publish,
      in: fixture.database)
    #expect(published.rows == 12)
    let found = try fixture.database.rows(
      """
      SELECT name, ra, dec, class, probability FROM catalogue.sky
      WHERE class = 'head-tail' AND probability > 0.9 ORDER BY probability DESC
      """, as: String.self, Double.self, Double.self, String.self, Float.self)
    #expect(found.map(\.0) == ["s11", "s10"] && found[0].4 == 1)
    let names = published.columns.map(\.name)
    #expect(names.contains("p_head_tail") && names.contains("p_c_p_ellipse"))
    #expect(published.columns.allSatisfy { $0.ucd != nil && $0.description != nil })
    #expect(published.columns.first { $0.name == "ra" }?.unit == "deg")
  }

  @Test func publishingAgainReplacesTheTable() throws {
    let (fixture, model, run) = try classified()
    for _ in 0..<2 {
      let publish = try Fixture.newRun(.publish, in: fixture.database)
      _ = try PublishedCatalogue.publish(
        as: "sky", fixture.survey, classification: run, model: model, run: publish,
        in: fixture.database)
    }
    #expect(try PublishedCatalogue.all(in: fixture.database).map(\.name) == ["sky"])
  }

  @Test func aTableOfSomebodyElseStays() throws {
    let (fixture, model, run) = try classified()
    try fixture.database.script("CREATE TABLE catalogue.mine (note text)")
    #expect(throws: CatalogueError.self) {
      try PublishedCatalogue.publish(
        as: "mine", fixture.survey, classification: run, model: model, run: run,
        in: fixture.database)
    }
    #expect(try fixture.database.row("SELECT count(*) FROM catalogue.mine", as: Int.self) == 0)
  }
}
