import Astronomy
internal import CWCS
import Files
internal import Synchronization

/// The celestial part of a header's world coordinates, by WCSLIB.
///
/// WCSLIB's functions write into the `wcsprm` they are given, so that a lock keeps it to one
/// thread at a time. Its parsers keep no state between calls (WCSLIB 7 or later).
final class CelestialProjection: Sendable {
  /// The celestial axes among those of the image, counted from 0, in the image's order.
  let axes: (Int, Int)
  let frame: CelestialFrame
  private let parameters: Mutex<Parameters>

  /// Reads the celestial axes, or gives nil where there are none.
  init?(_ header: ImageHeader, path: String, hdu: Int) throws(FileError) {
    var cards: [CChar]
    do {
      cards = try header.wcsCards()
    } catch {
      throw FileError(path, hdu: hdu, error)
    }
    func fail(_ problem: String) -> FileError {
      FileError(path, hdu: hdu, problem, advice: "Mend the header, e.g. with 'fthedit'")
    }
    if let keyword = header.openText() {
      throw fail("the text of \(keyword) has no closing quote on its card")
    }
    let parameters = Parameters()
    guard let axes = try parameters.read(&cards, fail), axes.0 < axes.1,
      axes.1 < header.axes.count
    else { return nil }
    try parameters.fix(lengths: [header.axes[axes.0], header.axes[axes.1]], fail)
    self.axes = axes
    frame = try parameters.frame(fail)
    self.parameters = Mutex(parameters)
  }

  /// Reads the celestial axes of an image that has no others, or gives nil where there are none.
  init?(cards: inout [CChar], lengths: [Int]) throws(FileError) {
    func fail(_ problem: String) -> FileError {
      FileError("keywords", problem, advice: "Ingest the image again")
    }
    let parameters = Parameters()
    guard let axes = try parameters.read(&cards, fail) else { return nil }
    try parameters.fix(lengths: lengths, fail)
    self.axes = axes
    frame = try parameters.frame(fail)
    self.parameters = Mutex(parameters)
  }

  private init(axes: (Int, Int), frame: CelestialFrame, parameters: consuming sending Parameters) {
    (self.axes, self.frame) = (axes, frame)
    self.parameters = Mutex(parameters)
  }

  /// The projection of an image with so many times as many pixels along each axis; nil where WCSLIB
  /// does not take it.
  func stretched(by factors: [Double]) -> CelestialProjection? {
    let stretched = parameters.withLock { $0.stretched(by: factors) }
    guard let stretched else { return nil }
    return CelestialProjection(axes: axes, frame: frame, parameters: stretched)
  }

  /// The zero-based pixel of a position in the image's own frame.
  func pixel(_ longitude: Double, _ latitude: Double) -> (x: Double, y: Double)? {
    parameters.withLock { $0.pixel(longitude, latitude) }
  }

  /// The position of a zero-based pixel in the image's own frame.
  func world(_ x: Double, _ y: Double) -> (longitude: Double, latitude: Double)? {
    parameters.withLock { $0.world(x, y) }
  }

  /// Arcsec: the square root of the area of the reference pixel.
  var referenceScale: Double {
    parameters.withLock { $0.determinant.magnitude.squareRoot() * 3600 }
  }

  /// The celestial keywords, those of the frame aside, when the image begins at a pixel.
  func keywords(from x: Int, _ y: Int) -> [Keyword] {
    parameters.withLock { $0.keywords(from: x, y) }
  }
}

extension CelestialProjection {
  /// A `wcsprm` with the two celestial axes of a header, and the memory it owns.
  struct Parameters: ~Copyable {
    let pointer: UnsafeMutablePointer<wcsprm>

    init() {
      pointer = .allocate(capacity: 1)
      pointer.initialize(to: wcsprm())
      pointer.pointee.flag = -1
    }

    deinit {
      wcsfree(pointer)
      pointer.deallocate()
    }

    /// Takes the celestial axes out of the cards of a header.
    func read(
      _ cards: inout [CChar], _ fail: (String) -> FileError
    ) throws(FileError) -> (Int, Int)? {
      var (rejected, count): (Int32, Int32) = (0, 0)
      var all: UnsafeMutablePointer<wcsprm>?
      let number = Int32((cards.count - 1) / 80)
      let status = wcspih(&cards, number, Int32(WCSHDR_all), 0, &rejected, &count, &all)
      defer { wcsvfree(&count, &all) }
      guard status == 0 else { throw fail("the world coordinates cannot be read") }
      guard let all else { return nil }
      let main = (0..<Int(count)).first { all[$0].alt.0 == 0x20 || all[$0].alt.0 == 0 } ?? 0
      var axes = [Int32](repeating: 0, count: max(Int(all[main].naxis), 2))
      axes[0] = Int32(WCSSUB_CELESTIAL)
      var kept: Int32 = 1
      let result = wcssub(1, &all[main], &kept, &axes, pointer)
      guard result == 0 else { throw fail("the celestial axes \(meaning(of: result))") }
      guard kept == 2, axes[0] > 0, axes[1] > 0 else { return nil }
      return (Int(axes[0]) - 1, Int(axes[1]) - 1)
    }

    /// The same coordinates with so many times as many pixels along each axis.
    func stretched(by factors: [Double]) -> Parameters? {
      let stretched = Parameters()
      guard stretched.take(pointer, stretchedBy: factors) else { return nil }
      return stretched
    }

    private func take(
      _ other: UnsafeMutablePointer<wcsprm>, stretchedBy factors: [Double]
    ) -> Bool {
      guard wcssub(1, other, nil, nil, pointer) == 0 else { return false }
      // What CROTAi turns stands in PCi_j by now.
      if pointer.pointee.altlin & 4 != 0 { pointer.pointee.altlin = 1 }
      let isTurned = pointer.pointee.pc[1] != 0 || pointer.pointee.pc[2] != 0
      for (axis, factor) in factors.enumerated() {
        pointer.pointee.crpix[axis] = (pointer.pointee.crpix[axis] - 0.5) * factor + 0.5
        for row in 0..<2 {
          if isTurned { pointer.pointee.pc[2 * row + axis] /= factor }
          pointer.pointee.cd[2 * row + axis] /= factor
        }
        if !isTurned { pointer.pointee.cdelt[axis] /= factor }
      }
      defer { wcsbchk(pointer, 7) }
      return wcsset(pointer) == 0
    }

    /// Mends what older programs write (`DEG`, NCP, GLS, cylinders about a far meridian) and
    /// prepares the projection.
    func fix(lengths: [Int], _ fail: (String) -> FileError) throws(FileError) {
      unitfix(0, pointer)
      celfix(pointer)
      // The check of bounds would keep cylfix from seeing the pixels that it is to mend.
      wcsbchk(pointer, 0)
      cylfix(lengths.map { Int32(clamping: $0) }, pointer)
      let status = wcsset(pointer)
      guard status == 0 else { throw fail("the celestial axes \(meaning(of: status))") }
      wcsbchk(pointer, 7)
      guard pointer.pointee.lng >= 0, pointer.pointee.lat >= 0 else {
        throw fail("the header has one celestial axis only")
      }
      guard pointer.pointee.lin.dispre == nil, pointer.pointee.lin.disseq == nil else {
        throw fail("the coordinates have distortion terms, which a cutout could not keep")
      }
    }

    func frame(_ fail: (String) -> FileError) throws(FileError) -> CelestialFrame {
      let axis = text(pointer.pointee.lngtyp)
      let system = text(pointer.pointee.radesys)
      let equinox = pointer.pointee.equinox
      // WCSLIB marks what is undefined by a number beyond all others.
      let year = equinox.isFinite && abs(equinox) < 1e6 && equinox > 0 ? equinox : nil
      if let frame = CelestialFrame(axis: axis, system: system, equinox: year) { return frame }
      throw fail("coordinates of the type \(axis) in the system '\(system)' are not read")
    }

    func pixel(_ longitude: Double, _ latitude: Double) -> (x: Double, y: Double)? {
      var world = pointer.pointee.lng == 0 ? [longitude, latitude] : [latitude, longitude]
      var pixel = [0.0, 0.0]
      var image = pixel
      var (phi, theta, bad): (Double, Double, Int32) = (0, 0, 0)
      guard wcss2p(pointer, 1, 2, &world, &phi, &theta, &image, &pixel, &bad) == 0,
        pixel[0].isFinite, pixel[1].isFinite
      else { return nil }
      return (pixel[0] - 1, pixel[1] - 1)
    }

    func world(_ x: Double, _ y: Double) -> (longitude: Double, latitude: Double)? {
      var pixel = [x + 1, y + 1]
      var world = pixel
      var image = pixel
      var (phi, theta, bad): (Double, Double, Int32) = (0, 0, 0)
      guard wcsp2s(pointer, 1, 2, &pixel, &image, &phi, &theta, &world, &bad) == 0 else {
        return nil
      }
      return pointer.pointee.lng == 0 ? (world[0], world[1]) : (world[1], world[0])
    }

    func keywords(from x: Int, _ y: Int) -> [Keyword] {
      var all: [Keyword] = []
      for (axis, start) in [x, y].enumerated() {
        all += [
          Keyword("CTYPE\(axis + 1)", .text(text(pointer.pointee.ctype[axis]))),
          Keyword("CUNIT\(axis + 1)", .text(text(pointer.pointee.cunit[axis]))),
          Keyword("CRVAL\(axis + 1)", .real(pointer.pointee.crval[axis])),
          Keyword("CRPIX\(axis + 1)", .real(pointer.pointee.crpix[axis] - Double(start))),
        ]
      }
      all +=
        linear() + [
          Keyword("LONPOLE", .real(pointer.pointee.cel.ref.2)),
          Keyword("LATPOLE", .real(pointer.pointee.cel.ref.3)),
        ]
      for index in 0..<Int(pointer.pointee.npv) {
        let card = pointer.pointee.pv[index]
        all.append(Keyword("PV\(card.i)_\(card.m)", .real(card.value)))
      }
      return all
    }

    /// The area of the reference pixel in square degrees, negative where it is a mirror image.
    var determinant: Double {
      let (steps, matrix) = (pointer.pointee.lin.cdelt, pointer.pointee.lin.pc)
      guard let steps, let matrix else { return 0 }
      return steps[0] * steps[1] * (matrix[0] * matrix[3] - matrix[1] * matrix[2])
    }

    /// The linear transformation as the header gives it: CDi_j, or CDELTi and a PCi_j that turns.
    private func linear() -> [Keyword] {
      let steps = [pointer.pointee.lin.cdelt[0], pointer.pointee.lin.cdelt[1]]
      let matrix = (0..<4).map { pointer.pointee.lin.pc[$0] }
      func named(_ name: String, _ numbers: [Double]) -> [Keyword] {
        numbers.enumerated().map { Keyword("\(name)\($0 / 2 + 1)_\($0 % 2 + 1)", .real($1)) }
      }
      if pointer.pointee.altlin & 3 == 2 {
        return named("CD", matrix.enumerated().map { steps[$0 / 2] * $1 })
      }
      let scales = steps.enumerated().map { Keyword("CDELT\($0 + 1)", .real($1)) }
      return scales + (matrix == [1, 0, 0, 1] ? [] : named("PC", matrix))
    }
  }
}

/// What a status of WCSLIB says of the celestial axes.
private func meaning(of status: Int32) -> String {
  switch status {
  case 3: "have a singular linear transformation"
  case 4: "are inconsistent or of an unknown type (CTYPEi)"
  case 5, 6: "have an invalid parameter (CRVALi, LONPOLE, LATPOLE or PVi_m)"
  case 13: "are mixed with another axis"
  default: "are not understood (WCSLIB status \(status))"
  }
}

/// The text in a C array of characters, without the blanks around it.
private func text<Characters>(_ characters: Characters) -> String {
  withUnsafeBytes(of: characters) { bytes in
    let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    return text.split(separator: " ").joined(separator: " ")
  }
}
