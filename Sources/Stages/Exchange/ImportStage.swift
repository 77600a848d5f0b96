public import Catalogue
import Digest
import Files
import Foundation
import Morphology
import NeuralNetwork
import PostgreSQL
import Tensor

/// Takes a residual network that another program saved, as an encoder to begin learning from.
public struct ImportStage: Stage, Stored {
  public static let name = StageName.modelImport

  /// The file: safetensors by torchvision's names.
  public var file: String

  /// What the model is called.
  public var model: String

  /// A `model.json` that says which views it wants; the usual ones where it is `nil`.
  public var views: String?

  /// Where it comes from, for whoever asks later.
  public var source: String?

  /// The stride of the first convolution; as the views' file says, or the usual one, where it is `nil`.
  public var stemStride: Int?

  /// Describes the import of a file under a name.
  public init(_ file: String, as model: String) { (self.file, self.model) = (file, model) }

  /// All but the files' places: their digests count.
  private enum CodingKeys: CodingKey { case model, source, stemStride }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init("", as: try values.decode(String.self, forKey: .model))
    source = try values.decodeIfPresent(String.self, forKey: .source)
    stemStride = try values.decodeIfPresent(Int.self, forKey: .stemStride)
  }

  /// What was taken in.
  public struct Metrics: Stored {
    /// The encoder.
    public var model: Int
    /// What it is called.
    public var name: String
    /// Numbers in an embedding.
    public var dimensions: Int
    /// Channels that the first convolution had, whose weights were added up.
    public var channels: Int
    /// Tensors of the file that an encoder has no place for.
    public var leftOut: [String]
  }

  /// Reads the file and says what becomes of it.
  ///
  /// - Throws: `FileError` for a network that Reber's encoder cannot hold; `CatalogueError.badName`, or
  ///   `CatalogueError.taken` where another model has the name.
  public func plan(in place: Workplace) async throws -> Plan<Metrics> {
    var inputs = [try fileInput(file, role: "weights")]
    if let views { inputs.append(try fileInput(views, role: "views")) }
    let wanted = try WantedViews.read(views)
    var shape = wanted.architecture ?? Architecture()
    if let stemStride { shape.stemStride = stemStride }
    let network = try ForeignEncoder(
      [UInt8](Data(contentsOf: URL(fileURLWithPath: file))), path: file,
      like: shape,
      size: wanted.preprocessing.size, on: place.engine)
    let model = NewModel(.encoder, name: self.model, parent: nil, weights: network.state)
    let work = try work(self, inputs: inputs)
    try await place.database.with { try checkName(for: work, again: place.again, in: $0) }
    let description = ModelDescription(
      architecture: network.architecture, preprocessing: wanted.preprocessing, scale: wanted.scale)
    var plan = Plan(work) { run in
      { database in
        Metrics(
          model: try model.store(description, run: run, in: database), name: self.model,
          dimensions: network.architecture.embeddingDimension, channels: network.channels,
          leftOut: network.leftOut)
      }
    }
    plan.notes = network.notes
    return plan
  }

  /// Refuses a name that it cannot get: a model has it, unless that is this import, done before.
  private func checkName(for work: Work, again: Bool, in database: Connection) throws {
    let run = try Catalogue.Model.run(ofNamed: model, in: database)
    if let run, !again, try Run.numbered(run, isOf: work, in: database) { return }
    try Catalogue.Model.checkFree(model, in: database)
  }
}

extension ForeignEncoder {
  /// What a person should know of it.
  fileprivate var notes: [String] {
    [
      channels > 1
        ? "the weights of \(channels) channels are added up: it sees grey images as it saw them in all channels"
        : nil,
      leftOut.isEmpty
        ? nil
        : "\(leftOut.joined(separator: ", ")) left out: an encoder has no classes",
    ].compactMap { $0 }
  }
}
