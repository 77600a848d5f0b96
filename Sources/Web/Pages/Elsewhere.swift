import Astronomy
import Foundation
import Markup

/// Pages of others about a place on the sky; nothing is fetched from them here.
enum Elsewhere: String, CaseIterable {
  case aladin = "Aladin Lite"
  case esaSky = "ESASky"
  case ned = "NED"
  case simbad = "SIMBAD"
  case vizieR = "VizieR"

  /// Links to all of them.
  static func links(to place: SkyPosition) -> [Content] {
    allCases.map { ["name": $0.rawValue, "href": $0.address(of: place)] }
  }

  /// The page about a place; those that search do within an arcminute.
  private func address(of place: SkyPosition) -> String {
    let (ra, dec) = (String(format: "%.6f", place.ra), String(format: "%+.6f", place.dec))
    let both = percentEncoded("\(ra) \(dec)")
    return switch self {
    case .aladin: "https://aladin.cds.unistra.fr/AladinLite/?target=\(both)&fov=0.1"
    case .esaSky: "https://sky.esa.int/esasky/?target=\(both)&fov=0.1"
    case .ned:
      "https://ned.ipac.caltech.edu/conesearch?search_type=Near%20Position%20Search"
        + "&in_csys=Equatorial&in_equinox=J2000&coordinates="
        + percentEncoded("\(ra)d \(dec)d") + "&radius=1"
    case .simbad:
      "https://simbad.cds.unistra.fr/simbad/sim-coo?Coord=\(both)&CooFrame=ICRS&Radius=1&Radius.unit=arcmin"
    case .vizieR: "https://vizier.cds.unistra.fr/viz-bin/VizieR?-c=\(both)&-c.rm=1"
    }
  }
}
