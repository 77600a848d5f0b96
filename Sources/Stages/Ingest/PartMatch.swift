import Astronomy
import FITS

extension ColumnMapping.Part {
  /// How surely a column's UCD says that it is the part, 0 the surest; nil where it does not say so.
  ///
  /// A flux of which the wave band is open may be of any telescope, so that its UCD alone does not
  /// make it a radio flux; nor is the error of a flux the noise of an image.
  func rank(of column: Column) -> Int? {
    guard let ucd = column.ucd.map(UCD.init) else { return nil }
    return switch self {
    case .name: ucd.isOf("meta.id") && ucd.has("meta.main") ? 0 : nil
    case .ra: Self.rank(ucd, as: "pos.eq.ra", "pos.galactic.lon")
    case .dec: Self.rank(ucd, as: "pos.eq.dec", "pos.galactic.lat")
    case .totalFlux: ucd.isRadioFlux && !column.isPeak ? ucd.deconvolution : nil
    case .peakFlux:
      ucd.isRadioFlux && column.isPeak && !column.isCalledTotal ? ucd.deconvolution : nil
    case .rms:
      ucd.mayBeRadio
        && (ucd.isOf("instr.det.noise")
          || ucd.isOf("stat.stdev") && ucd.has("phot.flux.density"))
        ? 0 : nil
    case .majorAxis:
      (ucd.isOf("phys.angsize.smajaxis") || ucd.isOf("phys.angsize")) && ucd.mayBeRadio
        && !ucd.has("stat.error") && !ucd.has("instr")
        ? ucd.deconvolution + (ucd.isOf("phys.angsize") ? 2 : 0) : nil
    case .image: ucd.isOf("meta.file") || ucd.isOf("meta.ref.url") ? 0 : nil
    case .beamMajor, .beamMinor, .beamAngle, .x, .y, .boxWidth, .boxHeight: nil
    }
  }

  private static func rank(_ ucd: UCD, as equatorial: String, _ galactic: String) -> Int? {
    if ["stat.error", "stat.stdev", "arith", "instr", "obs", "pos.pm"].contains(where: ucd.has) {
      return nil
    }
    if ucd.isOf(equatorial) { return ucd.has("meta.main") ? 0 : 1 }
    return ucd.isOf(galactic) ? 2 : nil
  }

  /// Names that catalogues give the part, without separators and unit, the surest first.
  ///
  /// They are the words that many use; what a single survey calls its columns stands in its profile. A
  /// row's own name stands before that of the source or island it belongs to; a fitted size before a
  /// deconvolved one, which is 0 where a source is not resolved.
  var names: [String] {
    switch self {
    case .name:
      [
        "gaussianid", "componentname", "sourcename", "name", "islandname", "iauname", "designation",
        "srcname", "objectname", "componentid", "sourceid", "objid", "id", "source", "object",
        "file",
      ]
    case .ra:
      [
        "ra", "raj2000", "raicrs", "alphaj2000", "radeg", "rightascension",
        "rightascensionj2000", "racent", "rab1950",
        "ra1950", "glon",
      ]
    case .dec:
      [
        "dec", "decj2000", "dej2000", "deicrs", "deltaj2000", "decdeg", "dedeg", "declination",
        "declinationj2000", "decl", "decb1950", "deb1950", "dec1950", "glat",
      ]
    case .totalFlux:
      [
        "totalflux", "fluxint", "intflux", "sint", "fint", "stotal", "stot", "flux", "fluxdensity",
        "fluxtot",
      ]
    case .peakFlux: ["peakflux", "fluxpeak", "speak", "fpeak"]
    case .rms: ["rms", "islrms", "localrms", "rmsnoise", "noise"]
    case .majorAxis:
      [
        "las", "angularsize", "fittedmaj", "maj", "majaxis", "majoraxis", "major", "dcmaj",
        "majaxisdeconv", "size",
      ]
    case .image: ["image", "cutout", "crop", "imagefile", "filename", "path", "file"]
    case .beamMajor, .beamMinor, .beamAngle, .x, .y, .boxWidth, .boxHeight: []
    }
  }

  /// Whether a column whose name ends with a unit can be the part: `flux_h` is no flux in hours.
  func mayBe(in unit: String?) -> Bool {
    guard let unit else { return true }
    let angles = [Self.ra: ["h", "hms", "dms"], .dec: ["dms"]]
    if angles[self]?.contains(unit) == true { return true }
    return self.unit.map { wanted in
      [wanted, wanted == "Jy/beam" ? "Jy" : wanted].contains {
        UnitConversion.scale(from: unit, to: $0) != nil
      }
    } ?? false
  }

  /// Whether a column's UCD says that it is something else than its name says: a flux in the
  /// infrared, or the error of one.
  func isDenied(by column: Column) -> Bool {
    guard let ucd = column.ucd.map(UCD.init), !ucd.words.isEmpty else { return false }
    // Noise is called an error too.
    if ucd.has("stat.error") { return self != .name && self != .rms }
    switch self {
    case .totalFlux:
      return !ucd.mayBeRadio || !ucd.mayBeFlux || ucd.has("stat.max")
    case .peakFlux: return !ucd.mayBeRadio || !ucd.mayBeFlux
    case .majorAxis: return !ucd.mayBeRadio || !ucd.mayBeSize
    case .ra, .dec: return !ucd.has("pos")
    default: return false
    }
  }

  /// Whether several columns together may make the part.
  var mayBeJoined: Bool { [.name, .ra, .dec, .image].contains(self) }

  /// Whether the part is a number.
  var isNumber: Bool { self != .name && self != .image }

  /// Whether a column can hold the part; numbers may be written as text.
  func accepts(_ column: Column) -> Bool {
    switch self {
    case .name: true
    case .image: column.datatype == .string
    default:
      (column.datatype.isNumeric || column.datatype == .string) && column.shape == .scalar
    }
  }
}

extension UCD {
  /// Whether it is a flux density in radio waves, and no error or ratio of one.
  fileprivate var isRadioFlux: Bool {
    isOf("phot.flux.density") && has("em.radio") && !has("stat.error") && !has("stat.stdev")
      && !["phys.polarization", "arith", "stat.min", "stat.fit.residual", "meta.code", "instr"]
        .contains(where: has)
  }

  /// Whether it leaves open that a column is a flux density: no magnitude, place or ratio.
  fileprivate var mayBeFlux: Bool {
    (has("phot") || isAbout("em.radio")) && !has("phot.mag") && !has("phot.color") && !has("arith")
  }

  /// Whether it leaves open that a column is a size, in the words of before 2005 too.
  fileprivate var mayBeSize: Bool {
    has("phys") || has("pos.angdistance") || words.first?.hasPrefix("extension") == true
  }

  /// 1 for what the beam was taken out of, 0 for what was fitted.
  fileprivate var deconvolution: Int { has("meta.deconvolved") ? 1 : 0 }
}

extension Column {
  /// Whether it tells of a flux that it is that of the peak: by UCD, name, or unit a beam.
  fileprivate var isPeak: Bool {
    let plain = ColumnName(name).plain
    return ucd.map(UCD.init)?.has("stat.max") == true || plain.contains("peak")
      || ["sp", "fp", "spk", "fpk", "pk"].contains(plain)
      || unit.flatMap { UnitConversion.scale(from: $0, to: "Jy/beam") } != nil
  }

  /// Whether its name says that it is an integrated flux.
  fileprivate var isCalledTotal: Bool {
    let plain = ColumnName(name).plain
    return plain != "flux" && ColumnMapping.Part.totalFlux.names.contains(plain)
  }
}
