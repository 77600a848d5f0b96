import Astronomy
import Catalogue
import Foundation
import Hummingbird
import PostgreSQL

extension Site {
  func sourcePage(_ request: Request, _ context: PageContext) async throws -> Response {
    let annotation = try await annotation(context)
    let survey = annotation.survey
    let name = try context.part("source")
    let fields = request.fields
    let (detail, image, lineage) = try await pool.with { database in
      let work = try survey.newestWork(in: database)
      let detail = try survey.detail(
        of: name, scheme: annotation.scheme, work: work, in: database)
      let image = try detail.cutout.flatMap { try survey.cutouts([$0.cutout], in: database).first }
      let lineage =
        detail.probabilities.isEmpty
        ? nil : try Lineage.of(source: name, in: survey, database: database)
      return (detail, image, lineage)
    }
    let alike = try await space(of: survey)?.ranking(like: [detail.source.id]).prefix(12) ?? []
    let neighbours = try await pool.with {
      try annotation.cells(of: alike.map(\.source), in: $0)
    }
    let look = Look(fields)
    let view = MontageView(
      neighbours, survey: survey, columns: 12, look: look, isChoice: false,
      captions: alike.map { String(format: "%.3f", $0.cosine) })
    return try page(
      "source", name, in: .browse, of: survey, context,
      SourceContent(
        detail, image, lineage, neighbours: alike.isEmpty ? nil : view, annotation, look,
        showsContours: fields["contours"] != "0"))
  }
}

private struct SourceContent {
  var name: String
  var designation: String?
  var picture: String?
  var overlay: Overlay?
  var looks: LookForm
  var contours: Bool
  var facts: [Fact]
  var attributes: [Fact]
  var labels: [Said]
  var probabilities: [Bar]
  var neighbours: MontageView?
  var lineage: Line?
  var single: String
  var cluster: String?
  var clusterNumber: Int?
  var sky: String?

  struct Fact {
    var name: String
    var value: String
  }

  struct Said {
    var annotator: String
    var className: String?
    var at: String
    var method: String
    var comment: String?
  }

  struct Bar {
    var name: String
    var swatch: Int
    var value: String
    var width: Int
  }

  struct Line {
    var steps: [Step]
    var labels: [Fact]
    var models: [Fact]
    var image: [Fact]

    struct Step {
      var run: Int
      var stage: String
      var role: String
      var detail: String
    }
  }

  init(
    _ detail: SourceDetail, _ image: StoredCutout?, _ lineage: Lineage?,
    neighbours: MontageView?, _ annotation: Annotation, _ look: Look, showsContours: Bool
  ) {
    let base = "/" + percentEncoded(annotation.survey.name)
    name = detail.source.name
    designation = detail.designation == name ? nil : detail.designation
    picture = detail.cutout.map { "\(base)/cutouts/\($0.cutout)?size=600&\(look.query)" }
    overlay = image.map {
      Overlay(
        $0, wcs: detail.cutout?.wcs, beam: annotation.survey.observation, zoom: look.zoom,
        showsContours: showsContours)
    }
    looks = LookForm(look, action: "\(base)/sources/\(percentEncoded(name))")
    contours = showsContours
    facts = Self.facts(detail)
    attributes = detail.attributes.map { Fact(name: $0.name, value: $0.value) }
    labels = detail.labels.map {
      Said(
        annotator: $0.annotator, className: $0.className, at: $0.at, method: $0.method,
        comment: $0.comment)
    }
    probabilities = detail.probabilities.map {
      Bar(
        name: $0.className, swatch: Int($0.classID),
        value: String(format: "%.3f", $0.probability),
        width: Int(($0.probability * 100).rounded()))
    }
    self.neighbours = neighbours
    self.lineage = lineage.map(Line.init)
    single = "\(base)/single?source=\(percentEncoded(name))"
    clusterNumber = detail.cluster
    cluster = detail.cluster.map { "\(base)/label/\($0)" }
    sky = detail.source.position.map {
      String(format: "https://sky.esa.int/esasky/?target=%.6f%%20%.6f&fov=0.1", $0.ra, $0.dec)
    }
  }

  private static func facts(_ detail: SourceDetail) -> [Fact] {
    let values: [(String, String?)] = [
      ("RA (ICRS)", detail.source.position.map { String(format: "%.6f°", $0.ra) }),
      ("Dec (ICRS)", detail.source.position.map { String(format: "%+.6f°", $0.dec) }),
      ("Total flux", detail.totalFlux.map { formatted($0 * 1000) + " mJy" }),
      ("Peak flux", detail.peakFlux.map { formatted($0 * 1000) + " mJy/beam" }),
      ("Local noise", detail.rms.map { formatted($0 * 1000) + " mJy/beam" }),
      ("Largest angular size", detail.source.majorAxis.map { formatted($0) + "″" }),
      ("Outlier score", detail.outlierScore.map { formatted(Double($0)) }),
      ("Image", detail.cutout.map { "\($0.width) × \($0.height) pixels" }),
      (
        "Beyond the image's edge",
        detail.cutout.flatMap { $0.offImage > 0 ? percent(Int($0.offImage * 100), of: 100) : nil }
      ),
    ]
    return values.compactMap { name, value in value.map { Fact(name: name, value: $0) } }
  }
}

extension SourceContent.Line {
  fileprivate init(_ lineage: Lineage) {
    steps = lineage.steps.map {
      Step(run: $0.run, stage: $0.stage, role: $0.role, detail: $0.detail.text)
    }
    labels = lineage.labels.map {
      SourceContent.Fact(name: "\($0.annotator), \($0.className)", value: "\($0.labels)")
    }
    models = lineage.models.map {
      SourceContent.Fact(name: "\($0.kind) \($0.model), run \($0.run)", value: $0.sha256)
    }
    image = [
      SourceContent.Fact(name: "pixels", value: lineage.image.pixelsSHA256),
      SourceContent.Fact(name: lineage.image.file ?? "file", value: lineage.image.fileSHA256),
    ]
  }
}

/// What is drawn over a picture, in pixels of the image.
struct Overlay {
  var viewBox: String
  var contours: [String]
  var contourNote: String?
  var scaleBar: ScaleBar?
  var beam: Beam?
  var north: Arrow
  var east: Arrow
  /// The size of letters.
  var letters: Double

  struct ScaleBar {
    var x1: Double
    var x2: Double
    var y: Double
    var textX: Double
    var textY: Double
    var text: String
  }

  struct Beam {
    var x: Double
    var y: Double
    var rx: Double
    var ry: Double
    var angle: Double
  }

  struct Arrow {
    var x1: Double
    var y1: Double
    var x2: Double
    var y2: Double
    var textX: Double
    var textY: Double
  }

  init(
    _ image: StoredCutout, wcs: JSON?, beam: Survey.Observation, zoom: Int, showsContours: Bool
  ) {
    let (width, height) = (Double(image.width) / Double(zoom), Double(image.height) / Double(zoom))
    let (left, top) = ((Double(image.width) - width) / 2, (Double(image.height) - height) / 2)
    viewBox = "\(left) \(top) \(width) \(height)"
    letters = width / 24
    let lines = showsContours ? Contours(image) : nil
    contours = lines?.paths ?? []
    contourNote = lines.map { lines in
      lines.levels.isEmpty
        ? "no contour: nothing reaches 3σ"
        : "contours at 3σ × 1, 2, 4, … \(1 << (lines.levels.count - 1)), σ = "
          + formatted(Double(SkyLevel(image.values).deviation))
    }
    let orientation = Orientation(wcs: wcs)
    let pivot = (left + width * 0.87, top + height * 0.16)
    north = Self.arrow(pivot, orientation.north, width / 11)
    east = Self.arrow(pivot, orientation.east, width / 11)
    guard let scale = (image.pixelScale ?? beam.pixelScale).map(Double.init) else { return }
    let seconds = Self.round(width * scale / 4)
    let y = top + height * 0.95
    scaleBar = ScaleBar(
      x1: left + width * 0.95 - seconds / scale, x2: left + width * 0.95, y: y,
      textX: left + width * 0.95 - seconds / scale / 2, textY: y - letters * 0.5,
      text: seconds < 60 ? "\(formatted(seconds))″" : "\(formatted(seconds / 60))′")
    if let major = beam.beamMajor {
      let minor = Double(beam.beamMinor ?? major)
      self.beam = Beam(
        x: left + width * 0.07, y: top + height * 0.93, rx: minor / scale / 2,
        ry: Double(major) / scale / 2, angle: -Double(beam.beamAngle ?? 0))
    }
  }

  private static func arrow(
    _ pivot: (Double, Double), _ direction: (x: Double, y: Double), _ length: Double
  ) -> Arrow {
    let tip = (pivot.0 + direction.x * length, pivot.1 + direction.y * length)
    return Arrow(
      x1: pivot.0, y1: pivot.1, x2: tip.0, y2: tip.1,
      textX: tip.0 + direction.x * length * 0.4, textY: tip.1 + direction.y * length * 0.4)
  }

  /// The largest of 1, 2, 5 times a power of ten that is not above a length in arcsec; whole
  /// minutes from a minute on.
  private static func round(_ seconds: Double) -> Double {
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].last { $0 <= seconds } ?? seconds
  }
}
