import Catalogue
import Morphology
import Tensor

/// How an image is shown, as the URL says it.
struct Look: Sendable, Hashable {
  /// The stretch by its name in URLs.
  var stretch = "asinh"

  /// Brightness to colour.
  var colours = ColourMap.grey

  /// How much of the middle is shown.
  var zoom = Zoom.fitted

  /// The stretches by their names in URLs.
  static let stretches: [(name: String, curve: Stretch)] = [
    ("asinh", .asinh(softening: 12)), ("linear", .linear), ("sqrt", .squareRoot),
    ("faint", .asinh(softening: 150)),
  ]

  /// The default look.
  init() {}

  /// Reads `stretch`, `colours` and `zoom`; a value that is not known leaves the default.
  init(_ fields: Fields) {
    if let name = fields["stretch"], Self.stretches.contains(where: { $0.name == name }) {
      stretch = name
    }
    colours = fields["colours"].flatMap(ColourMap.init) ?? .grey
    zoom = fields["zoom"].flatMap(Zoom.init) ?? .fitted
  }

  /// The part of a query that says it.
  var query: String { "stretch=\(stretch)&colours=\(colours.rawValue)&zoom=\(zoom.name)" }

  /// The same with the next zoom; behind the closest the source comes again.
  var nextZoom: Look {
    var next = self
    next.zoom = zoom.next
    return next
  }

  private var curve: Stretch {
    Self.stretches.first { $0.name == stretch }?.curve ?? .linear
  }

  /// The image as steps of brightness, `width` × `height` pixels, rows from the top.
  ///
  /// The sky's level, less one standard deviation of the noise, becomes black, and the brightest
  /// pixel of the shown part white; pixels that are not finite are black.
  func render(_ image: StoredCutout, width: Int, height: Int) -> [UInt8] {
    let frame = Frame(image, zoom: zoom)
    let noise = SkyLevel(image.values)
    let floor = noise.median - noise.deviation
    var shown = Tensor([height, width])
    for row in 0..<height {
      for column in 0..<width {
        shown.values[row * width + column] = frame.value(row, column, of: width, height) - floor
      }
    }
    let peak = frame.peak - floor
    curve.apply(to: &shown, floor: 0, peak: peak > 0 ? peak : 1)
    return shown.values.map { UInt8(max(0, min(255, ($0 * 255).rounded()))) }
  }

  /// A picture of one image.
  func picture(_ image: StoredCutout, width: Int, height: Int) -> Raster {
    coloured(render(image, width: width, height: height), width: width, height: height)
  }

  /// Pictures side by side, row by row; a gap where there is no image.
  func montage(_ images: [StoredCutout?], columns: Int, cell: Int) -> Raster {
    let rows = max(1, (images.count + columns - 1) / columns)
    var steps = [UInt8](repeating: 0, count: rows * columns * cell * cell)
    let width = columns * cell
    for (index, image) in images.enumerated() {
      guard let image else { continue }
      let tile = render(image, width: cell - 2, height: cell - 2)
      let start = (index / columns * cell + 1) * width + index % columns * cell + 1
      for row in 0..<cell - 2 {
        let place = start + row * width
        steps.replaceSubrange(
          place..<place + cell - 2, with: tile[row * (cell - 2)..<(row + 1) * (cell - 2)])
      }
    }
    return coloured(steps, width: width, height: rows * cell)
  }

  private func coloured(_ steps: [UInt8], width: Int, height: Int) -> Raster {
    let table = colours.table
    let channels = colours.channels
    var bytes = [UInt8](repeating: 0, count: steps.count * channels)
    for (index, step) in steps.enumerated() {
      for channel in 0..<channels {
        bytes[index * channels + channel] = table[Int(step) * channels + channel]
      }
    }
    return Raster(width: width, height: height, channels: channels, bytes: bytes)
  }
}

/// The sky's level and the noise, from the median and the median absolute deviation.
struct SkyLevel {
  let median: Float
  let deviation: Float

  /// Takes at most some 2,000 of the values that are finite.
  init(_ values: [Float]) {
    let step = max(1, values.count / 2000)
    let sample = stride(from: 0, to: values.count, by: step).map { values[$0] }
      .filter(\.isFinite).sorted()
    guard !sample.isEmpty else {
      (median, deviation) = (0, 0)
      return
    }
    let middle = sample[sample.count / 2]
    let spread = sample.map { abs($0 - middle) }.sorted()[sample.count / 2]
    median = middle
    deviation = 1.4826 * spread
  }
}

/// The shown part of an image.
private struct Frame {
  let image: StoredCutout
  let left: Float
  let bottom: Float
  let width: Float
  let height: Float
  let peak: Float

  init(_ image: StoredCutout, zoom: Zoom) {
    self.image = image
    let shown = zoom.shown(of: image)
    width = Float(shown.width)
    height = Float(shown.height)
    left = (Float(image.width) - width) / 2
    bottom = (Float(image.height) - height) / 2
    var peak = -Float.infinity
    for row in Int(bottom)..<min(image.height, Int(bottom + height)) {
      for column in Int(left)..<min(image.width, Int(left + width)) {
        let value = image.values[row * image.width + column]
        if value.isFinite, value > peak { peak = value }
      }
    }
    self.peak = peak.isFinite ? peak : 0
  }

  /// The value shown at a pixel of a picture of `columns` × `rows`: the mean of what it covers where the picture
  /// is smaller than the image, bilinear between pixels where it is larger.
  func value(_ row: Int, _ column: Int, of columns: Int, _ rows: Int) -> Float {
    let scale = (width / Float(columns), height / Float(rows))
    let x = left + (Float(column) + 0.5) * scale.0 - 0.5
    let y = bottom + height - (Float(row) + 0.5) * scale.1 - 0.5
    if scale.0 <= 1.5 { return bilinear(x, y) }
    let half = (Int(scale.0 / 2), Int(scale.1 / 2))
    var (sum, count): (Float, Float) = (0, 0)
    let (cx, cy) = (Int(x.rounded()), Int(y.rounded()))
    for pixelY in max(0, cy - half.1)...max(0, min(image.height - 1, cy + half.1)) {
      for pixelX in max(0, cx - half.0)...max(0, min(image.width - 1, cx + half.0)) {
        let value = image.values[pixelY * image.width + pixelX]
        if value.isFinite { (sum, count) = (sum + value, count + 1) }
      }
    }
    return count > 0 ? sum / count : -.greatestFiniteMagnitude
  }

  private func bilinear(_ x: Float, _ y: Float) -> Float {
    let x = max(0, min(Float(image.width - 1), x))
    let y = max(0, min(Float(image.height - 1), y))
    let (x0, y0) = (Int(x), Int(y))
    let (x1, y1) = (min(image.width - 1, x0 + 1), min(image.height - 1, y0 + 1))
    let (fx, fy) = (x - Float(x0), y - Float(y0))
    let pixels = image.values
    let below = pixels[y0 * image.width + x0] * (1 - fx) + pixels[y0 * image.width + x1] * fx
    let above = pixels[y1 * image.width + x0] * (1 - fx) + pixels[y1 * image.width + x1] * fx
    let value = below * (1 - fy) + above * fy
    return value.isFinite ? value : -.greatestFiniteMagnitude
  }
}
