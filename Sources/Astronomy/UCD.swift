/// A Unified Content Descriptor of the IVOA: words such as `phot.flux.density;em.radio`, the first of
/// which says what a column is, and the others of what.
public struct UCD: Hashable, Sendable {
  /// The words, in lower case and without the namespace of a UCD of one's own.
  public let words: [String]

  /// Takes a descriptor as a file writes it: those of before 2005 (`PHOT_FLUX_RADIO_1.4G`) are turned
  /// into the words of today.
  public init(_ text: String) {
    let lower = text.lowercased()
    let today = Self.formerly.first { lower.hasPrefix($0.former) }?.words
    words = (today ?? lower).split(separator: ";").map { word in
      let parts = word.split(separator: ":")
      return (parts.last ?? "").split(separator: " ").joined()
    }
  }

  /// How UCD1 called what a source is made of, and what may be mistaken for it; of two that fit, the
  /// first counts.
  private static let formerly: [(former: String, words: String)] = [
    ("pos_eq_ra_main", "pos.eq.ra;meta.main"), ("pos_eq_ra", "pos.eq.ra"),
    ("pos_eq_dec_main", "pos.eq.dec;meta.main"), ("pos_eq_dec", "pos.eq.dec"),
    ("pos_gal_lon", "pos.galactic.lon"), ("pos_gal_lat", "pos.galactic.lat"),
    ("id_main", "meta.id;meta.main"), ("error", "stat.error"),
    ("phot_flux_radio", "phot.flux.density;em.radio"), ("phot_flux_density", "phot.flux.density"),
    ("phot_flux_ir", "phot.flux.density;em.ir"), ("phot_flux_x", "phot.flux;em.x-ray"),
    ("phot_flux_uv", "phot.flux.density;em.uv"), ("phot_flux_opt", "phot.flux.density;em.opt"),
    ("phot_flux", "phot.flux"), ("phot_", "phot.mag;em.opt"),
    ("extension_diam", "phys.angsize"), ("extension_fwhm_maj", "phys.angsize.smajaxis"),
  ]

  /// Whether the first word is this one.
  public func isOf(_ word: String) -> Bool { words.first == word }

  /// Whether the first word is this one, or a narrower one.
  public func isAbout(_ word: String) -> Bool {
    words.first.map { $0 == word || $0.hasPrefix(word + ".") } ?? false
  }

  /// Whether a word is this one, or a narrower one: `em.radio` stands for `em.radio.750-1500MHz` too.
  public func has(_ word: String) -> Bool {
    words.contains { $0 == word || $0.hasPrefix(word + ".") }
  }

  /// Whether it says that a column tells of radio waves, or leaves the wave band open.
  public var mayBeRadio: Bool { has("em.radio") || !has("em") }
}
