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
      let work = try NewestWork.on(survey, in: database)
      let detail = try SourceDetail.of(
        name, in: survey, scheme: annotation.scheme, work: work, in: database)
      let image = try detail.cutout.flatMap {
        try StoredCutout.some([$0.cutout], of: survey, in: database).first
      }
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
  var labels: [SourceDetail.Said]
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
    labels = detail.labels
    probabilities = Bar.all(detail)
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
