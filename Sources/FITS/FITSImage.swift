public import Astronomy
public import Files

/// An open image of a FITS file, plain, packed by gzip or bzip2, or tile-compressed (`.fits.fz`).
///
/// Only the pixels that are asked for are read, except that a packed file is unpacked whole, into
/// the folder for temporary files. One thread at a time may use an image; its ``wcs`` serves any number of them.
public final class FITSImage {
  /// The file.
  public let path: String
  /// The header-data unit, the first being 1.
  public let hdu: Int
  /// Columns of pixels: the length of the first celestial axis.
  public let width: Int
  /// Rows of pixels: the length of the second celestial axis.
  public let height: Int
  /// The type of the pixels within the image as ``cutout(columns:rows:)`` gives them.
  ///
  /// Whole numbers with BSCALE, BZERO or BLANK become reals, of double precision where 32 bits
  /// would not hold them.
  public let type: PixelType
  /// BUNIT, as the file spells it.
  public let unit: String?
  /// OBJECT.
  public let object: String?
  /// The beam of BMAJ, BMIN and BPA, of the HISTORY that AIPS keeps, or of CASA's table BEAMS.
  public let beam: Beam?
  /// What of the beam was assumed or left aside.
  public let beamNote: String?
  /// The other images of the file, by EXTNAME, where none was asked for.
  public let others: [String]
  /// EXTNAME.
  public let name: String?
  /// The Stokes parameter that it shows, where that is not I: Q, U or V.
  public let polarisation: String?
  /// Frequency in Hz: of the FREQ axis, else of RESTFRQ, RESTFREQ or FREQ.
  public let frequency: Double?
  /// The Julian year of the middle of the observation (MJD-AVG, DATE-AVG), else of its beginning (MJD-OBS,
  /// DATE-OBS).
  public let epoch: Double?
  /// The world coordinates, or nil where the header has no celestial axes.
  public let wcs: WCS?
  let file: FITSFile
  let layout: ImageLayout
  private let tiles: CompressedTiles?
  /// Of an image in rows, plain or packed each by itself.
  private let kept: KeptRows?

  /// Opens an image.
  ///
  /// - Parameters:
  ///   - path: The file; the name is taken as it stands.
  ///   - hdu: The header-data unit, the first being 1; without it the first with two axes longer
  ///     than one pixel.
  /// - Throws: `FileError` where the file is missing, no FITS or cut off, where it has no such
  ///   image, or one with more than two axes longer than one pixel.
  public init(_ path: String, hdu: Int? = nil) throws(FileError) {
    self.path = path
    file = try FITSFile(opening: path)
    self.hdu = try file.selectImage(hdu)
    others = hdu == nil ? try file.images(besides: self.hdu) : []
    let header = try file.imageHeader(hdu: self.hdu)
    let celestial = try CelestialProjection(header, path: path, hdu: self.hdu)
    let layout = try ImageLayout(header, celestial: celestial?.axes, path: path, hdu: self.hdu)
    self.layout = layout
    tiles = CompressedTiles(file)
    let isInRows = layout.isInOrder && tiles?.areRows != false
    kept = isInRows ? KeptRows(arePacked: tiles != nil) : nil
    wcs = celestial.map { WCS($0, width: layout.width, height: layout.height) }
    if let wcs, !wcs.hasPossiblePixels {
      throw FileError(
        path, hdu: self.hdu, "its header has pixels of \(wcs.pixelSides.x) × \(wcs.pixelSides.y)″",
        advice: "Mend CDELT or the CD matrix")
    }
    (width, height, type) = (layout.width, layout.height, layout.type)
    unit = file.text("BUNIT")
    name = file.text("EXTNAME")
    object = file.text("OBJECT")
    (frequency, epoch, polarisation) = (header.frequency, header.epoch, header.polarisation)
    let found = HeaderBeam(
      header, hdu: self.hdu, pixelScale: wcs?.pixelScale, side: max(width, height))
    (beam, beamNote) = (found.beam, found.note)
  }

  /// The most bytes that pixels are read into at a time.
  private static let mostBytes = 1 << 28

  /// The truth of a keyword, or nil where it is missing or no logical.
  public func logical(_ keyword: String) -> Bool? { file.logical(keyword) }

  /// The pixels of a rectangle, counted from 0, which may reach beyond the image.
  ///
  /// What lies outside is NaN; whole numbers become reals there, of double precision for 32-bit ones.
  ///
  /// - Throws: `FileError` where the file is damaged, or the rectangle empty or beyond 256 MiB.
  public func cutout(columns: Range<Int>, rows: Range<Int>) throws(FileError) -> ImagePixels {
    let (area, isOverflown) = columns.count.multipliedReportingOverflow(by: rows.count)
    guard area > 0, !isOverflown, area <= Self.mostBytes / type.size else {
      throw FileError(
        path, hdu: hdu, "a cutout of \(columns.count) × \(rows.count) pixels cannot be made",
        advice: "Choose a size between one pixel and \(Self.mostBytes / type.size)")
    }
    if let tiles, let inside = layout.inside(columns: columns, rows: rows) {
      try tiles.check(file, hdu: hdu, inside)
    }
    do {
      return try layout.read(file, columns: columns, rows: rows, keeping: kept)
    } catch {
      throw FileError(path, hdu: hdu, error)
    }
  }

  /// All pixels.
  ///
  /// - Throws: `FileError` where the file is damaged.
  public func whole() throws(FileError) -> ImagePixels {
    try cutout(columns: 0..<width, rows: 0..<height)
  }
}
