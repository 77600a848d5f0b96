public import Catalogue
import Morphology
import NeuralNetwork
import PostgreSQL
import Tensor

/// Places every image of a survey in the space that an encoder learned.
public struct EmbedStage: Codable, Sendable {
  /// The survey.
  public var survey: String

  /// The encoder; the newest where it is `nil`.
  public var model: Int?

  /// Images read, computed and written together.
  public var batch = 256

  /// Describes an embedding of a survey by the newest encoder.
  public init(survey: String) {
    self.survey = survey
  }

  /// What embedding did.
  public struct Metrics: Codable, Sendable {
    /// The encoder.
    public var model: Int
    /// Images that have an embedding now.
    public var embeddings: Int
    /// Of those, the ones made by this run.
    public var added: Int
    /// Numbers in an embedding.
    public var dimensions: Int
  }
}
