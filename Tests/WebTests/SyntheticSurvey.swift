import Astronomy
import Catalogue
import Foundation
import PostgreSQL
import Tensor
import TestSupport

/// A survey that is made up: blobs of a few shapes with images, embeddings, clusters with their
/// hierarchy, and predictions, so that pages have something to show.
struct SyntheticSurvey: Sendable {
  /// The database's address.
  let address: String

  /// The survey.
  let survey: Survey

  /// Sources.
  let count: Int

  static let name = "synthetic"

  /// Makes a database and fills it.
  ///
  /// `overlap` is the scatter about a cluster's centre: from 1.5 on classes overlap.
  init(count: Int, leaves: Int, dimensions: Int = 32, overlap: Float = 0.25) throws {
    try self.init(
      address: TestServer.newDatabase(), count: count, leaves: leaves, dimensions: dimensions,
      overlap: overlap)
  }

  /// Fills an empty database.
  init(address: String, count: Int, leaves: Int, dimensions: Int, overlap: Float) throws {
    self.address = address
    self.count = count
    let database = try Connection(address)
    _ = try Migration.apply(to: database, folder: Self.migrations)
    survey = try Survey.add(named: Self.name, in: database)
    try survey.describe(
      Survey.Observation(title: "Made-up sky", beamMajor: 5, beamMinor: 4, pixelScale: 1.8),
      simulated: true, in: database)
    let run = try Self.run("ingest", database)
    let shapes = Shapes(count: count, leaves: leaves, dimensions: dimensions, overlap: overlap)
    try writeSources(run, database)
    let ids = try StoredSource.all(of: survey, in: database).map(\.id)
    try writeImages(shapes, ids, pixels: 64, run, database)
    try writeSpace(shapes, ids, database)
    try database.script("ANALYZE")
  }

  static var migrations: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("sql").path
  }

  static func run(_ stage: String, _ database: Connection) throws -> Int {
    try database.row(
      """
      INSERT INTO reber.run (stage, fingerprint, code_version, host, account, status, finished_at)
      VALUES (\(stage), \(stage), 'test', 'test', 'test', 'finished', clock_timestamp())
      RETURNING run_id
      """, as: Int.self)
  }

  private func writeSources(_ run: Int, _ database: Connection) throws {
    var random = RandomStream(3)
    _ = try Source.write(
      from: "synthetic", columns: [SurveyColumn(Column("note", .string))], into: survey, run: run,
      in: database
    ) { write in
      for index in 0..<count {
        let position = SkyPosition(
          ra: Double(random.uniform()) * 359, dec: Double(random.uniform(-30...60)))
        let name = "S" + String(repeating: "0", count: 6 - "\(index)".count) + "\(index)"
        let flux = Double(exp(random.uniform(-6...0)))
        let source = Source(
          name: name, position: position, totalFlux: flux, peakFlux: flux / 2, rms: 1.5e-4,
          majorAxis: Double(random.uniform(10...90)))
        let note = Value("<b>bold & made up</b>")
        try write(.source(source, cells: [note]))
      }
    }
  }

  private func writeImages(
    _ shapes: Shapes, _ ids: [Int], pixels: Int, _ run: Int, _ database: Connection
  ) throws {
    for start in stride(from: 0, to: count, by: 2000) {
      let cutouts = (start..<min(count, start + 2000)).map { index in
        Cutout(
          source: ids[index],
          pixels: ImagePixels(
            width: pixels, height: pixels, type: .float, bytes: shapes.image(index, pixels: pixels)),
          pixelScale: 1.8,
          wcs: JSON(text: #"{"CDELT1": -0.0005, "CDELT2": 0.0005, "CTYPE1": "RA---TAN"}"#),
          sha256: String(format: "%064x", index), imageSHA256: String(format: "%064x", index))
      }
      try Cutout.write(cutouts, of: survey, run: run, in: database)
    }
  }

  private func writeSpace(_ shapes: Shapes, _ ids: [Int], _ database: Connection) throws {
    let training = try Self.run("pretrain", database)
    let number = try Model.write(
      run: training, kind: .encoder, description: JSON(text: "{}"), weights: [0], sha256: "w",
      in: database)
    let model = try Model.find(.encoder, numbered: number, in: database)
    let cutouts = Dictionary(
      uniqueKeysWithValues: try database.rows(
        "SELECT source_id, cutout_id FROM reber.cutout", as: Int.self, Int.self))
    let embeddings = ids.enumerated().compactMap { index, source in
      cutouts[source].map {
        Embedding(cutout: $0, source: source, vector: shapes.vector(index))
      }
    }
    try model.beginEmbeddings(of: survey, in: database)
    try model.write(embeddings, of: survey, run: Self.run("embed", database), in: database)
    try model.finishEmbeddings(of: survey, in: database)
    _ = try Clustering.write(
      nodes: shapes.nodes(ids), members: shapes.members(ids), of: survey, model: number,
      run: Self.run("cluster", database), in: database)
    try predict(shapes, ids, cutouts, database)
  }

  private func predict(
    _ shapes: Shapes, _ ids: [Int], _ cutouts: [Int: Int], _ database: Connection
  ) throws {
    let scheme = try ClassScheme.named(ClassScheme.twelveClasses, in: database)
    let number = try Model.write(
      run: Self.run("finetune", database), kind: .classifier, description: JSON(text: "{}"),
      weights: [0], sha256: "c", in: database)
    let model = try Model.find(.classifier, numbered: number, in: database)
    let classes = scheme.classes.map { ModelClass(id: $0.id, name: $0.name, labels: 10) }
    try model.write(classes, scheme: scheme, in: database)
    let predictions = ids.enumerated().compactMap { index, source in
      cutouts[source].map {
        Prediction(source: source, cutout: $0, probabilities: shapes.probabilities(index))
      }
    }
    let run = try Self.run("classify", database)
    try Prediction.begin(run: run, in: database)
    try model.write(
      predictions, of: survey, scheme: scheme, classes: classes, run: run, in: database)
    try Prediction.finish(run: run, in: database)
  }
}

/// What the made-up sources look like: source `i` is of class `i % 12`, and leaf `l` of class
/// `l % 12`; `leaves` is a multiple of 12.
struct Shapes {
  let leaves: Int
  let vectors: Tensor

  /// The leaf whose centre is nearest to each source, and how far it is.
  let nearest: Neighbours
  let centres: Tensor

  init(count: Int, leaves: Int, dimensions: Int, overlap: Float) {
    self.leaves = leaves
    let centres = Tensor(
      shape: [leaves, dimensions],
      values: (0..<leaves).flatMap { leaf in
        var kind = RandomStream(11, leaf % 12)
        var own = RandomStream(12, leaf)
        return (0..<dimensions).map { _ in kind.normal() + 0.35 * own.normal() }
      })
    vectors = Tensor(
      shape: [count, dimensions],
      values: (0..<count).flatMap { index in
        var random = RandomStream(13, index)
        return centres.row(index % 12 + 12 * (index / 12 % (leaves / 12)))
          .map { $0 + overlap * random.normal() }
      })
    self.centres = centres
    nearest = nearestNeighbours(of: vectors, in: centres, count: 1)
  }

  func leaf(_ index: Int) -> Int { Int(nearest.indices[index]) }

  func vector(_ index: Int) -> [Float] { Array(vectors.row(index)) }

  func probabilities(_ index: Int) -> [Float] {
    var random = RandomStream(14, index)
    let sure = random.uniform(0.3...0.99)
    return (0..<12).map { $0 == index % 12 ? sure : (1 - sure) / 11 }
  }

  func members(_ ids: [Int]) -> [Clustering.Member] {
    ids.enumerated().map { index, source in
      let distance = nearest.distances.values[index]
      return Clustering.Member(
        source: source, cluster: leaf(index), distance: distance, outlierScore: distance * 2,
        isBoundary: index % 50 == 0)
    }
  }

  /// Leaves of one class join first, then the classes.
  func nodes(_ ids: [Int]) -> [Clustering.Node] {
    var sizes = [Int](repeating: 0, count: leaves)
    for index in ids.indices { sizes[leaf(index)] += 1 }
    var nodes = (0..<leaves).map {
      Clustering.Node(
        number: $0, parent: nil, height: 0, members: sizes[$0], centroid: Array(centres.row($0)),
        medoid: nil)
    }
    var open = Dictionary(grouping: 0..<leaves) { $0 % 12 }.sorted { $0.key < $1.key }.map(\.value)
    var height: Float = 0.1
    func join(_ a: Int, _ b: Int) -> Int {
      height += 0.01
      let union = nodes.count
      nodes[a].parent = union
      nodes[b].parent = union
      nodes.append(
        Clustering.Node(
          number: union, parent: nil, height: height, members: nodes[a].members + nodes[b].members,
          centroid: nodes[a].centroid, medoid: nil))
      return union
    }
    for kind in open.indices {
      while open[kind].count > 1 {
        open[kind].append(join(open[kind].removeFirst(), open[kind].removeFirst()))
      }
    }
    var tops = open.compactMap(\.first)
    while tops.count > 1 { tops.append(join(tops.removeFirst(), tops.removeFirst())) }
    return nodes
  }

  /// Noise, and two lobes whose distance, brightness and bend follow from the class.
  func image(_ index: Int, pixels: Int) -> [UInt8] {
    var random = RandomStream(16, index)
    let kind = Float(index % 12)
    let angle = random.uniform(0...(2 * .pi))
    let size = Float(pixels)
    let apart = size * (0.04 + 0.02 * kind)
    let bend = (kind > 6 ? 0.5 : 0) * apart
    let centres = [-1, 0, 1].map { side -> (Float, Float, Float) in
      let (x, y) = (Float(side) * apart, side == 0 ? bend * 0.6 : -bend * 0.3)
      return (
        size / 2 + x * cos(angle) - y * sin(angle), size / 2 + x * sin(angle) + y * cos(angle),
        side == 0 ? (index % 3 == 0 ? 1 : 0.3) : 0.8
      )
    }
    let width = 2 * pow(size * (0.03 + 0.004 * kind), 2)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(pixels * pixels * 4)
    for y in 0..<pixels {
      for x in 0..<pixels {
        // Two uniform numbers are near enough to a normal one, and quicker.
        var value = (random.uniform() + random.uniform() - 1) * 4e-4
        for (cx, cy, peak) in centres {
          let square = (Float(x) - cx) * (Float(x) - cx) + (Float(y) - cy) * (Float(y) - cy)
          if square < width * 8 { value += peak * 0.01 * exp(-square / width) }
        }
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
      }
    }
    return bytes
  }
}
