import Astronomy
import Catalogue
import Digest
import FITS
import Files
import Foundation
import Morphology
import PostgreSQL
import Tensor

/// Reads the pixels that a plan asks for, and gives them some at a time.
///
/// What is to be read has places: the whole images in the order of the plan, then the cuts, image by image.
struct CutoutReading: Sendable {
  let whole: [ImagePlan.Whole]
  let cuts: [ImagePlan.Cut]
  let files: [ImageFile]
  /// Each file as the run reads it, with its digest.
  let inputs: [Work.Input]
  let sources: [StoredSource]
  /// Arcsec a pixel of images that do not say so.
  let pixelScale: Float?
  /// What is known of the current cutouts, by source.
  let known: [Int: Cutout.Known]
  /// The celestial keywords of the images that these are of, by digest.
  let skies: [String: JSON]
  /// The sources whose cutouts this run has written before it was interrupted.
  let written: Set<Int>

  /// Some cutouts, and what was found on the way.
  struct Findings: Sendable {
    var cutouts: [Cutout] = []
    /// The images that were opened.
    var images: [SurveyImage] = []
    var rejected: [ImagePlan.SetAside] = []
    /// What was assumed or changed of which image.
    var notes: [(path: String, text: String)] = []
    /// Sources whose cutouts are there already, just so.
    var unchanged = 0
    /// How large those are on their images, pixels, by source.
    var extents: [Int: Float] = [:]
    /// Sources that were dealt with, whatever came of it.
    var done = 0

    fileprivate var isFull: Bool {
      cutouts.count >= 64 || cutouts.reduce(0) { $0 + $1.pixels.bytes.count } > 16 << 20
    }
  }

  /// The places in pieces: of whole images some, of an image that is cut all that fit, so that it is seldom opened
  /// again.
  func pieces(of size: Int) -> [ClosedRange<Int>] {
    var pieces = stride(from: 0, to: whole.count, by: size).map {
      $0...min($0 + size, whole.count) - 1
    }
    var first = 0
    for place in cuts.indices {
      let next = place + 1
      let isLast = next == cuts.count || cuts[next].views[0].file != cuts[place].views[0].file
      guard isLast || next - first == size * Self.cutsForImage else { continue }
      pieces.append(whole.count + first...whole.count + place)
      first = next
    }
    return pieces
  }

  /// How many cuts take about as long as to read a whole image.
  private static let cutsForImage = 8

  /// Reads the places of a piece.
  func read(_ places: ClosedRange<Int>, _ push: (Findings) throws -> Void) throws {
    var findings = Findings()
    for place in places where place < whole.count {
      try read(whole[place]) { try add($0, to: &findings, push) }
    }
    let cuts = places.filter { $0 >= whole.count }.map { self.cuts[$0 - whole.count] }
    try read(cuts) { try add($0, to: &findings, push) }
    try push(findings)
  }

  /// What came of a source.
  private enum Outcome {
    case cutout(Cutout)
    /// This run has written it before.
    case written
    /// It is there already, just so; `nil` where nothing more is to be known of it.
    case unchanged(Cutout?)
    case rejected(ImagePlan.SetAside)
    /// No image shows it after all.
    case nothing
    /// An image that several sources were to be cut from.
    case damaged(ImagePlan.SetAside)
    /// An image was opened; what was assumed or changed of it.
    case opened(SurveyImage, [(path: String, text: String)])
  }

  private func add(
    _ outcome: Outcome, to findings: inout Findings, _ push: (Findings) throws -> Void
  ) throws {
    switch outcome {
    case .cutout(let cutout): findings.cutouts.append(cutout)
    case .unchanged(let cutout):
      findings.unchanged += 1
      if let cutout { findings.extents[cutout.source] = cutout.sourceExtent }
    case .rejected(let setAside): findings.rejected.append(setAside)
    case .nothing, .written: break
    case .damaged(let setAside): return findings.rejected.append(setAside)
    case .opened(let image, let notes):
      findings.images.append(image)
      findings.notes += notes
      return
    }
    findings.done += 1
    if findings.isFull {
      try push(findings)
      findings = Findings()
    }
  }

  private func setAside(_ file: Int, source: Int?, _ reason: any Error) -> ImagePlan.SetAside {
    ImagePlan.SetAside(
      path: files[file].path, source: source.map { sources[$0].name }, reason: "\(reason)")
  }
}

extension CutoutReading {
  private func read(_ item: ImagePlan.Whole, _ give: (Outcome) throws -> Void) throws {
    if written.contains(sources[item.source].id) { return try give(.written) }
    let image: OpenImage
    let pixels: ImagePixels
    do {
      image = try OpenImage(files[item.file])
      pixels = try image.whole()
      if pixels.nonFinite == 1 { throw BlankImage() }
    } catch {
      return try give(.rejected(setAside(item.file, source: item.source, error)))
    }
    var header = image.header
    header.notes += doubt(that: sources[item.source], isOn: header).map { [$0] } ?? []
    try give(opened(header, item.file))
    let cutout = try cutout(of: item.source, pixels, header, file: item.file, from: (0, 0))
    let isOfFile = known[cutout.source]?.image == cutout.imageSHA256
    try give(measured(cutout, of: item.source, isOfKnownFile: isOfFile))
  }

  /// Says where an image that is called like a source shows another sky.
  private func doubt(that source: StoredSource, isOn header: ImageHeading) -> String? {
    guard let position = source.position, let wcs = header.wcs, let centre = header.centre else {
      return nil
    }
    if let (x, y) = wcs.pixel(of: position), header.margin(x, y) > 0 { return nil }
    let away = String(format: "%.4g", position.separation(from: centre))
    return
      "it is called like source '\(source.name)', which lies \(away)° from its centre, outside it"
  }

  private func opened(_ header: ImageHeading, _ file: Int) throws -> Outcome {
    .opened(
      try header.image(of: inputs[file]), header.notes.map { (files[file].path, $0) })
  }

  /// Cuts each source out of the best of its mosaics.
  ///
  /// Where that one is blank, the next best serves, and so on; a mosaic is opened once a round.
  private func read(_ cuts: [ImagePlan.Cut], _ give: (Outcome) throws -> Void) throws {
    var waiting = cuts.filter { !written.contains(sources[$0.source].id) }
    for _ in waiting.count..<cuts.count { try give(.written) }
    while !waiting.isEmpty {
      var next: [ImagePlan.Cut] = []
      let byFile = Dictionary(grouping: waiting) { $0.views[0].file }
      for file in byFile.keys.sorted() {
        let cuts = (byFile[file] ?? []).sorted { $0.views[0].y < $1.views[0].y }
        try cut(cuts, file: file, leaving: &next, give)
      }
      waiting = next
    }
  }

  private func cut(
    _ cuts: [ImagePlan.Cut], file: Int, leaving next: inout [ImagePlan.Cut],
    _ give: (Outcome) throws -> Void
  ) throws {
    var left = cuts[...]
    do {
      let image = try OpenImage(files[file])
      let header = image.header
      try give(opened(header, file))
      while let cut = left.first {
        try pass(try outcome(of: cut, image, header), of: cut, leaving: &next, give)
        left.removeFirst()
      }
    } catch let error as FileError {
      // The file is damaged: its sources may lie on another one.
      try give(.damaged(setAside(file, source: nil, error)))
      for cut in left { try pass(.nothing, of: cut, leaving: &next, give) }
    }
  }

  private func pass(
    _ outcome: Outcome, of cut: ImagePlan.Cut, leaving next: inout [ImagePlan.Cut],
    _ give: (Outcome) throws -> Void
  ) throws {
    if case .nothing = outcome, cut.views.count > 1 {
      next.append(cut.withoutFirst)
    } else {
      try give(outcome)
    }
  }

  private func outcome(
    of cut: ImagePlan.Cut, _ image: OpenImage, _ header: ImageHeading
  ) throws -> Outcome {
    let view = cut.views[0]
    if view.side > 2 * max(header.width, header.height) {
      let reason = CutoutTooLarge(side: view.side, width: header.width, height: header.height)
      return .rejected(setAside(view.file, source: cut.source, reason))
    }
    let (column, row) = (view.firstColumn, view.firstRow)
    let pixels = try image.cutout(
      columns: column..<column + view.side, rows: row..<row + view.side)
    let (x, y) = (Int(view.x.rounded()) - column, Int(view.y.rounded()) - row)
    if pixels.isBlank(atColumn: x, row: y) { return .nothing }
    let cutout = try cutout(of: cut.source, pixels, header, file: view.file, from: (column, row))
    return measured(cutout, of: cut.source, isOfKnownFile: try isAsKnown(cutout, header))
  }

  /// Whether a cutout that there is has the sky, the unit and the beam of an image: it was cut from that, or from one
  /// with the same header.
  private func isAsKnown(_ cutout: Cutout, _ header: ImageHeading) throws -> Bool {
    guard let image = known[cutout.source]?.image, image != cutout.imageSHA256 else { return true }
    guard let own = try header.keywords(from: (0, 0)), let sky = skies[image] else { return false }
    return try own.decode(as: [String: Value].self) == sky.decode(as: [String: Value].self)
  }

  /// The cutout with its source's extent, which is looked for where it is not known already.
  private func measured(_ cutout: Cutout, of source: Int, isOfKnownFile: Bool) -> Outcome {
    let known = known[cutout.source]
    let isUnchanged =
      isOfKnownFile && known?.pixels == cutout.sha256 && known?.pixelScale == cutout.pixelScale
    if isUnchanged, known?.isMeasured == true { return .unchanged(nil) }
    var cutout = cutout
    cutout.sourceExtent = extent(of: sources[source], cutout)
    return isUnchanged ? .unchanged(cutout) : .cutout(cutout)
  }

  private func cutout(
    of source: Int, _ pixels: ImagePixels, _ header: ImageHeading, file: Int,
    from corner: (Int, Int)
  ) throws -> Cutout {
    Cutout(
      source: sources[source].id, pixels: pixels,
      pixelScale: header.wcs.map { Float($0.pixelScale) } ?? pixelScale,
      wcs: try header.keywords(from: corner), sha256: SHA256.hash(pixels.bytes).hex,
      imageSHA256: inputs[file].sha256)
  }

  /// How large a source is on its cutout, by the pixels or the catalogue, whichever says more: the
  /// lobes of a wide double are two islands, and a catalogue's Gaussian ends before the emission.
  private func extent(of source: StoredSource, _ cutout: Cutout) -> Float? {
    if let box = source.box?.extent { return Float(box) }
    let pixels = cutout.pixels
    let image = Tensor(shape: [pixels.height, pixels.width], values: pixels.floats())
    let seen = SourceExtent().measure(image)
    let said = cutout.pixelScale.flatMap { scale in source.majorAxis.map { Float($0) / scale } }
    return [seen, said].compactMap(\.self).filter { $0 > 0 }.max()
  }
}

extension ImagePlan.View {
  /// The first column of the cutout, which has the source's pixel in its middle.
  var firstColumn: Int { Int((x - Double(side - 1) / 2).rounded()) }

  /// The first row of the cutout.
  var firstRow: Int { Int((y - Double(side - 1) / 2).rounded()) }
}

extension ImagePlan.Cut {
  /// The same source, the best of its mosaics left out.
  fileprivate var withoutFirst: ImagePlan.Cut {
    ImagePlan.Cut(source: source, views: Array(views.dropFirst()))
  }
}

extension ImageHeading {
  /// The image as the catalogue keeps it.
  fileprivate func image(of input: Work.Input) throws -> SurveyImage {
    var image = SurveyImage(sha256: input.sha256)
    (image.file, image.bytes) = (input.name, input.bytes)
    (image.width, image.height) = (width, height)
    image.pixelScale = wcs.map { Float($0.pixelScale) }
    (image.unit, image.frequency, image.epoch) = (unit, frequency, epoch)
    image.beamMajor = (beam?.major).map { Float($0) }
    image.beamMinor = (beam?.minor).map { Float($0) }
    image.beamAngle = (beam?.angle).map { Float($0) }
    image.footprint = corners?.flatMap { [$0.ra, $0.dec] }
    image.wcs = try keywords(from: (0, 0))
    return image
  }

  /// The keywords of a cutout that begins at a pixel, as JSON; `nil` without a sky.
  func keywords(from corner: (Int, Int)) throws -> JSON? {
    guard let wcs else { return nil }
    var keywords: [String: Value] = [:]
    for keyword in wcs.keywords(from: corner.0, corner.1) { keywords[keyword.name] = keyword.value }
    if let unit { keywords["BUNIT"] = .text(unit) }
    if let beam {
      keywords["BMAJ"] = .real(beam.major / 3600)
      keywords["BMIN"] = .real(beam.minor / 3600)
      keywords["BPA"] = .real(beam.angle)
    }
    return try JSON(encoding: keywords)
  }
}

private struct BlankImage: Error, CustomStringConvertible {
  var description: String { "none of its pixels is a number" }
}

private struct CutoutTooLarge: Error, CustomStringConvertible {
  var side: Int
  var width: Int
  var height: Int

  var description: String {
    """
    its cutout would have \(side) × \(side) pixels, the image has \(width) × \(height): give a \
    smaller --size or --size-factor
    """
  }
}
