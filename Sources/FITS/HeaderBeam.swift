import Astronomy
internal import CFITSIO

/// The beam that a header tells of, and what should be said of it.
struct HeaderBeam {
  var beam: Beam?
  /// What was assumed or set aside; nil where the header is clear.
  var note: String?

  /// Takes BMAJ, BMIN and BPA, else what AIPS notes, else CASA's table BEAMS.
  ///
  /// - Parameters:
  ///   - header: The header of the image at which the file stands.
  ///   - hdu: The image's HDU, the first being 1.
  ///   - pixelScale: Arcsec; nil where the image does not say it.
  ///   - side: Pixels along the longer side.
  init(_ header: ImageHeader, hdu: Int, pixelScale: Double?, side: Int) {
    let file = header.file
    if let major = file.number("BMAJ") {
      let sky = Sky(pixelScale: pixelScale, side: side)
      (beam, note) = sky.beam(major, file.number("BMIN"), file.number("BPA"))
    } else if let word = file.text("BMAJ") {
      note = "its BMAJ '\(word)' is no number, and is left aside; say --beam-major"
    }
    if beam == nil, let noted = header.notedBeam { (beam, note) = (noted, nil) }
    if beam == nil, note == nil, let table = BeamTable(of: file, image: hdu) {
      (beam, note) = (table.beam, table.note)
    }
    if let found = beam, !found.isPossible {
      beam = nil
      note = "its beam of \(found.major) × \(found.minor)″ is left aside; say --beam-major"
    }
  }

  /// What an image can show.
  private struct Sky {
    let pixelScale: Double?
    let side: Int

    /// The beam of a header's degrees, where that can be one of this image.
    func beam(_ major: Double, _ minor: Double?, _ angle: Double?) -> (Beam?, String?) {
      if let fault = fault(of: major, minor) {
        return (nil, "its BMAJ of \(major)° \(fault), and is left aside; say --beam-major")
      }
      guard let minor, minor > 0, minor.isFinite else {
        return (
          Beam(width: major * 3600), "its BMIN is no width: the beam is taken to be round"
        )
      }
      let angle = angle.flatMap { abs($0) <= 360 ? $0 : nil } ?? 0
      return (Beam(major: major * 3600, minor: minor * 3600, angle: angle), nil)
    }

    private func fault(of major: Double, _ minor: Double?) -> String? {
      guard major > 0, major.isFinite else { return "is no width" }
      if let minor, minor > major * 1.001 { return "is shorter than its BMIN of \(minor)°" }
      guard let pixelScale, pixelScale > 0 else {
        return major > 1 ? "is wider than a degree" : nil
      }
      let pixels = major * 3600 / pixelScale
      if pixels > Double(side) { return "is wider than the image" }
      return pixels < 0.25 ? "is less than a quarter of a pixel" : nil
    }
  }
}

/// The beams of the channels of an image, in a table that CASA writes where they differ.
private struct BeamTable {
  private let beams: [Beam]

  /// Reads the table BEAMS; nil where the file has none.
  ///
  /// The file stands at the image afterwards.
  init?(of file: FITSFile, image: Int) {
    defer { _ = try? file.move(to: image) }
    var number = 2
    while (try? file.move(to: number)) == true {
      if file.text("EXTNAME")?.uppercased() == "BEAMS" {
        beams = Self.beams(file)
        if beams.isEmpty { return nil }
        return
      }
      number += 1
    }
    return nil
  }

  /// The beam of middle width.
  var beam: Beam { beams.sorted { $0.major < $1.major }[beams.count / 2] }

  var note: String? {
    guard Set(beams).count > 1 else { return nil }
    let widths = beams.map(\.major).sorted().map { ($0 * 100).rounded() / 100 }
    return """
      its table BEAMS has \(beams.count) beams, \(widths[0]) to \(widths[widths.count - 1])″ wide: the \
      one in the middle is taken
      """
  }

  private static func beams(_ file: FITSFile) -> [Beam] {
    let (majors, minors) = (file.numbers("BMAJ", in: "arcsec"), file.numbers("BMIN", in: "arcsec"))
    let angles = file.numbers("BPA", in: "deg")
    guard majors.count == minors.count, majors.count == angles.count else { return [] }
    return majors.indices.map { Beam(major: majors[$0], minor: minors[$0], angle: angles[$0]) }
      .filter { $0.minor > 0 && $0.major >= $0.minor && $0.major.isFinite }
  }
}

extension FITSFile {
  /// The numbers of a column of the table at which the file stands, in a unit; that unit is meant
  /// where the table names none.
  fileprivate func numbers(_ name: String, in unit: String) -> [Double] {
    var (column, rows): (Int32, Int64) = (0, 0)
    var template = Array(name.utf8CString)
    guard succeeds({ ffgcno(pointer, 0, &template, &column, &$0) }),
      succeeds({ ffgnrwll(pointer, &rows, &$0) }), (1...100_000).contains(rows)
    else { return [] }
    var numbers = [Double](repeating: 0, count: Int(rows))
    var any: Int32 = 0
    guard succeeds({ ffgcvd(pointer, column, 1, 1, rows, 0, &numbers, &any, &$0) }) else {
      return []
    }
    let scale = text("TUNIT\(column)").map { UnitConversion.scale(from: $0, to: unit) } ?? 1
    return scale.map { scale in numbers.map { $0 * scale } } ?? []
  }
}
