import Catalogue
import Files
import Foundation
import Morphology
import NeuralNetwork
import Yams

/// Which views an imported model wants: what is read of a `model.json`.
struct WantedViews: Codable {
  /// How cutouts become views.
  var preprocessing: Preprocessing
  /// The network's shape, of which the weights tell all but the stride of the first convolution.
  var architecture: Architecture?
  /// The sky shown by the images that taught the model.
  var scale: AngularScale?

  /// Those of a file, or the usual ones where none is given.
  ///
  /// - Throws: `FileError`, which says which member is missing or unknown.
  static func read(_ path: String?) throws -> WantedViews {
    guard let path else { return WantedViews(preprocessing: Preprocessing()) }
    do {
      // JSON is YAML.
      let file = try YAMLFile(path)
      if let node = file.content["preprocessing"] {
        try YAMLFile.check(node, has: Preprocessing.members, in: "'preprocessing'")
      }
      return try file.decode(as: WantedViews.self)
    } catch let error as FileError {
      throw error
    } catch {
      throw FileError(
        path, "it does not say which views the model wants: \(error)",
        advice: "Give the model.json that 'reber model export' writes")
    }
  }
}

extension Preprocessing {
  /// The names of its members.
  fileprivate static var members: [String] {
    get throws {
      var all = Preprocessing()
      (all.fieldOfView, all.beam) = (1, 1)
      all.framing = Framing(sizeFactor: 1, least: 1, most: 1, usual: 1)
      let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(all))
      return (object as? [String: Any]).map { Array($0.keys) } ?? []
    }
  }
}
