import Astronomy
import Digest
import FITS
import Foundation
import Testing

/// What astropy says of an image: pixels and their ICRS positions.
struct Golden: Sendable, CustomTestStringConvertible {
  struct Point: Sendable {
    let x: Double
    let y: Double
    let ra: Double
    let dec: Double
    /// The pixel of the position, by the way back.
    let backX: Double
    let backY: Double

    init(_ x: Double, _ y: Double, _ ra: Double, _ dec: Double, _ backX: Double, _ backY: Double) {
      (self.x, self.y, self.ra, self.dec) = (x, y, ra, dec)
      (self.backX, self.backY) = (backX, backY)
    }
  }

  struct Pixels: Sendable {
    let width: Int
    let height: Int
    let bitpix: Int
    let notFinite: Int
    let sum: Double
    let minimum: Double
    let maximum: Double
    /// Digest of all pixels, little-endian.
    let sha256: String
    /// Digest of columns 30 to 74 and rows 20 to 49.
    let cutout: String
  }

  /// The images of a folder, every `step`th one in the order of their names.
  struct Folder: Sendable {
    let name: String
    let count: Int
    let step: Int
    let sha256: String
    /// Sums of the positions of pixel (10, 20).
    let ra: Double
    let dec: Double

    init(_ name: String, count: Int, step: Int, sha256: String, ra: Double, dec: Double) {
      (self.name, self.count, self.step) = (name, count, step)
      (self.sha256, self.ra, self.dec) = (sha256, ra, dec)
    }
  }

  struct Tiled: Sendable {
    let name: String
    let bitpix: Int
    let notFinite: Int
    let sha256: String
    /// Pixels (10, 7), (33, 22) and (59, 49).
    let at: [Float]

    init(_ name: String, bitpix: Int, notFinite: Int, sha256: String, at: [Float]) {
      (self.name, self.bitpix, self.notFinite) = (name, bitpix, notFinite)
      (self.sha256, self.at) = (sha256, at)
    }
  }

  let name: String
  let scale: Double
  let cards: [String]
  let points: [Point]
  let pixels: Pixels?

  var testDescription: String { name }

  init(
    _ name: String, scale: Double, cards: [String] = [], points: [Point], pixels: Pixels? = nil
  ) {
    (self.name, self.scale, self.cards) = (name, scale, cards)
    (self.points, self.pixels) = (points, pixels)
  }
}

/// Writes a FITS file of one image by hand: its cards after NAXIS, and its bytes, big-endian.
@discardableResult
func writeImage(
  _ path: String, bitpix: Int = 8, axes: [Int]? = nil, cards: [String], data: [UInt8] = []
) throws -> String {
  func card(_ key: String, _ value: String) -> String {
    key.padding(toLength: 8, withPad: " ", startingAt: 0) + "= "
      + String(repeating: " ", count: max(0, 20 - value.count)) + value
  }
  var all = [card("SIMPLE", "T"), card("BITPIX", "\(bitpix)")]
  if let axes {
    all.append(card("NAXIS", "\(axes.count)"))
    all += axes.enumerated().map { card("NAXIS\($0 + 1)", "\($1)") }
  } else {
    all.append(card("NAXIS", "2"))
  }
  let text = (all + cards + ["END"])
    .map { $0.padding(toLength: 80, withPad: " ", startingAt: 0) }.joined()
  try Data(blocks(Array(text.utf8), 0x20) + blocks(data, 0)).write(to: URL(filePath: path))
  return path
}

/// Bytes filled up to FITS blocks of 2880.
private func blocks(_ bytes: [UInt8], _ fill: UInt8) -> [UInt8] {
  bytes + Array(repeating: fill, count: (2880 - bytes.count % 2880) % 2880)
}

func bigEndian<Word: FixedWidthInteger>(_ words: [Word]) -> [UInt8] {
  words.flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } }
}

func bigEndian(_ numbers: [Float]) -> [UInt8] { bigEndian(numbers.map(\.bitPattern)) }

/// The path of a file of Tests/FITSTests/Fixtures.
func fixture(_ name: String) -> String {
  Bundle.module.bundlePath + "/Fixtures/" + name
}
