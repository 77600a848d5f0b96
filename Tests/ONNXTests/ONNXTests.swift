import Foundation
import NeuralNetwork
import ONNX
import References
import Tensor
import TestSupport
import Testing
import WinogradEngine

/// Networks as ONNX, run by the engine of another author: `tools/install --test` brings it.
@Suite("ONNX") struct ONNXTests {
  private static let classes = 3

  /// Runs the model of a folder over its images; what comes of it goes into files named like the outputs.
  private static let script = """
    import sys, numpy, onnxruntime
    folder, size = sys.argv[1], int(sys.argv[2])
    images = numpy.fromfile(folder + "/images", "<f4").reshape(-1, 1, size, size)
    session = onnxruntime.InferenceSession(
        folder + "/model.onnx", providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == ["n", 1, size, size], session.get_inputs()[0].shape
    for output, values in zip(session.get_outputs(), session.run(None, {"images": images})):
        assert values.shape == (len(images), output.shape[1]), (values.shape, output.shape)
        values.astype("<f4").tofile(folder + "/" + output.name)
    print(session.get_modelmeta().custom_metadata_map["key"])
    """

  private func architecture(blocks: [Int], stride: Int, size: Int) -> Architecture {
    var architecture = Architecture()
    (architecture.blocks, architecture.stemStride) = (blocks, stride)
    (architecture.inputSize, architecture.width) = (size, 16)
    return architecture
  }

  /// An encoder whose running statistics are those of images that it adapted to, a classifier's head, and images.
  private func network(_ architecture: Architecture) throws -> (any Encoder, Tensor, Tensor) {
    let size = architecture.inputSize
    let images = wave([5, size, size, 1], 1)
    var encoder = try WinogradEngine().encoder(architecture, precision: .float32, seed: 3)
    for _ in 0..<20 { _ = encoder.adapt(to: images) }
    return (encoder, wave([Self.classes, architecture.embeddingDimension], 2), images)
  }

  @Test(
    "onnxruntime computes what the engine does, to 1e-5", .enabled(if: Validator.onnxruntime),
    arguments: [([1, 2], 1, 17, false), ([2, 2, 2, 2], 2, 32, true)],
    [(nil, nil), (Architecture.Stem.photograph, nil), (nil, Architecture.Pooling.meanAndLargest)]
      as [(Architecture.Stem?, Architecture.Pooling?)])
  func runsElsewhere(
    _ form: (blocks: [Int], stride: Int, size: Int, areTags: Bool),
    ends: (stem: Architecture.Stem?, pooling: Architecture.Pooling?)
  ) throws {
    let (size, areTags) = (form.size, form.areTags)
    var shape = architecture(blocks: form.blocks, stride: form.stride, size: size)
    (shape.stem, shape.pooling) = ends
    let (encoder, head, images) = try network(shape)
    let folder = FileManager.default.temporaryDirectory.appending(path: "onnx-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var weights = encoder.state
    weights["fc.weight"] = head
    weights["fc.bias"] = wave([Self.classes], 3)
    let file = try encodeONNX(
      shape, weights: weights, probabilities: .init(temperature: 0.7, areTags: areTags),
      metadata: ["key": "a text — in UTF-8"])
    try Data(file).write(to: folder.appending(path: "model.onnx"))
    try images.values.withUnsafeBytes {
      try Data($0).write(to: folder.appending(path: "images"))
    }
    let run = try #require(
      Validator.run(Validator.wheels, ["-c", Self.script, folder.path, "\(size)"]))
    #expect(run.status == 0 && run.output.contains("a text — in UTF-8"), "\(run.output)")
    let embedding = encoder.embed(images)
    #expect(try error(floats(folder, "embedding", embedding.shape), embedding) < 1e-5)
    let bias = try #require(weights["fc.bias"])
    let expected = probabilities(embedding, head, bias, temperature: 0.7, areTags: areTags)
    #expect(try error(floats(folder, "probabilities", expected.shape), expected) < 1e-5)
  }

  private func floats(_ folder: URL, _ name: String, _ shape: [Int]) throws -> Tensor {
    let bytes = try Data(contentsOf: folder.appending(path: name))
    try #require(bytes.count == 4 * shape.reduce(1, *))
    return Tensor(shape: shape) { target in
      _ = bytes.copyBytes(to: UnsafeMutableRawBufferPointer(target))
    }
  }

  /// In double precision, by the formulas.
  private func probabilities(
    _ embedding: Tensor, _ head: Tensor, _ bias: Tensor, temperature: Double, areTags: Bool
  ) -> Tensor {
    let rows = (0..<embedding.rows).flatMap { row in
      let logits = (0..<head.rows).map { output in
        let product = zip(embedding.row(row), head.row(output)).reduce(Double(bias.values[output]))
        { $0 + Double($1.0) * Double($1.1) }
        return product / temperature
      }
      let powers = logits.map { exp($0 - (logits.max() ?? 0)) }
      return areTags ? logits.map { 1 / (1 + exp(-$0)) } : powers.map { $0 / powers.reduce(0, +) }
    }
    return Tensor(shape: [embedding.rows, head.rows], values: rows.map { Float($0) })
  }

  @Test("The same network gives the same bytes, and one that lacks a tensor is refused")
  func sameBytes() throws {
    let shape = architecture(blocks: [1, 1], stride: 2, size: 16)
    let (encoder, _, _) = try network(shape)
    let file = try encodeONNX(shape, weights: encoder.state, probabilities: nil)
    #expect(try encodeONNX(shape, weights: encoder.state, probabilities: nil) == file)
    var weights = encoder.state
    weights["layer2.0.bn2.bias"] = nil
    #expect(throws: NetworkError.missingTensor("layer2.0.bn2.bias")) {
      try encodeONNX(shape, weights: weights, probabilities: nil)
    }
  }
}
