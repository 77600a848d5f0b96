import Catalogue
import Foundation
import Morphology
import PostgreSQL
import Stages
import StagesSupport
import TestSupport
import Testing

/// Labels that held-out folds contradict are listed until somebody labels their source again.
@Suite("Audit of labels") struct LabelAuditTests {
  private struct Scene: Sendable {
    let database: Database
    let survey: Survey
    let scheme: ClassScheme

    /// The names of contradicted sources, the most doubtful first.
    func listed() async throws -> [ContradictedLabel] {
      try await database.with { database in
        let model = try Model.auditor(of: survey, scheme: scheme, in: database)
        let all = try ContradictedLabel.all(by: model, of: survey, in: database)
        #expect(try ContradictedLabel.count(by: model, of: survey, in: database) == all.count)
        return all
      }
    }

    func annotation(by name: String) -> Annotation {
      Annotation(survey: survey, scheme: scheme, annotator: name)
    }
  }

  /// Sources `toy0` to `toy17` are labelled and learned; the folds are said to have said of three of them
  /// what contradicts their labels.
  private func contradicted() async throws -> Scene {
    let toy = try await SyntheticSurvey(24)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    try await toy.label(Array(0..<18))
    _ = try await toy.workplace.perform(FinetuneStage.toy())
    let database = toy.workplace.database
    return try await database.with { connection in
      try connection.forge(
        """
        UPDATE reber.training_source SET held_out = CASE name
            WHEN 'toy0' THEN '{0.3,0.7,0}'::real[] WHEN 'toy3' THEN '{0.01,0.04,0.95}'
            WHEN 'toy4' THEN '{0.6,0.4,0}'
            ELSE ARRAY[class_id = 0, class_id = 1, class_id = 2]::int[]::real[] END
        FROM reber.source
        WHERE source.survey_id = training_source.survey_id
            AND source.source_id = training_source.source_id AND fold IS NOT NULL
        """)
      return Scene(
        database: database, survey: try Survey.named("toy", in: connection),
        scheme: try ClassScheme.named("toy", in: connection))
    }
  }

  @Test func theMostDoubtfulComesFirst() async throws {
    let scene = try await contradicted()
    let found = try await scene.listed()
    #expect(found.map(\.source) == ["toy3", "toy0", "toy4"])
    #expect(
      found[0].label == "blob" && found[0].said == "ring" && found[0].annotators == ["tester"])
    #expect(abs(found[1].doubt - 0.8473) < 1e-3)
  }

  @Test func whoLabelsASourceAgainTakesItFromTheList() async throws {
    let scene = try await contradicted()
    let found = try await scene.listed()
    try await scene.database.with { database in
      // Said again as before; by somebody else who is outvoted; and otherwise.
      _ = try scene.annotation(by: "tester").label([found[0].id], as: 0, in: database)
      _ = try scene.annotation(by: "Eve").label([found[1].id], as: 1, in: database)
    }
    #expect(try await scene.listed().map(\.source) == ["toy4"])
    let next = try await scene.database.with { database in
      try scene.annotation(by: "Eve").unlabelled(
        by: .contradicted, work: NewestWork.on(scene.survey, in: database), excluding: [], count: 5,
        in: database)
    }
    #expect(next == ["toy4"])
    try await scene.database.with { database in
      _ = try scene.annotation(by: "tester").label([found[2].id], as: 2, in: database)
    }
    #expect(try await scene.listed().isEmpty)
  }

  /// Classes are spoken of as they are now: what was merged is one, with the probability of both.
  @Test func mergedClassesAreOne() async throws {
    let scene = try await contradicted()
    let user = Operator(codeVersion: "test", host: "here", account: "tester")
    try await scene.database.with { database in
      // Labels of toy4, a double, are now of "extended", as is what the folds say of toy0 and toy3.
      _ = try scene.scheme.merge(["double", "ring"], into: "extended", by: user, in: database)
    }
    let found = try await scene.listed()
    #expect(found.map(\.source) == ["toy3", "toy0", "toy4"])
    #expect(found.map(\.label) == ["blob", "blob", "extended"])
    #expect(found.map(\.said) == ["extended", "extended", "blob"])
    #expect(abs(found[0].saidProbability - 0.99) < 1e-6 && abs(found[2].probability - 0.4) < 1e-6)
    try await scene.database.with { database in
      let scheme = try ClassScheme.named("toy", in: database)
      _ = try scheme.merge(["blob"], into: "extended", by: user, in: database)
    }
    #expect(try await scene.listed().isEmpty)
  }

  @Test func anAnswerThatIsUndoneIsNone() async throws {
    let scene = try await contradicted()
    let found = try await scene.listed()
    try await scene.database.with { database in
      let eve = scene.annotation(by: "Eve")
      _ = try eve.label([found[0].id], as: 2, in: database)
      _ = try eve.undo(in: database)
    }
    #expect(try await scene.listed().map(\.source) == ["toy3", "toy0", "toy4"])
  }

  /// An encoder that has learned a label holds its source out no more.
  @Test func whatTheModelBeganFromLearnedIsNotHeldOut() async throws {
    let toy = try await SyntheticSurvey(24)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    try await toy.label(Array(0..<12))
    let first = try await toy.workplace.perform(FinetuneStage.toy())
    try await toy.label(Array(12..<24))
    var further = FinetuneStage.toy()
    further.model = .number(first.metrics.model)
    let second = try await toy.workplace.perform(further)
    let kept = try await toy.workplace.database.with { database in
      try [first.run, second.run].map { run in
        try database.row(
          "SELECT count(*) FROM reber.training_source WHERE run_id = \(run) AND held_out IS NOT NULL",
          as: Int.self)
      }
    }
    #expect(kept == [12, 12])
  }

  @Test func aClassifierOfBeforeSaysNothing() async throws {
    let scene = try await contradicted()
    try await scene.database.with {
      try $0.forge("UPDATE reber.training_source SET held_out = NULL")
    }
    await #expect(throws: CatalogueError.self) { try await scene.listed() }
  }

  @Test func whoIsAskedAgainAgreesWithHimselfOrNot() async throws {
    let scene = try await contradicted()
    try await scene.database.with { database in
      let tester = scene.annotation(by: "tester")
      func asked() throws -> [String] {
        try tester.unlabelled(
          by: .again, work: NewestWork.on(scene.survey, in: database), excluding: [], count: 50,
          in: database)
      }
      let keys = try Source.keys(of: scene.survey, in: database)
      let first = try asked()
      #expect(first == (0..<18).map { "toy\($0)" })
      #expect(try tester.askedAgain(50, in: database).allSatisfy(\.isFresh))
      // What was said longest ago comes first, and again what was said anew comes last.
      _ = try tester.label([keys["toy1"] ?? 0], as: 1, in: database)
      try database.forge(
        "UPDATE reber.label SET labelled_at = labelled_at - interval '25 hours' WHERE label_id < 18"
      )
      let ordered = try tester.askedAgain(50, in: database)
      #expect(ordered.map(\.source) == (0..<18).filter { $0 != 1 }.map { "toy\($0)" } + ["toy1"])
      #expect(ordered.filter(\.isFresh).map(\.source).suffix(1) == ["toy1"] && !ordered[0].isFresh)
      // Classes repeat: blob, double, ring.
      for (name, answer) in [("toy0", 0), ("toy3", 2), ("toy4", 1)] as [(String, Int16)] {
        _ = try tester.label([keys[name] ?? 0], as: answer, asked: .again, in: database)
      }
      let rest = try asked()
      #expect(rest.count == 15 && !rest.contains("toy3"))
      let repeated = try RepeatedLabel.all(of: scene.survey, scheme: scene.scheme, in: database)
      #expect(repeated.map(\.classID) == [0, 0, 1] && repeated.map(\.again) == [0, 2, 1])
      #expect(
        RatedTwice(repeated.map(\.classID), repeated.map(\.again)).same == 2)
      // What is undone was not said, and is asked about once more.
      _ = try tester.undo(in: database)
      let standing = try RepeatedLabel.all(of: scene.survey, scheme: scene.scheme, in: database)
      #expect(standing.map(\.classID) == [0, 0] && standing.map(\.again) == [0, 2])
      let left = try asked()
      #expect(left.count == 16 && left.last == "toy4")
      _ = try tester.label([keys["toy4"] ?? 0], as: 2, asked: .again, in: database)
      // Classes that were merged are one.
      let user = Operator(codeVersion: "test", host: "here", account: "tester")
      _ = try scene.scheme.merge(["double", "ring"], into: "extended", by: user, in: database)
      let now = try ClassScheme.named("toy", in: database)
      let extended = try now.classID(named: "extended")
      let merged = try RepeatedLabel.all(of: scene.survey, scheme: now, in: database)
      #expect(
        merged.map(\.classID) == [0, 0, extended] && merged.map(\.again) == [0, extended, extended])
    }
  }

  /// A sheet of what was labelled, filled in and read back, tells how far the annotator agrees with himself.
  @Test func aSheetAsksAgain() async throws {
    let toy = try await SyntheticSurvey(12)
    try await toy.label(Array(0..<9))
    let sheet = TestServer.folder + "/again-\(UUID()).csv"
    let chosen = try await toy.workplace.chooseAgain(
      to: sheet, count: 4, of: "toy", scheme: "toy", annotator: "tester")
    #expect(chosen.map(\.source) == ["toy0", "toy1", "toy2", "toy3"] && chosen[0].isFresh)
    var lines = try String(contentsOfFile: sheet, encoding: .utf8).split(separator: "\n")
    #expect(lines[0] == "name,ra,dec,class" && !lines[1].contains("blob"))
    lines = [lines[0]] + zip(lines.dropFirst(), ["blob", "ring", "", "blob"]).map { $0 + $1 }
    try lines.joined(separator: "\n").write(toFile: sheet, atomically: true, encoding: .utf8)
    var answers = LabelImport(survey: "toy")
    (answers.scheme, answers.annotator, answers.isAgain) = ("toy", "tester", true)
    #expect(
      try await toy.workplace.perform(LabelImportStage(file: sheet, answers)).metrics.labels == 3)
    try await toy.workplace.database.with { database in
      let survey = try Survey.named("toy", in: database)
      let scheme = try ClassScheme.named("toy", in: database)
      let own = RepeatedLabel.byAnnotator(
        try RepeatedLabel.all(of: survey, scheme: scheme, in: database))
      #expect(own.map(\.annotator) == ["tester"] && own[0].labels.map(\.again) == [0, 2, 0])
    }
    // A corrected sheet counts once; who has given a source no class before was not asked again.
    let corrected = sheet + ".corrected.csv"
    try (lines.map { $0.replacingOccurrences(of: "ring", with: "double") } + ["toy10,,,ring"])
      .joined(separator: "\n").write(toFile: corrected, atomically: true, encoding: .utf8)
    let second = try await toy.workplace.perform(LabelImportStage(file: corrected, answers))
    #expect(second.metrics.labels == 3 && second.metrics.rejected == 1)
    let reasons = try await toy.texts("SELECT name || ': ' || reason FROM reber.rejected")
    #expect(reasons == ["toy10: tester gave it no class before, and was not asked again"])
    try await toy.workplace.database.with { database in
      let twice = try RepeatedLabel.all(
        of: Survey.named("toy", in: database), scheme: ClassScheme.named("toy", in: database),
        in: database)
      #expect(twice.map(\.classID) == [0, 1, 0] && twice.map(\.again) == [0, 1, 0])
    }
    var mistyped = answers
    mistyped.annotator = "testre"
    await #expect(throws: LabelError.self) {
      try await toy.workplace.perform(LabelImportStage(file: sheet, mistyped))
    }
    #expect(
      try await toy.numbers("SELECT count(*) FROM reber.label WHERE annotator = 'testre'") == [0])
    // Each is asked about again once.
    let rest = try await toy.workplace.chooseAgain(
      to: sheet, count: 50, of: "toy", scheme: "toy", annotator: "tester")
    #expect(rest.map(\.source) == ["toy2"] + (4..<9).map { "toy\($0)" })
    await #expect(throws: CatalogueError.self) {
      try await toy.workplace.chooseAgain(
        to: sheet, count: 50, of: "toy", scheme: "toy", annotator: "nobody")
    }
  }
}
