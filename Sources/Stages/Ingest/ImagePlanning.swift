import Astronomy
import Catalogue
import FITS
import Foundation
import Morphology

/// Decides what is to be done with images: which source each shows, or which it holds.
struct ImagePlanning {
  private let files: [ImageFile]
  private let sources: [StoredSource]
  private let cutting: Ingest.Cutting
  private let heading: (ImageFile) throws -> ImageHeading
  private let names: SourceNames
  private let sky: SkyIndex
  /// The median size of the sources' boxes, pixels: views show at least what such a one needs.
  private let usualBox: Double
  private var namesAreFields = false
  private var plan = ImagePlan()
  private var shown: [Int: Int] = [:]
  private var views: [Int: [ImagePlan.View]] = [:]

  /// An image this many times as wide as a cutout is a mosaic, even with a single source.
  private static let muchLarger = 3

  /// Gathers what decides; `heading` reads an image's header, and is asked only where no source is
  /// named like the image.
  init(
    _ files: [ImageFile], of sources: [StoredSource], cutting: Ingest.Cutting,
    heading: @escaping (ImageFile) throws -> ImageHeading = { try OpenImage($0).header }
  ) {
    self.files = files
    self.sources = sources
    self.cutting = cutting
    self.heading = heading
    names = SourceNames(sources)
    sky = SkyIndex(sources.map(\.position))
    let boxes = sources.compactMap { $0.box?.extent }.sorted()
    usualBox = boxes.isEmpty ? 0 : boxes[boxes.count / 2]
  }

  /// The plan for all images; those that are named come before those that are found by position.
  consuming func decided(_ done: (Int) -> Void = { _ in }) -> ImagePlan {
    let named = files.map { cutting.takenAs == .mosaics ? [] : names.named(by: $0) }
    // Where one image is named by several sources, the catalogue names fields, not cutouts.
    namesAreFields = cutting.takenAs == nil && named.contains { $0.count > 1 }
    var rest: [Int] = []
    for index in files.indices {
      if named[index].count == 1, !namesAreFields, sources[named[index][0]].box == nil {
        take(index, for: named[index][0], \.byName)
      } else {
        rest.append(index)
      }
    }
    for (count, index) in rest.enumerated() {
      do {
        try decide(index, try heading(files[index]), named: named[index])
      } catch {
        reject(index, error)
      }
      done(files.count - rest.count + count + 1)
    }
    plan.cuts = views.keys.sorted().filter { shown[$0] == nil }.map { source in
      ImagePlan.Cut(source: source, views: best(views[source] ?? []))
    }
    plan.notes = [doubt].compactMap(\.self)
    return plan
  }

  /// The images that show a source, of which those of noise and the like come last.
  private func best(_ views: [ImagePlan.View]) -> [ImagePlan.View] {
    let isBeside = { (view: ImagePlan.View) in
      AuxiliaryImages.areMeant(by: files[view.file].stem) ? 1 : 0
    }
    return views.sorted {
      (-isBeside($0), $0.margin, -$0.file) > (-isBeside($1), $1.margin, -$1.file)
    }
  }

  /// Says where sources lie at the same place on several images, so that nothing but names tells which is meant.
  private var doubt: String? {
    let twins = plan.cuts.filter { cut in
      cut.views.count > 1 && abs(cut.views[0].margin - cut.views[1].margin) < 1e-3
        && abs(cut.views[0].x - cut.views[1].x) < 1e-3
        && abs(cut.views[0].y - cut.views[1].y) < 1e-3
    }
    guard let first = twins.first else { return nil }
    return """
      \(twins.count) sources lie at the same place on several images: they are cut out of the first of these, \
      '\(sources[first.source].name)' of \(files[first.views[0].file].path), not of \
      \(files[first.views[1].file].path); give only the images that are meant
      """
  }

  private mutating func decide(_ index: Int, _ image: ImageHeading, named: [Int]) throws {
    var named = named
    if named.isEmpty, cutting.takenAs != .mosaics, let object = image.object {
      named = names.named(byObject: object).filter { isObject($0, of: image) }
    }
    if named.contains(where: { sources[$0].box != nil }) {
      if image.isResampled { throw Unusable.notSquare }
      for source in named where sources[source].box == nil {
        reject(index, Unusable.noPixel(sources[source].name))
      }
      return cut(index, image, atBoxesOf: named.filter { sources[$0].box != nil })
    }
    guard let wcs = image.wcs else { return try takeWithoutSky(index, for: named) }
    if !named.isEmpty {
      if namesAreFields { return cut(index, image, wcs, at: named) }
      return take(index, forAll: named)
    }
    let inside = sourcesInside(image, wcs)
    if isMosaic(image, wcs, holding: inside.count) {
      cut(index, image, wcs, at: inside)
    } else if let centred = nearest(image, wcs) {
      take(index, for: centred, \.byPosition)
    } else {
      throw Unusable.offCentre(tolerance(image, wcs), nearest: nearestName(image, inside))
    }
  }

  /// Whether a source that OBJECT names is what the image is of: it lies on it, and the image is no mosaic of several
  /// sources, as a pointing that is called after its target.
  ///
  /// Where the sky or the position is not known, the name counts.
  private func isObject(_ source: Int, of image: ImageHeading) -> Bool {
    guard let wcs = image.wcs, let position = sources[source].position else { return true }
    guard let (x, y) = wcs.pixel(of: position), image.margin(x, y) > 0 else { return false }
    return !isMuchLarger(image, wcs) || sourcesInside(image, wcs).count == 1
  }

  private mutating func takeWithoutSky(_ index: Int, for named: [Int]) throws {
    guard let first = named.first else { throw Unusable.unknown }
    guard named.count == 1 || cutting.takenAs == .cutouts else {
      throw Unusable.shared(sources[first].name, others: named.count - 1)
    }
    take(index, forAll: named)
  }

  /// Whether an image that no source is named like is a mosaic: it holds several sources, or is
  /// much larger than a cutout.
  private func isMosaic(_ image: ImageHeading, _ wcs: WCS, holding count: Int) -> Bool {
    if let kind = cutting.takenAs { return kind == .mosaics }
    return count > 1 || isMuchLarger(image, wcs)
  }

  /// Whether an image is much larger than a cutout.
  private func isMuchLarger(_ image: ImageHeading, _ wcs: WCS) -> Bool {
    let side = pixels(cutting.size ?? usualSize(image, wcs), wcs)
    return min(image.width, image.height) > Self.muchLarger * side
  }

  private mutating func take(
    _ file: Int, for source: Int, _ how: WritableKeyPath<ImageDecisions, Int>
  ) {
    if let earlier = shown[source] {
      return reject(file, Unusable.second(sources[source].name, file: files[earlier].path))
    }
    shown[source] = file
    plan.whole.append(ImagePlan.Whole(file: file, source: source))
    plan.decisions[keyPath: how] += 1
  }

  private mutating func take(_ file: Int, forAll named: [Int]) {
    for source in named { take(file, for: source, \.byName) }
  }

  private mutating func cut(_ file: Int, _ image: ImageHeading, _ wcs: WCS, at found: [Int]) {
    add(found.map { ($0, view(of: $0, on: image, wcs, file: file)) }, of: file)
  }

  private mutating func cut(_ file: Int, _ image: ImageHeading, atBoxesOf found: [Int]) {
    add(found.map { ($0, boxView(of: $0, on: image, file: file)) }, of: file)
    for source in found where views[source] == nil {
      reject(file, Unusable.outside(sources[source].name))
    }
  }

  private mutating func add(_ found: [(source: Int, view: ImagePlan.View?)], of file: Int) {
    let shown = found.compactMap { source, view in view.map { (source, $0) } }
    for (source, view) in shown { views[source, default: []].append(view) }
    if shown.isEmpty { return reject(file, Unusable.empty) }
    plan.decisions.mosaics += 1
  }

  private mutating func reject(_ file: Int, _ error: any Error) {
    let name: String? =
      switch error {
      case Unusable.second(let name, _), Unusable.outside(let name), Unusable.noPixel(let name):
        name
      default: nil
      }
    plan.rejected.append(
      ImagePlan.SetAside(path: files[file].path, source: name, reason: "\(error)"))
  }
}

extension ImagePlanning {
  /// The source's place on an image; `nil` where it lies outside.
  private func view(
    of source: Int, on image: ImageHeading, _ wcs: WCS, file: Int
  ) -> ImagePlan.View? {
    guard let position = sources[source].position,
      let (x, y) = wcs.pixel(of: position)
    else { return nil }
    let margin = image.margin(x, y)
    guard margin > 0 else { return nil }
    return ImagePlan.View(
      file: file, x: x, y: y, side: side(of: sources[source], on: image, wcs),
      margin: margin * wcs.pixelScale)
  }

  /// The place of a source whose catalogue says its pixel.
  private func boxView(
    of source: Int, on image: ImageHeading, file: Int
  ) -> ImagePlan.View? {
    guard let box = sources[source].box else { return nil }
    let (x, y) = files[file].pixel(box.centre, ofHeight: image.height)
    let margin = image.margin(x, y)
    guard margin > 0 else { return nil }
    return ImagePlan.View(
      file: file, x: x, y: y, side: boxSide(box, on: image), margin: margin)
  }

  /// Pixels that a cutout at a box spans: as `--size` says or else so many that a turned view of it is
  /// full.
  private func boxSide(_ box: PixelBox, on image: ImageHeading) -> Int {
    let scale = image.wcs?.pixelScale ?? cutting.pixelScale.map(Double.init)
    let said = scale.flatMap { scale in cutting.size.map { $0 / scale } }
    let fitting = box.extent.map {
      Framing.usualSizeFactor * Preprocessing().margin * max($0, usualBox)
    }
    return max(Self.leastSide, Int((said ?? fitting ?? Self.usualSide).rounded(.up)))
  }

  private static let (leastSide, usualSide) = (16, 80.0)

  private func sourcesInside(_ image: ImageHeading, _ wcs: WCS) -> [Int] {
    candidates(image, wcs).filter { view(of: $0, on: image, wcs, file: 0) != nil }
  }

  /// The sources within the circle around an image; all of them where it has none.
  private func candidates(_ image: ImageHeading, _ wcs: WCS) -> [Int] {
    guard let centre = image.centre, let corners = image.corners else {
      return Array(sources.indices)
    }
    let radius = corners.map { $0.separation(from: centre) }.max() ?? 0
    // Beyond a hemisphere's half the corners need not be the farthest points.
    guard radius < 45 else { return Array(sources.indices) }
    return sky.within(radius * 1.01, of: centre).map(\.index).sorted()
  }

  private func nearest(_ image: ImageHeading, _ wcs: WCS) -> Int? {
    guard let centre = image.centre else { return nil }
    let radius = tolerance(image, wcs) / 3600
    return sky.nearest(to: centre, within: radius)?.index
  }

  private func nearestName(_ image: ImageHeading, _ inside: [Int]) -> String? {
    guard let centre = image.centre else { return nil }
    let distances = inside.compactMap { index in
      sources[index].position.map { ($0.separation(from: centre) * 3600, index) }
    }
    return distances.min(by: <).map {
      "the nearest, '\(sources[$0.1].name)', lies \(String(format: "%.1f", $0.0))″ from it"
    }
  }

  private func tolerance(_ image: ImageHeading, _ wcs: WCS) -> Double {
    cutting.tolerance ?? max(image.beam?.major ?? 0, 5 * wcs.pixelScale)
  }

  /// 20 beams, or 80 pixels where the beam is unknown, in arcsec.
  private func usualSize(_ image: ImageHeading, _ wcs: WCS) -> Double {
    image.beam.map { 20 * $0.major } ?? 80 * wcs.pixelScale
  }

  private func side(of source: StoredSource, on image: ImageHeading, _ wcs: WCS) -> Int {
    let least = cutting.size ?? usualSize(image, wcs)
    let wanted = cutting.sizeFactor.map { max(least, $0 * (source.majorAxis ?? 0)) } ?? least
    return pixels(wanted, wcs)
  }

  /// So many pixels that they span the angle; a hundredth too few do, since scales are not exact.
  private func pixels(_ arcsec: Double, _ wcs: WCS) -> Int {
    let side = min(wcs.pixelSides.x, wcs.pixelSides.y)
    return Int(min(max((arcsec / side - 0.01).rounded(.up), 1), 1e6))
  }
}

/// Why an image cannot serve.
private enum Unusable: Error, CustomStringConvertible {
  case unknown
  case shared(String, others: Int)
  case empty
  case offCentre(Double, nearest: String?)
  case second(String, file: String)
  case outside(String)
  case noPixel(String)
  case notSquare

  var description: String {
    switch self {
    case .unknown: "no source is named like it, and it has no sky position"
    case .shared(let name, let others):
      """
      it is named by '\(name)' and \(others) more, and has no sky position to cut at; give their \
      pixels with --column x=… and y=…, or take it whole for each of them with --as cutouts
      """
    case .empty: "no source of the survey lies in it"
    case .notSquare: "its pixels are not square, so that sources cannot be found by their pixels"
    case .noPixel(let name): "the catalogue has no pixel for '\(name)'"
    case .outside(let name): "the pixel of '\(name)' lies outside it"
    case .offCentre(let tolerance, let nearest):
      """
      no source is named like it, and none lies within \(String(format: "%.1f", tolerance))″ of \
      its centre
      """ + (nearest.map { "; " + $0 } ?? "")
    case .second(let name, let file): "'\(name)' is shown by \(file) already"
    }
  }
}
