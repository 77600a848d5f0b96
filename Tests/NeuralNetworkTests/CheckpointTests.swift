import Foundation
import NeuralNetwork
import References
import Tensor
import Testing

@Suite("Checkpoints")
struct CheckpointTests {
  private let tensors = [
    "b": Tensor(shape: [2, 3], values: [1, -2, 3.5, .infinity, 0, 1e-38]),
    "a \"quoted\" é": Tensor(shape: [1], values: [7]), "none": Tensor([0, 4]),
  ]

  @Test("What is written is read again, the same bytes every time")
  func roundTrip() throws {
    let bytes = encodeSafetensors(tensors, metadata: ["step": "12", "by": "Reber"])
    #expect(bytes == encodeSafetensors(tensors, metadata: ["by": "Reber", "step": "12"]))
    let (read, metadata) = try decodeSafetensors(bytes)
    #expect(read == tensors)
    #expect(metadata == ["step": "12", "by": "Reber"])
    #expect(try decodeSafetensors(encodeSafetensors([:])).tensors.isEmpty)
  }

  @Test("A file by Python is read, with its metadata")
  func python() throws {
    #expect(try golden()["head.y"]?.shape == [7, 4])
  }

  @Test("A truncated file is refused at every length")
  func truncated() throws {
    let bytes = encodeSafetensors(tensors)
    for length in 0..<bytes.count {
      #expect(throws: NetworkError.self) { try decodeSafetensors(Array(bytes.prefix(length))) }
    }
    #expect(throws: NetworkError.self) { try decodeSafetensors(bytes + [0]) }
  }

  @Test(
    "A header that lies is refused",
    arguments: [
      #"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,8]}}"#,
      #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
      #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#,
      #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#,
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[9223372036854775803,9223372036854775807]}}"#,
      #"{"a":{"dtype":"F32"}}"#, "nothing", String(repeating: "[", count: 100_000),
    ])
  func lies(_ header: String) {
    var bytes: [UInt8] = []
    withUnsafeBytes(of: UInt64(header.utf8.count)) { bytes.append(contentsOf: $0) }
    bytes += Array(header.utf8) + [UInt8](repeating: 0, count: 8)
    #expect(throws: NetworkError.self) { try decodeSafetensors(bytes) }
  }
}
