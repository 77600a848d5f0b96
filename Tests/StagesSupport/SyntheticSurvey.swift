import Astronomy
import Catalogue
import Digest
import Foundation
import Morphology
import NeuralNetwork
package import PostgreSQL
package import Stages
import Tensor
import TestSupport

/// A database of its own with a survey of blobs, doubles and rings, written without files.
package struct SyntheticSurvey {
  /// The classes, by `index % 3`.
  package static let classes = ["blob", "double", "ring"]

  /// Pixels along a side of a cutout.
  package static let side = 32

  package let address: String
  package let workplace: Workplace

  /// Makes the survey `toy` of `count` sources, 0.1° apart.
  package init(_ count: Int) async throws {
    address = try TestServer.newDatabase()
    workplace = Workplace(
      database: try await Database(address),
      user: Operator(codeVersion: "test", host: "here", account: "tester"), progress: Silence())
    try await workplace.database.with { database in
      _ = try Migration.apply(to: database, folder: SharedData.repository + "/sql")
      let survey = try Survey.add(named: "toy", in: database)
      let work = try Work(stage: .ingest, parameters: JSON(text: "{}"))
      guard
        case .new(let run) = try Run.open(
          work, by: Operator(codeVersion: "test", host: "here", account: "tester"), in: database)
      else { return }
      _ = try Source.write(
        from: "toy.csv", columns: [], into: survey, run: run, in: database
      ) { write in
        for index in 0..<count {
          try write(.source(Self.source(index), cells: []))
        }
      }
      let sources = try StoredSource.all(of: survey, in: database)
      try Cutout.write(
        sources.enumerated().map { Self.cutout(of: $1.id, index: $0) }, of: survey, run: run,
        in: database)
      try Run.finish(run, in: database) { _ in JSON(text: "{}") }
    }
  }

  /// The name of a source.
  package static func name(_ index: Int) -> String { "toy\(index)" }

  private static func source(_ index: Int) -> Source {
    Source(
      name: name(index),
      position: .init(
        ra: (10 + 0.1 * Double(index)).truncatingRemainder(dividingBy: 360), dec: 20),
      totalFlux: 0.01, majorAxis: 30)
  }

  private static func cutout(of source: Int, index: Int) -> Cutout {
    Cutout(
      source: source,
      pixels: ImagePixels(width: side, height: side, type: .float, bytes: pixels(index)),
      pixelScale: 2, wcs: nil, sha256: SHA256.hash(pixels(index)).hex,
      imageSHA256: digest("file\(index)"))
  }

  /// The bytes of an image, as they are stored.
  package static func pixels(_ index: Int) -> [UInt8] {
    image(index).flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
  }

  /// A source of its class at a random angle, with noise of 0.02.
  package static func image(_ index: Int) -> [Float] {
    var random = RandomStream(7, index)
    let angle = random.uniform() * 2 * Float.pi
    let size = random.uniform(5...8)
    return (0..<side * side).map { pixel in
      let x = Float(pixel % side) - Float(side - 1) / 2
      let y = Float(pixel / side) - Float(side - 1) / 2
      let along = x * cos(angle) + y * sin(angle)
      let across = y * cos(angle) - x * sin(angle)
      let value: Float
      switch index % 3 {
      case 0: value = exp(-(x * x + y * y) / 8)
      case 1: value = exp(-(pow(abs(along) - size, 2) + across * across) / 6)
      default: value = exp(-pow((x * x + y * y).squareRoot() - size, 2) / 4)
      }
      return value + 0.02 * random.normal()
    }
  }

  /// Makes release `dr2` of the survey, which lacks some of its sources and has others, with images.
  ///
  /// Sources get other names by `renaming`: a name that another has too passes to this one.
  package func secondRelease(
    dropping gone: Set<Int>, adding new: [Int], renaming: [Int: String] = [:]
  ) async throws {
    try await workplace.database.with { database in
      let survey = try Survey.named("toy", in: database)
      let work = try Work(stage: .ingest, parameters: JSON(text: "{\"release\":\"dr2\"}"))
      let opening = try Run.open(work, by: workplace.user, in: database)
      guard case .new(let run) = opening else { return }
      let kept = try survey.counts(in: database).sources
      _ = try Source.write(
        from: "dr2.csv", columns: [], into: survey, run: run, as: .init("dr2"), in: database
      ) { write in
        for index in Array(0..<kept).filter({ !gone.contains($0) }) + new {
          var source = Self.source(index)
          source.name = renaming[index] ?? source.name
          try write(.source(source, cells: []))
        }
      }
      let keys = try Source.keys(of: survey, in: database)
      try Cutout.write(
        new.map { Self.cutout(of: keys[Self.name($0)] ?? 0, index: $0) }, of: survey, run: run,
        in: database)
      try Run.finish(run, in: database) { _ in JSON(text: "{}") }
    }
  }

  /// Labels sources by their true classes, in scheme `toy`.
  package func label(_ indices: [Int], by annotator: String = "tester") async throws {
    try await workplace.database.with { database in
      let survey = try Survey.named("toy", in: database)
      let scheme = try ClassScheme.add(named: "toy", classes: Self.classes, in: database)
      let keys = Dictionary(
        try StoredSource.all(of: survey, in: database).map { ($0.name, $0.id) },
        uniquingKeysWith: { $1 })
      let labels = try indices.compactMap { index in
        try keys[Self.name(index)].map {
          Label(
            source: $0, classID: try scheme.classID(named: Self.classes[index % 3]),
            annotator: annotator)
        }
      }
      try Label.write(labels, of: survey, scheme: scheme, method: .single, run: nil, in: database)
    }
  }

  /// A column of figures from the database.
  package func numbers(_ sql: SQL) async throws -> [Int] {
    try await workplace.database.with { try $0.rows(sql, as: Int.self) }
  }

  /// Texts from the database.
  package func texts(_ sql: SQL) async throws -> [String] {
    try await workplace.database.with { try $0.rows(sql, as: String.self) }
  }
}

/// The SHA-256 of a text.
package func digest(_ text: String) -> String { SHA256.hash(Array(text.utf8)).hex }

extension PretrainStage {
  /// Pre-training on `toy` with a small network, in seconds.
  package static func toy(_ epochs: Int = 3) -> PretrainStage {
    var stage = PretrainStage(surveys: ["toy"])
    stage.preprocessing.size = 16
    stage.learning.architecture.inputSize = 16
    stage.learning.architecture.width = 8
    stage.learning.epochs = epochs
    stage.learning.batchSize = 16
    stage.learning.warmUpEpochs = 1
    return stage
  }
}

extension FinetuneStage {
  /// Fine-tuning on the labels of `toy`.
  package static func toy() -> FinetuneStage {
    var stage = FinetuneStage(survey: "toy")
    stage.scheme = "toy"
    stage.learning.epochs = 2
    stage.learning.folds = 2
    stage.learning.batchSize = 12
    return stage
  }
}

extension CrossValidationStage {
  /// Two folds of the labels of `toy`, by ways that train no network.
  package static func toy() -> CrossValidationStage {
    var stage = CrossValidationStage(tasks: [LabelledTask(survey: "toy", scheme: "toy")])
    stage.preprocessing.size = 16
    stage.options.folds = 2
    stage.options.shares = [0.5, 1]
    stage.options.methods = [.neighbours, .linearProbe]
    stage.options.pretraining.architecture.inputSize = 16
    stage.options.pretraining.architecture.width = 8
    stage.options.pretraining.epochs = 2
    stage.options.pretraining.batchSize = 16
    stage.options.pretraining.warmUpEpochs = 1
    return stage
  }
}
