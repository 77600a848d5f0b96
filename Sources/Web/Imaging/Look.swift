import Catalogue
import Morphology
import Tensor

/// How large the pictures of a montage are, as the URL says it.
enum TileSize: String, CaseIterable {
  case small, usual, large

  /// The side, in pixels.
  var side: Int {
    switch self {
    case .small: 64
    case .usual: 96
    case .large: 160
    }
  }

  /// How many stand in a row where so many of the usual size do.
  func columns(of usual: Int) -> Int { max(1, usual * Self.usual.side / side) }
}

/// How an image is shown, as the URL says it.
struct Look: Sendable, Hashable {
  /// The stretch by its name in URLs.
  var stretch = "asinh"

  /// Brightness to colour.
  var colours = ColourMap.grey

  /// How much of the middle is shown.
  var zoom = Zoom.fitted

  /// How large the pictures of a montage are.
  var tiles = TileSize.usual

  /// Whether contours and the beam are drawn into the picture.
  var isMarked = false

  /// The stretches by their names in URLs.
  static let stretches: [(name: String, curve: Stretch)] = [
    ("asinh", .asinh(softening: 12)), ("linear", .linear), ("sqrt", .squareRoot),
    ("faint", .asinh(softening: 150)),
  ]

  /// Reads `stretch`, `colours`, `zoom`, `tiles` and `marks`; a value that is not known leaves the default.
  init(_ fields: Fields) {
    if let name = fields["stretch"], Self.stretches.contains(where: { $0.name == name }) {
      stretch = name
    }
    colours = fields["colours"].flatMap(ColourMap.init) ?? .grey
    zoom = fields["zoom"].flatMap(Zoom.init) ?? .fitted
    tiles = fields["tiles"].flatMap(TileSize.init) ?? .usual
    isMarked = fields["marks"] == "1"
  }

  /// The part of a query that says it.
  var query: String {
    "stretch=\(stretch)&colours=\(colours.rawValue)&zoom=\(zoom.name)"
      + (tiles == .usual ? "" : "&tiles=\(tiles.rawValue)") + (isMarked ? "&marks=1" : "")
  }

  /// The part of a picture's query that says it: browsers keep pictures, and those of another way of drawing have
  /// other addresses.
  var pictureQuery: String { query + "&drawn=2" }

  /// The same with the next zoom; behind the closest the source comes again.
  var nextZoom: Look {
    var next = self
    next.zoom = zoom.next
    return next
  }

  /// The same with contours and beam, or without.
  func marked(_ isMarked: Bool) -> Look {
    var next = self
    next.isMarked = isMarked
    return next
  }

  private var curve: Stretch {
    Self.stretches.first { $0.name == stretch }?.curve ?? .linear
  }

  /// A picture of one image of an observation.
  func picture(
    _ image: StoredCutout, of observation: Survey.Observation, width: Int, height: Int
  ) -> Raster {
    let tile = Tile(image, zoom: zoom, width: width, height: height)
    return coloured(tile.steps(curve), marks(tile, observation), width: width, height: height)
  }

  /// Pictures side by side, row by row; a gap where there is no image.
  func montage(
    _ images: [StoredCutout?], of observation: Survey.Observation, columns: Int, cell: Int
  ) -> Raster {
    let rows = max(1, (images.count + columns - 1) / columns)
    let (width, side) = (columns * cell, cell - 2)
    var steps = [UInt8](repeating: 0, count: rows * cell * width)
    var drawn = Marks()
    for (index, image) in images.enumerated() {
      guard let image else { continue }
      let tile = Tile(image, zoom: zoom, width: side, height: side)
      let start = (index / columns * cell + 1) * width + index % columns * cell + 1
      let own = tile.steps(curve)
      for row in 0..<side {
        let place = start + row * width
        steps.replaceSubrange(place..<place + side, with: own[row * side..<(row + 1) * side])
      }
      let marks = marks(tile, observation)
      let moved = { (place: Int) in start + place / side * width + place % side }
      drawn.contours += marks.contours.map(moved)
      drawn.beam += marks.beam.map(moved)
    }
    return coloured(steps, drawn, width: width, height: rows * cell)
  }

  /// The pixels of a picture that lines cover.
  private struct Marks {
    var contours: [Int] = []
    var beam: [Int] = []
  }

  private func marks(_ tile: Tile, _ observation: Survey.Observation) -> Marks {
    isMarked ? Marks(contours: tile.contours, beam: tile.beam(of: observation)) : Marks()
  }

  /// The colours of contours and of the beam, as the sheet has them for the page of a source.
  private static let lines: (contour: [UInt8], beam: [UInt8]) = ([79, 209, 255], [255, 200, 87])

  private func coloured(_ steps: [UInt8], _ marks: Marks, width: Int, height: Int) -> Raster {
    let (table, own) = (colours.table, colours.channels)
    let channels = isMarked ? 3 : own
    var bytes = [UInt8](repeating: 0, count: steps.count * channels)
    for (index, step) in steps.enumerated() {
      for channel in 0..<channels {
        bytes[index * channels + channel] = table[Int(step) * own + min(channel, own - 1)]
      }
    }
    for (places, line) in [(marks.contours, Self.lines.contour), (marks.beam, Self.lines.beam)] {
      for place in places { bytes.replaceSubrange(place * 3..<place * 3 + 3, with: line) }
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
struct Frame {
  let image: StoredCutout
  let left: Float
  let bottom: Float
  let width: Float
  let height: Float

  /// What one shown pixel in a thousand exceeds; of fewer pixels the brightest.
  let ceiling: Float

  init(_ image: StoredCutout, zoom: Zoom) {
    self.image = image
    let shown = zoom.shown(of: image)
    width = Float(shown.width)
    height = Float(shown.height)
    left = (Float(image.width) - width) / 2
    bottom = (Float(image.height) - height) / 2
    let columns = Int(left)..<min(image.width, Int(left + width))
    let values = (Int(bottom)..<min(image.height, Int(bottom + height))).flatMap { row in
      image.values[row * image.width + columns.lowerBound..<row * image.width + columns.upperBound]
    }
    ceiling = values.filter(\.isFinite).exceeded(by: values.count / 1000) ?? 0
  }

  /// The value shown at a pixel of a picture of `columns` × `rows`: the mean of what it covers where the picture
  /// is smaller than the image, bilinear between pixels where it is larger; not finite where the image has none.
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
    return count > 0 ? sum / count : .nan
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
    return below * (1 - fy) + above * fy
  }
}

extension [Float] {
  /// The value that so many exceed at most; `nil` of none.
  fileprivate func exceeded(by count: Int) -> Float? {
    guard count > 0 else { return self.max() }
    return sorted(by: >).dropFirst(count).first ?? self.max()
  }
}
