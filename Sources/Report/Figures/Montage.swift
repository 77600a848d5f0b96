import Catalogue
import Foundation
import Morphology
import PNG
import Tensor

/// The surest and the most doubtful sources that were said to be of a class.
struct ClassMontage: Sendable {
  /// What they were said to be.
  var className: String

  /// Judged sources that were said to be so.
  var sources: Int

  /// The most probable ones, the most probable first.
  var surest: [JudgedSource]

  /// The least probable ones, the least probable first; none that is among the surest.
  var doubtful: [JudgedSource]

  /// A montage of at most `count` surest and as many doubtful ones for every class.
  static func all(
    of judged: [JudgedSource], classes: [String], count: Int
  ) -> [ClassMontage] {
    let byClass = Dictionary(grouping: judged, by: \.predicted)
    return classes.map { name in
      let ordered = (byClass[name] ?? []).sorted {
        ($1.probability, $0.id) < ($0.probability, $1.id)
      }
      return ClassMontage(
        className: name, sources: ordered.count, surest: Array(ordered.prefix(count)),
        doubtful: ordered.dropFirst(count).suffix(count).reversed())
    }
  }

  /// All that it shows.
  var shown: [JudgedSource] { surest + doubtful }
}

extension Prepared {
  /// The source as the network sees it unturned, dark on white, as the content of a PNG file.
  ///
  /// Images are stored from the bottom row up, PNG files hold them from the top row down.
  func picture() throws -> [UInt8] {
    let view = plain()
    let side = view.rows
    let pixels = (0..<side).reversed().flatMap { row in
      view.row(row).map { 255 - UInt8(max(0, min(255, ($0 * 255).rounded()))) }
    }
    return try PNGImage.encode(grey: pixels, width: side, height: side)
  }
}

/// The content of a PNG file as an address that holds it.
func dataAddress(png: [UInt8]) -> String {
  "data:image/png;base64," + Data(png).base64EncodedString()
}
