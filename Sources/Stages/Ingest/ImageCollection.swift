import Astronomy
import Catalogue
import PostgreSQL

/// Images that come without a catalogue: each is a source, named by its file.
struct ImageCollection {
  /// The sources, one for each image that could be opened, with their cells.
  private(set) var sources: [(source: Source, cells: [Value])] = []

  /// Why the first image that could not be opened could not.
  private(set) var firstReason: String?

  /// The columns of such a survey's own table.
  static let columns = [
    SurveyColumn(
      Column("file", .string, ucd: "meta.file", description: "the image's file"),
      mappedTo: ColumnMapping.Part.image.rawValue),
    SurveyColumn(Column("object", .string, description: "OBJECT in the image's header")),
  ]

  init(_ files: [ImageFile], progress: any ProgressDisplay) {
    let names = Self.names(of: files)
    for (index, file) in files.enumerated() {
      do {
        sources.append(try Self.source(file, named: names[index]))
      } catch {
        firstReason = firstReason ?? IngestError.reason("\(error)", of: file.path)
      }
      progress.update("looking at images", done: index + 1, of: files.count)
    }
  }

  private static func source(
    _ file: ImageFile, named name: String
  ) throws -> (source: Source, cells: [Value]) {
    let header = try OpenImage(file).header
    return (
      Source(name: name, position: header.centre), [Value(file.place), Value(header.object ?? "")]
    )
  }

  /// The shortest names that tell the files apart: without folder and ending, without ending, or
  /// whole.
  private static func names(of files: [ImageFile]) -> [String] {
    func counts(_ text: (ImageFile) -> String) -> [String: Int] {
      files.reduce(into: [:]) { $0[text($1), default: 0] += 1 }
    }
    let (stems, places) = (counts(\.stem), counts(\.placeWithoutExtension))
    return files.map { file in
      if stems[file.stem] == 1 { return file.stem }
      return places[file.placeWithoutExtension] == 1 ? file.placeWithoutExtension : file.place
    }
  }
}
