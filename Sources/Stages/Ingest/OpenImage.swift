import Astronomy
import FITS
import Foundation
import PNG

/// An image file that was opened, whatever its format.
struct OpenImage {
  let file: ImageFile
  private let content: Content

  private enum Content {
    case fits(FITSImage, SquarePixels?)
    case png(PNGImage)
  }

  /// - Throws: `FileError` where it cannot be read.
  init(_ file: ImageFile) throws {
    self.file = file
    if file.isPNG {
      content = .png(try PNGImage(file.path))
    } else {
      let image = try FITSImage(file.path)
      content = .fits(image, SquarePixels(image))
    }
  }

  private var fits: FITSImage? {
    if case .fits(let image, _) = content { image } else { nil }
  }

  private var square: SquarePixels? {
    if case .fits(_, let square) = content { square } else { nil }
  }

  var width: Int {
    switch content {
    case .fits(let image, let square): square?.width ?? image.width
    case .png(let image): image.width
    }
  }

  var height: Int {
    switch content {
    case .fits(let image, let square): square?.height ?? image.height
    case .png(let image): image.height
    }
  }

  /// What the header says.
  var header: ImageHeading {
    ImageHeading(
      width: width, height: height, wcs: square?.wcs ?? fits?.wcs, beam: fits?.beam,
      unit: fits?.unit,
      object: fits?.object, frequency: fits?.frequency, epoch: fits?.epoch,
      isSimulated: fits?.logical("SIMULATE") ?? false, isResampled: square != nil,
      notes: [square?.note, fits?.beamNote, choice, polarisation].compactMap(\.self))
  }

  private var polarisation: String? {
    (fits?.polarisation).map { "it is of Stokes \($0), not of the total intensity" }
  }

  /// Says which image was taken of a file that has several.
  private var choice: String? {
    guard let fits, !fits.others.isEmpty else { return nil }
    let own = fits.name.map { "HDU \(fits.hdu), '\($0)'" } ?? "HDU \(fits.hdu)"
    return
      "it holds \(fits.others.count + 1) images: \(own) is taken, not \(fits.others.joined(separator: ", "))"
  }

  /// All pixels.
  func whole() throws -> ImagePixels {
    switch content {
    case .fits: try cutout(columns: 0..<width, rows: 0..<height)
    case .png(let image): ImagePixels(image)
    }
  }

  /// The pixels of a rectangle, counted from 0, NaN beyond the image.
  func cutout(columns: Range<Int>, rows: Range<Int>) throws -> ImagePixels {
    switch content {
    case .png(let image): ImagePixels(image, columns: columns, rows: rows)
    case .fits(let image, let square):
      try square?.cutout(of: image, columns: columns, rows: rows)
        ?? image.cutout(columns: columns, rows: rows)
    }
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
  /// Julian year.
  var epoch: Double?
  /// Whether the header says that the sky is made up.
  var isSimulated: Bool
  /// Whether its pixels are others than those of the file, which are not square.
  var isResampled = false
  /// What was assumed, changed or left aside since the header does not say it right.
  var notes: [String] = []

  /// How far a pixel lies from the nearest edge, pixels; below 0 outside.
  func margin(_ x: Double, _ y: Double) -> Double {
    min(x + 0.5, y + 0.5, Double(width) - 0.5 - x, Double(height) - 0.5 - y)
  }

  /// The sky at the outer corners of the corner pixels, in turn from the first pixel along the first row; nil
  /// where one lies off the sky.
  var corners: [SkyPosition]? {
    let found = ImagePixels.corners(width: width, height: height)
      .compactMap { wcs?.sky(x: $0.x, y: $0.y) }
    return found.count == 4 ? found : nil
  }

  /// The sky at the image's centre.
  var centre: SkyPosition? {
    wcs?.sky(x: Double(width - 1) / 2, y: Double(height - 1) / 2)
  }
}

extension ImagePixels {
  /// A PNG from the bottom row up; of 32-bit integers for 16 bits, since FITS knows no unsigned ones.
  fileprivate init(_ image: PNGImage) {
    let type = image.bitDepth == 16 ? PixelType.int32 : .uint8
    var bytes: [UInt8] = []
    bytes.reserveCapacity(image.values.count * type.size)
    for row in (0..<image.height).reversed() {
      for value in image.values[row * image.width..<(row + 1) * image.width] {
        bytes.append(UInt8(truncatingIfNeeded: value))
        if type == .int32 { bytes += [UInt8(value >> 8), 0, 0] }
      }
    }
    self.init(width: image.width, height: image.height, type: type, bytes: bytes)
  }

  /// A rectangle of a PNG, counted from the bottom row up, in reals: NaN beyond the picture.
  fileprivate init(_ image: PNGImage, columns: Range<Int>, rows: Range<Int>) {
    var values: [Float] = []
    values.reserveCapacity(columns.count * rows.count)
    var outside = 0
    for row in rows {
      for column in columns {
        let isInside = (0..<image.height).contains(row) && (0..<image.width).contains(column)
        let place = (image.height - 1 - row) * image.width + column
        values.append(isInside ? Float(image.values[place]) : .nan)
        outside += isInside ? 0 : 1
      }
    }
    self.init(width: columns.count, height: rows.count, values: values, offImage: outside)
  }
}
