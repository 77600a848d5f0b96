import Foundation

/// A file that holds an image.
struct ImageFile: Sendable, Hashable {
  /// Where it is.
  let path: String

  /// Where it lies within the folder that was given, its name alone where a file was given.
  let place: String

  /// The file's name without the extension of its format.
  var stem: String { Self.stem(of: place) }

  /// The place without the extension of its format.
  var placeWithoutExtension: String { Self.withoutExtension(place) }

  /// A pixel as catalogues count it, counted from 0 and from the bottom row.
  func pixel(_ said: (x: Double, y: Double), ofHeight height: Int) -> (x: Double, y: Double) {
    isPNG ? (said.x, Double(height) - 1 - said.y) : (said.x - 1, said.y - 1)
  }

  var isPNG: Bool { path.lowercased().hasSuffix(".png") }

  /// The endings of image files, the longer of two before the shorter.
  private static let endings =
    [".gz", ".bz2", ".fz", ""].flatMap { packed in
      [".fits", ".fit", ".fts"].map { $0 + packed }
    } + [".fz", ".png"]

  static func stem(of path: String) -> String {
    String(withoutExtension(path).split(separator: "/").last ?? "")
  }

  static func withoutExtension(_ path: String) -> String {
    let lower = path.lowercased()
    guard let ending = endings.first(where: lower.hasSuffix) else { return path }
    return String(path.dropLast(ending.count))
  }

  private static func isImage(_ path: String) -> Bool {
    let lower = path.lowercased()
    return endings.contains(where: lower.hasSuffix)
  }
}

extension ImageFile {
  /// The images that paths name: files, and whatever lies in folders, in the order of their paths.
  ///
  /// The catalogue is no image although it may lie among them.
  static func all(in paths: [String], except catalogue: String?) throws -> [ImageFile] {
    var seen: Set<String> = []
    if let catalogue { seen.insert(standard(catalogue)) }
    var files: [ImageFile] = []
    for path in paths {
      for file in try found(at: path) where seen.insert(standard(file.path)).inserted {
        files.append(file)
      }
    }
    return files
  }

  private static func found(at path: String) throws -> [ImageFile] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw IngestError.notFound(path)
    }
    guard isFolder.boolValue else {
      return [ImageFile(path: path, place: String(path.split(separator: "/").last ?? ""))]
    }
    var seen: Set<String> = []
    let images = places(in: path, &seen).filter(isImage).sorted().map {
      ImageFile(path: path.hasSuffix("/") ? path + $0 : path + "/" + $0, place: $0)
    }
    guard !images.isEmpty else { throw IngestError.noImages(folder: path) }
    return images
  }

  /// What lies in a folder and the folders in it; links are followed, each folder is looked into once.
  private static func places(in folder: String, _ seen: inout Set<String>) -> [String] {
    guard seen.insert(standard(folder)).inserted else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    var places: [String] = []
    for name in names {
      var isFolder: ObjCBool = false
      let path = folder + "/" + name
      _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      places += isFolder.boolValue ? self.places(in: path, &seen).map { name + "/" + $0 } : [name]
    }
    return places
  }

  private static func standard(_ path: String) -> String {
    URL(fileURLWithPath: path).resolvingSymlinksInPath().path
  }
}
