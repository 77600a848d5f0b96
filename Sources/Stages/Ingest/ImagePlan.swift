/// What is to be done with the images of an ingest.
struct ImagePlan: Sendable {
  /// Images that are taken whole, each for one source.
  var whole: [Whole] = []

  /// Sources that are cut out of mosaics.
  var cuts: [Cut] = []

  /// Images that cannot serve, with the reason.
  var rejected: [SetAside] = []

  /// What was decided for how many images.
  var decisions = ImageDecisions()

  /// What a person should know of what was decided.
  var notes: [String] = []

  /// An image and the source it shows.
  struct Whole: Sendable, Equatable {
    /// The place of the file in the list of files.
    var file: Int
    /// The place of the source in the list of sources.
    var source: Int
  }

  /// The cuts, image by image and from the bottom of each.
  var cutsInOrder: [Cut] {
    cuts.sorted {
      let (one, other) = ($0.views[0], $1.views[0])
      return (one.file, one.y) < (other.file, other.y)
    }
  }

  /// A source and the mosaics that show it, the one where it lies farthest from the edge first.
  struct Cut: Sendable {
    /// The place of the source in the list of sources.
    var source: Int
    var views: [View]
  }

  /// A source on a mosaic.
  struct View: Sendable, Equatable {
    /// The place of the file in the list of files.
    var file: Int
    /// The source's pixel, counted from 0.
    var x: Double
    var y: Double
    /// Side of the cutout, pixels.
    var side: Int
    /// Distance to the nearest edge, arcsec.
    var margin: Double
  }

  /// An image that was set aside.
  struct SetAside: Codable, Sendable {
    var path: String
    /// The source it was for, where it is known.
    var source: String?
    var reason: String
  }
}

/// What was decided for how many images.
public struct ImageDecisions: Codable, Sendable, Equatable {
  /// Taken whole, since a source is named like them or names them.
  public var byName: Int
  /// Taken whole, since a source lies at their centre.
  public var byPosition: Int
  /// Cut at the sources' positions.
  public var mosaics: Int

  /// Counts decisions.
  public init(byName: Int = 0, byPosition: Int = 0, mosaics: Int = 0) {
    self.byName = byName
    self.byPosition = byPosition
    self.mosaics = mosaics
  }
}

extension ImageDecisions {
  /// The decisions in words.
  func words(_ cutting: Ingest.Cutting) -> String {
    var parts: [String] = []
    if byName > 0 { parts.append("\(byName) taken whole, matched by name") }
    if byPosition > 0 { parts.append("\(byPosition) taken whole, matched by position") }
    if mosaics > 0 { parts.append("\(mosaics) cut at the sources' positions as mosaics") }
    if parts.isEmpty { return "images: none serves" }
    let reason = cutting.takenAs == nil ? "; --as cutouts or --as mosaics overrides this" : ""
    return "images: " + parts.joined(separator: ", ") + reason
  }
}
