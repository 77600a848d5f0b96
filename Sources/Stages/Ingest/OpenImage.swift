import FITS
import Foundation
import PNG

/// An image file that was opened, whatever its format.
struct OpenImage {
  let file: ImageFile
  private let content: Content

  private enum Content {
    case fits(FITSImage)
    case png(PNGImage)
  }

  /// - Throws: What reading the header throws: `FITSError`, `PNGError`.
  init(_ file: ImageFile) throws {
    self.file = file
    content =
      file.isPNG ? .png(try PNGImage(file.path)) : .fits(try FITSImage(file.path))
  }

  private var fits: FITSImage? {
    if case .fits(let image) = content { image } else { nil }
  }

  var width: Int {
    switch content {
    case .fits(let image): image.width
    case .png(let image): image.width
    }
  }

  var height: Int {
    switch content {
    case .fits(let image): image.height
    case .png(let image): image.height
    }
  }

  /// What the header says.
  var header: ImageHeading {
    ImageHeading(
      width: width, height: height, wcs: fits?.wcs, beam: fits?.beam, unit: fits?.unit,
      object: fits?.object, frequency: fits?.frequency)
  }

  /// All pixels.
  func whole() throws -> Pixels {
    switch content {
    case .fits(let image): Pixels(try image.whole())
    case .png(let image): Pixels(image)
    }
  }

  /// The pixels of a rectangle, counted from 0, NaN beyond the image.
  func cutout(columns: Range<Int>, rows: Range<Int>) throws -> Pixels {
    guard let fits else { return try whole() }
    return Pixels(try fits.cutout(columns: columns, rows: rows))
  }
}

/// What an image's header says of it.
struct ImageHeading: Sendable {
  /// Columns of pixels.
  var width: Int
  /// Rows of pixels.
  var height: Int
  var wcs: WCS?
  var beam: Beam?
  var unit: String?
  var object: String?
  /// Hz.
  var frequency: Double?

  /// The sky at the image's centre, degrees.
  var centre: (ra: Double, dec: Double)? {
    wcs?.sky(x: Double(width - 1) / 2, y: Double(height - 1) / 2)
  }
}
