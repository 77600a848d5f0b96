public import Failures

/// Why a network or saved weights cannot be used.
public enum NetworkError: Failure, Equatable {
  /// The saved state lacks a tensor of this name.
  case missingTensor(String)

  /// The saved state has a tensor that the network has not.
  case unknownTensor(String)

  /// The saved tensor has another shape than the network's.
  case wrongShape(String, expected: [Int], found: [Int])

  /// The bytes are not a checkpoint, or an incomplete one.
  case badCheckpoint(String)

  /// The architecture cannot be.
  case badArchitecture(String)

  /// The processor has no instructions for numbers of this precision.
  case noInstructions(String)

  public var exitStatus: ExitStatus { .badInput }

  public var description: String {
    switch self {
    case .missingTensor(let name):
      "the saved state has no tensor '\(name)': it belongs to another architecture"
    case .unknownTensor(let name):
      "the saved state has a tensor '\(name)' that the network has not: it belongs to another "
        + "architecture"
    case .wrongShape(let name, let expected, let found):
      "the saved tensor '\(name)' has shape \(found), but the network's has \(expected): it belongs "
        + "to another architecture"
    case .badArchitecture(let reason):
      "the network's architecture cannot be: \(reason)"
    case .noInstructions(let precision):
      "this processor has no instructions for \(precision) (AVX512_BF16): compute in float32, or on "
        + "another machine"
    case .badCheckpoint(let reason):
      "not a safetensors checkpoint: \(reason)"
    }
  }
}
