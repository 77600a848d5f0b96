package import NeuralNetwork
import PostgreSQL
package import Stages
import TestSupport

/// The usual engine, as it were on another processor: what it says of bfloat16 is made up, and it computes in float32
/// whatever it is asked.
package struct OtherProcessor: Engine {
  private let usual = Workplace.usualEngine

  /// How it says that it computes in bfloat16; `nil` where it does not.
  let bfloat16: String?

  /// Of the processor's bfloat16, what it is to say.
  package init(bfloat16: String?) { self.bfloat16 = bfloat16 }

  package var kernels: String { usual.kernels + (bfloat16 ?? "") }

  package var fastest: Precision { bfloat16 == nil ? .float32 : .bfloat16 }

  package func way(of precision: Precision) -> String {
    precision == .bfloat16 ? bfloat16 ?? "none" : usual.way(of: precision)
  }

  package func check(_ precision: Precision) throws {
    guard precision == .float32 || bfloat16 != nil else {
      throw NetworkError.noInstructions(precision.rawValue)
    }
  }

  package func encoder(
    _ architecture: Architecture, precision: Precision, seed: UInt64
  ) throws -> any Encoder {
    try check(precision)
    return try usual.encoder(architecture, precision: .float32, seed: seed)
  }
}

extension SyntheticSurvey {
  /// Another machine that works on the survey.
  package func machine(
    bfloat16: String?, sharing: Sharing = Sharing(), stop: StopRequest = StopRequest()
  ) async throws -> Workplace {
    Workplace(
      database: try await Database(address), user: workplace.user, progress: Silence(),
      sharing: sharing, stop: stop, engine: OtherProcessor(bfloat16: bfloat16))
  }
}
