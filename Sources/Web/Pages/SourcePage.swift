import Astronomy
import Catalogue
import Foundation
import Hummingbird
import Markup
import PostgreSQL

extension Visit {
  func sourcePage() async throws -> Response {
    let name = try context.part("source")
    let (detail, image, lineage, links, surveys, said, near) = try await pool.with { database in
      let work = try NewestWork.on(survey, scheme: scheme, in: database)
      let detail = try SourceDetail.of(name, in: survey, scheme: scheme, work: work, in: database)
      let image = try detail.cutout.flatMap {
        try StoredCutout.some([$0.cutout], of: survey, in: database).first
      }
      let isKnown = !detail.probabilities.isEmpty
      let lineage = isKnown ? try Lineage.of(source: name, in: survey, database: database) : nil
      let links = try IdentityLink.all(
        ofObjectOf: SourceKey(survey: survey.id, source: detail.source.id), in: database)
      let surveys = try Survey.all(in: database).map(\.name)
      let said = try Remark.all(of: detail.source.id, in: survey, database)
      let near = try survey.mostAlike(to: detail.source.name, count: 12, in: database)
      return (detail, image, lineage, links, surveys, said, near)
    }
    let identity = identity(of: name, links, surveys: surveys)
    let remarks = remarks(said, of: detail.source.name)
    let alike = near.map { (source: $0.source, cosine: Float(1 - $0.distance)) }
    let cells = try await pool.with { try annotation.cells(of: alike.map(\.source), in: $0) }
    let view = montage(
      cells, columns: 12, captions: alike.enumerated().map(RankedSource.init).map(\.caption))
    return try page(
      "source", name,
      content(
        detail, image, lineage, identity, remarks, neighbours: alike.isEmpty ? nil : view))
  }

  /// The picture of the source of an address.
  func sourcePicture() async throws -> Response {
    let name = try context.part("source")
    return try await picture(
      of: pool.with { try SourceKey.named(name, of: survey, in: $0) }.source)
  }

  /// Leads to the picture of a source, by its key, in the size of a thumbnail; without an image, to one that says so.
  func picture(of source: Int) async throws -> Response {
    let cells = try await pool.with { try annotation.cells(of: [source], in: $0) }
    guard let cutout = cells.first?.cutout else { return .redirect(to: "/assets/noimage.svg") }
    return .redirect(to: "\(base)/cutouts/\(cutout)?size=160&\(look.pictureQuery)")
  }

  private func content(
    _ detail: SourceDetail, _ image: StoredCutout?, _ lineage: Lineage?, _ identity: Content,
    _ remarks: Content, neighbours: Content?
  ) -> Content {
    let name = detail.source.name
    let showsContours = fields["contours"] != "0"
    let overlay = image.map {
      Overlay($0, of: survey.observation, zoom: look.zoom)
        .content(wcs: detail.cutout?.wcs, showsContours: showsContours)
    }
    let classified = lineage?.image.cutout
    return [
      "former": classified == detail.cutout?.cutout
        ? nil : classified.map { "\(base)/cutouts/\($0)?size=600&\(look.pictureQuery)" },
      "name": name, "designation": detail.designation == name ? nil : detail.designation,
      "picture": detail.cutout.map {
        "\(base)/cutouts/\($0.cutout)?size=600&\(look.marked(false).pictureQuery)"
      },
      "overlay": overlay, "contours": showsContours,
      "toggle": address(ofSource: name) + "?\(look.query)&contours=\(showsContours ? 0 : 1)",
      "looks": looks(action: address(ofSource: name)),
      "facts": detail.facts, "attributes": detail.attributes.map { fact($0.name, $0.value) },
      "labels": detail.labels, "probabilities": detail.bars, "neighbours": neighbours,
      "lineage": lineage?.content, "identity": identity, "remarks": remarks,
      "elsewhere": detail.source.position.map { ["links": Elsewhere.links(to: $0)] as Content },
      "like": address(ofSource: name) + "/like",
      "single": "\(base)/single?source=\(percentEncoded(name))",
      "clusterNumber": detail.cluster, "cluster": detail.cluster.map { "\(base)/label/\($0)" },
      "image": detail.addressOfImage(in: survey),
    ]
  }
}

private func fact(_ name: String, _ value: String) -> Content { ["name": name, "value": value] }

extension SourceDetail {
  /// Where a program gets the pixels of its image with their world coordinates.
  fileprivate func addressOfImage(in survey: Survey) -> String? {
    guard let cutout, cutout.wcs != nil, let position = source.position else { return nil }
    let place = String(format: "%.6f,%.6f", position.ra, position.dec)
    return Site.cutoutPath
      + "?survey=\(percentEncoded(survey.name))&cutout=\(cutout.cutout)&pos=\(place)"
  }

  private var signalToNoise: Double? {
    guard let peakFlux, let rms, rms > 0 else { return nil }
    return peakFlux / rms
  }

  /// What is known of the source, by names for people.
  fileprivate var facts: [Content] {
    let edge = cutout.flatMap { $0.offImage > 0 ? percent(Int($0.offImage * 100), of: 100) : nil }
    let values: [(String, String?)] = [
      ("RA (ICRS)", source.position.map { String(format: "%.6f°", $0.ra) }),
      ("Dec (ICRS)", source.position.map { String(format: "%+.6f°", $0.dec) }),
      ("Total flux", totalFlux.map { formatted($0 * 1000) + " mJy" }),
      ("Peak flux", peakFlux.map { formatted($0 * 1000) + " mJy/beam" }),
      ("Local noise", rms.map { formatted($0 * 1000) + " mJy/beam" }),
      ("Signal to noise", signalToNoise.map { formatted($0) }),
      ("Largest angular size", source.majorAxis.map { formatted($0) + "″" }),
      ("Outlier score", outlierScore.map { formatted(Double($0)) }),
      ("Image", cutout.map { "\($0.width) × \($0.height) pixels" }),
      ("Beyond the image's edge", edge),
    ]
    let flags = cutout?.flags.map { fact("Flag", $0) } ?? []
    return values.compactMap { name, value in value.map { fact(name, $0) } } + flags
  }
}

extension Lineage {
  fileprivate var content: Content {
    [
      "steps": steps.map { step -> Content in
        ["run": step.run, "stage": step.stage, "role": step.role, "detail": step.detail.text]
      },
      "labels": labels.map { fact("\($0.annotator), \($0.className)", "\($0.labels)") },
      "models": models.map { fact("\($0.kind) \($0.model), run \($0.run)", $0.sha256) },
      "image": [
        fact("pixels", image.pixelsSHA256), fact(image.file ?? "file", image.fileSHA256),
      ],
    ]
  }
}
