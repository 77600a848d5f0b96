import Dispatch
import Foundation
import NeuralNetwork
import References
import Synchronization
import Tensor
import Testing

@testable import WinogradEngine

@Suite("The encoder as a value")
struct EncoderTests {
  private func encoder(width: Int = 8) -> ResidualEncoder {
    var architecture = Architecture()
    (architecture.width, architecture.blocks) = (width, [1, 1])
    return ResidualEncoder(architecture, seed: 5)
  }

  @Test("Copies learn apart")
  func copies() {
    var first = encoder()
    let images = wave([4, 16, 16, 1], 1)
    let embedding = first.forward(images)
    first.backward(wave(embedding.shape, 2))
    let gradients = gradients(of: &first)
    var second = first
    _ = second.forward(wave([3, 8, 8, 1], 3))
    second.backward(wave([3, 16], 2))
    #expect(self.gradients(of: &first) == gradients)
    #expect(self.gradients(of: &second) != gradients)
  }

  private func gradients(of encoder: inout ResidualEncoder) -> [Tensor] {
    var gradients: [Tensor] = []
    encoder.visit { gradients.append($1.gradient) }
    return gradients
  }

  @Test("The same step twice gives the same bytes")
  func reproducible() {
    let images = wave([40, 24, 24, 1], 1)
    let results = (0..<2).map { _ in
      var encoder = encoder(width: 16)
      let embedding = encoder.forward(images)
      encoder.backward(wave(embedding.shape, 2))
      return [embedding] + gradients(of: &encoder)
    }
    #expect(results[0] == results[1])
  }

  @Test("Maps that are computed again change no bit, and take less memory")
  func recomputed() {
    let images = wave([48, 24, 24, 1], 1)
    var memory: [Int] = []
    let results = [false, true].map { recomputes in
      var encoder = encoder(width: 16)
      encoder.recomputesMaps = recomputes
      var embeddings: [Tensor] = []
      for step in 0..<2 {
        embeddings.append(encoder.forward(images))
        encoder.backward(wave(embeddings[step].shape, 2))
      }
      memory.append(encoder.memory.byteCount)
      let state = encoder.state
      return embeddings + gradients(of: &encoder) + state.keys.sorted().compactMap { state[$0] }
    }
    #expect(results[0] == results[1])
    #expect(memory[1] < memory[0])
  }

  @Test("Embedding runs in many tasks at once, and does not depend on the batch")
  func threads() {
    let encoder = encoder()
    let images = wave([19, 16, 16, 1], 1)
    let alone = encoder.embed(images)
    let agree = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 8) { index in
      let rows = index..<19
      if encoder.embed(images.rows(at: rows)) == alone.rows(at: rows) {
        agree.withLock { $0 += 1 }
      }
    }
    #expect(agree.withLock { $0 } == 8)
    #expect(encoder.embed(Tensor([0, 16, 16, 1])).shape == [0, 16])
  }

  @Test("A second step of the same size takes no more memory, copied or not in between")
  func steadyMemory() {
    var encoder = encoder(width: 16)
    let images = wave([4, 16, 16, 1], 1)
    var bytes: [Int] = []
    for _ in 0..<3 {
      encoder.backward(wave(encoder.forward(images).shape, 2))
      let copy = encoder
      bytes.append(copy.memory.byteCount)
    }
    #expect(bytes[0] > 4 * 4 * 256 * 16 && bytes[1] == bytes[0] && bytes[2] == bytes[0])
  }

  @Test("The default has the shape of ResNet-18")
  func shape() {
    var architecture = Architecture()
    architecture.width = 16
    var encoder = ResidualEncoder(architecture, seed: 1)
    var weights = 0
    encoder.visit { weights += $1.value.values.count }
    // torchvision's resnet18 without its classifier and stem, at a quarter of its width, with a 3×3
    // stem of one channel; 9600 of its numbers belong to normalisation.
    #expect(weights == (11_689_512 - 513_000 - 9_408 - 9_600) / 16 + 9_600 / 4 + 16 * 9)
    #expect(architecture.embeddingDimension == 128)
  }

  @Test("A state that does not fit is refused by name, and nothing changes")
  func refusals() throws {
    var architecture = Architecture()
    (architecture.width, architecture.blocks) = (4, [1])
    var encoder = ResidualEncoder(architecture, seed: 1)
    let before = encoder.state
    var state = ResidualEncoder(architecture, seed: 2).state
    state["bn1.bias"] = nil
    #expect(throws: NetworkError.missingTensor("bn1.bias")) { try encoder.load(state) }
    state["bn1.bias"] = Tensor([5])
    #expect(throws: NetworkError.wrongShape("bn1.bias", expected: [4], found: [5])) {
      try encoder.load(state)
    }
    state["bn1.bias"] = Tensor([4])
    state["fc.weight"] = Tensor([4])
    #expect(throws: NetworkError.unknownTensor("fc.weight")) { try encoder.load(state) }
    #expect(encoder.state == before)
    var moments = Moments(Optimiser(.adam))
    #expect(throws: NetworkError.unknownTensor("momentum.a")) {
      try moments.load(["momentum.a": Tensor([1])])
    }
  }
}
