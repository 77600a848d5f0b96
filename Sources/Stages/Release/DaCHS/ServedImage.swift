import Astronomy
import Catalogue
import Foundation
import Tables

/// An image as a row of the table that DaCHS takes in, whose columns have the names of ObsCore's where ObsCore
/// has the notion.
struct ServedImage {
  /// The table in the folder.
  static let file = "images.csv"

  private let image: PlacedImage
  private let centre: SkyPosition
  private let corners: [SkyPosition]
  private let scale: Double
  private let address: String

  /// Says where an image lies and is got; nil where nobody knows the place of its source, or its file told none of its
  /// own, for `/cutout` gives no such image.
  ///
  /// - Parameters:
  ///   - image: The image.
  ///   - survey: The name of its survey.
  ///   - cutouts: The address of `/cutout`, which gives an image by its key.
  init?(_ image: PlacedImage, of survey: String, at cutouts: String) {
    let footprint = image.footprint
    guard footprint.wcs != nil, let sky = footprint.sky,
      let source = SkyPosition(ra: footprint.ra, dec: footprint.dec),
      let centre = sky.position(
        Double(footprint.width - 1) / 2, Double(footprint.height - 1) / 2)
    else { return nil }
    corners = ImagePixels.corners(width: footprint.width, height: footprint.height).compactMap {
      sky.position($0, $1)
    }
    guard corners.count == 4 else { return nil }
    self.image = image
    self.centre = centre
    scale = sky.pixelScale
    address = "\(cutouts)?survey=\(survey)&cutout=\(image.cutout)&pos=\(source.ra),\(source.dec)"
  }

  private var width: Int { image.footprint.width }
  private var height: Int { image.footprint.height }
  private var fieldOfView: Double { Double(max(width, height)) * scale / 3600 }
  private var region: String { corners.map { "\($0.ra) \($0.dec)" }.joined(separator: " ") }

  /// Pixels in single precision behind a header of two blocks.
  private var kilobytes: Int { (width * height * 4 + 2 * 2880 + 1023) / 1024 }

  /// Metres.
  private var wavelength: Double? { image.frequency.map { 299_792_458 / $0 } }

  /// The modified Julian date of the epoch.
  private var day: Double? { image.epoch.map(JulianEpoch.day(ofYear:)) }

  static var cells: [CellColumn<Self>] {
    [
      CellColumn(
        "name", \.image.source, ucd: "meta.id;meta.main",
        description: "Name of the source in table sources"),
      CellColumn(
        "s_ra", \.centre.ra, unit: "deg", ucd: "pos.eq.ra;meta.main",
        description: "Right ascension of the middle, ICRS"),
      CellColumn(
        "s_dec", \.centre.dec, unit: "deg", ucd: "pos.eq.dec;meta.main",
        description: "Declination of the middle, ICRS"),
      CellColumn(
        "s_fov", \.fieldOfView, unit: "deg", ucd: "phys.angSize;instr.fov",
        description: "The longer side"),
      CellColumn(
        "s_region", \.region, ucd: "pos.outline;obs.field", description: "The outline, ICRS"),
      CellColumn(
        "s_xel1", \.width, unit: "pix", ucd: "meta.number", description: "Columns of pixels"),
      CellColumn(
        "s_xel2", \.height, unit: "pix", ucd: "meta.number", description: "Rows of pixels"),
      CellColumn(
        "s_pixel_scale", \.scale, unit: "arcsec", ucd: "phys.angSize;instr.pixel",
        description: "Side of a pixel"),
      CellColumn(
        "s_resolution", \.image.beamMajor, unit: "arcsec", ucd: "pos.angResolution",
        description: "Major axis of the beam"),
      CellColumn(
        "wavelength", \.wavelength, unit: "m", ucd: "em.wl", description: "That of the frequency"),
      CellColumn(
        "epoch_mjd", \.day, unit: "d", ucd: "time.epoch", description: "Epoch of the observation"),
      CellColumn(
        "access_estsize", \.kilobytes, unit: "kbyte", ucd: "phys.size;meta.file",
        description: "About how large the FITS file is"),
      CellColumn("access_url", \.address, ucd: "meta.ref.url", description: "The image, as FITS"),
      CellColumn(
        "preview", { $0.address + "&format=png" }, ucd: "meta.ref.url;meta.preview",
        description: "A picture of it, as PNG"),
      CellColumn(
        "pixels_sha256", \.image.pixelsSHA256, ucd: "meta.code",
        description: "SHA-256 of the pixels as Reber stores them"),
      CellColumn(
        "file_sha256", \.image.fileSHA256, ucd: "meta.code",
        description: "SHA-256 of the file that it was cut from"),
    ]
  }
}
