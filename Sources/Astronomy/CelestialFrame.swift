/// The frame that celestial coordinates of an image or a catalogue are given in.
///
/// The models and constants are those of astropy, so that positions agree with its own to
/// rounding.
public enum CelestialFrame: Codable, Hashable, Sendable {
  case icrs
  /// The mean equator and equinox of a Julian year.
  case fk5(equinox: Double)
  /// The mean equator and equinox of a Besselian year, observed at that time.
  case fk4(equinox: Double, eTerms: Bool)
  case galactic

  /// The frame of RADESYS and EQUINOX as the FITS standard takes them (Calabretta & Greisen
  /// 2002, A&A 395, 1077), or nil where it is none of those known here.
  ///
  /// - Parameters:
  ///   - axis: The type of the longitude axis, `RA` or `GLON`.
  ///   - system: RADESYS, empty where it is missing.
  ///   - equinox: EQUINOX or EPOCH.
  public init?(axis: String, system: String, equinox: Double?) {
    // Precession knows no others, and JSON no infinity.
    if let equinox, !(1500...2500).contains(equinox) { return nil }
    if axis == "GLON" {
      self = .galactic
      return
    }
    guard axis == "RA" else { return nil }
    switch system.uppercased() {
    case "ICRS": self = .icrs
    case "FK5", "J2000": self = .fk5(equinox: equinox ?? 2000)
    case "FK4", "B1950": self = .fk4(equinox: equinox ?? 1950, eTerms: true)
    case "FK4-NO-E": self = .fk4(equinox: equinox ?? 1950, eTerms: false)
    case "":
      guard let equinox else {
        self = .icrs
        return
      }
      self = equinox < 1984 ? .fk4(equinox: equinox, eTerms: true) : .fk5(equinox: equinox)
    default: return nil
    }
  }

  /// The frame by a name of FITS, VOTable or VizieR, with its equinox behind it: `eq_FK4 B1950`,
  /// `ICRS`, `galactic`; nil where it is none of those known here.
  public init?(named text: String) {
    let words = text.lowercased().split(separator: " ")
    let system = String(words.first ?? "").replacing(/^eq_/, with: "")
    let equinox = words.dropFirst().first.flatMap { Double($0.drop { $0.isLetter }) }
    switch system {
    case "galactic", "gal_ii", "gal": self = .galactic
    case "b1950", "j2000": self.init(axis: "RA", system: system, equinox: nil)
    case "icrs", "fk4", "fk5", "fk4-no-e": self.init(axis: "RA", system: system, equinox: equinox)
    default: return nil
    }
  }

  /// RADESYS and EQUINOX of the frame.
  public var keywords: (system: String?, equinox: Double?) {
    switch self {
    case .icrs: ("ICRS", nil)
    case .fk5(let equinox): ("FK5", equinox)
    case .fk4(let equinox, let eTerms): (eTerms ? "FK4" : "FK4-NO-E", equinox)
    case .galactic: (nil, nil)
    }
  }
}

/// The turn of a frame into ICRS and back.
public struct FrameConversion: Sendable {
  private let matrix: Rotation
  private let inverse: Rotation
  /// The E-terms of aberration that the frame's positions still have.
  private let eTerms: SIMD3<Double>?

  /// Computes the turn, which is the same for all positions.
  public init(_ frame: CelestialFrame) {
    var eTerms: SIMD3<Double>?
    switch frame {
    case .icrs: (matrix, inverse) = (.identity, .identity)
    case .fk5(let equinox):
      matrix = .icrsToFK5.transposed * .precession(julian: equinox).transposed
      inverse = matrix.transposed
    case .galactic:
      matrix = .icrsToFK5.transposed * Rotation.fk5ToGalactic.transposed
      inverse = matrix.transposed
    case .fk4(let equinox, let has):
      let turn = Rotation.fk4ToFK5(epoch: julianYear(besselian: equinox))
      matrix = .icrsToFK5.transposed * turn * .precession(from: equinox, besselian: 1950)
      inverse = .precession(from: 1950, besselian: equinox) * turn.transposed * .icrsToFK5
      eTerms = has ? eTermsOfAberration(besselian: equinox) : nil
    }
    self.eTerms = eTerms
  }

  /// The ICRS position of one in the frame, in degrees.
  public func icrs(_ longitude: Double, _ latitude: Double) -> SkyPosition {
    var vector = SIMD3(longitude: longitude, latitude: latitude)
    if let eTerms { vector = vector - eTerms + (eTerms * vector).sum() * vector }
    vector = matrix * vector
    return SkyPosition(ra: vector.longitude, dec: vector.latitude)
  }

  /// The position in the frame of one in ICRS, in degrees.
  public func frame(_ position: SkyPosition) -> (longitude: Double, latitude: Double) {
    var vector = inverse * position.vector
    if let eTerms {
      vector /= vector.length
      let sum = vector + eTerms
      for _ in 0..<10 { vector = sum / (1 + (eTerms * vector).sum()) }
    }
    return (vector.longitude, vector.latitude)
  }
}
