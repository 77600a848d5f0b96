import Astronomy
import Digest
import FITS
import Files
import Foundation
import TestSupport
import Testing

/// Images of every type of pixel, cut out within and beyond their edges.
@Suite struct ImageTests {
  private let ramp = (0..<12).map { Float($0) + 0.25 }

  @Test func givesPixelsOfEveryType() throws {
    try withTemporaryFolder { folder in
      func whole(_ bitpix: Int, _ data: [UInt8]) throws -> ImagePixels {
        let path = try writeImage(
          folder + "/\(bitpix).fits", bitpix: bitpix, axes: [4, 3], cards: [], data: data)
        return try FITSImage(path).whole()
      }
      let bytes = try whole(8, (0..<12).map { UInt8(20 * $0) })
      #expect(bytes.type.rawValue == 8 && bytes.floats() == (0..<12).map { 20 * Float($0) })
      let shorts = try whole(16, bigEndian((0..<12).map { Int16(-2900 * $0 + 5) }))
      #expect(shorts.type.rawValue == 16 && shorts.floats()[11] == -31895)
      let ints = try whole(32, bigEndian((0..<12).map { Int32(-100_000_000 * $0) }))
      #expect(ints.type.rawValue == 32 && ints.floats()[3] == -3e8)
      let longs = try whole(64, bigEndian((0..<12).map { Int64($0) << 40 }))
      #expect(longs.type.rawValue == -64 && longs.floats()[1] == 1.0995116e12)
      let floats = try whole(-32, bigEndian(ramp))
      #expect(floats.type.rawValue == -32 && floats.floats() == ramp)
      let doubles = try whole(-64, bigEndian(ramp.map { Double($0).bitPattern }))
      #expect(doubles.type.rawValue == -64 && doubles.floats() == ramp)
      #expect(floats.nonFinite == 0 && floats.offImage == 0 && floats.width == 4)
    }
  }

  @Test func keepsEveryBitOfReals() throws {
    try withTemporaryFolder { folder in
      let patterns: [UInt32] = [
        0x7fc0_0001, 0x7f80_0000, 0xff80_0000, 0x0000_0001, 0x8000_0000, 0x3f80_0001,
      ]
      let path = try writeImage(
        folder + "/odd.fits", bitpix: -32, axes: [3, 2], cards: [], data: bigEndian(patterns))
      let pixels = try FITSImage(path).whole()
      #expect(pixels.bytes == patterns.flatMap { word in withUnsafeBytes(of: word, Array.init) })
      #expect(pixels.nonFinite == 0.5)
    }
  }

  @Test func scalesWholeNumbersAndFindsBlanks() throws {
    try withTemporaryFolder { folder in
      func image(_ bitpix: Int, _ cards: [String], _ data: [UInt8]) throws -> FITSImage {
        try FITSImage(
          writeImage(folder + "/i.fits", bitpix: bitpix, axes: [2, 2], cards: cards, data: data))
      }
      let unsigned = try image(
        16, ["BZERO   = 32768"], bigEndian([Int16.min, -1, 0, .max]))
      #expect(unsigned.type.rawValue == -32)
      #expect(try unsigned.whole().floats() == [0, 32767, 32768, 65535])
      let scaled = try image(
        16, ["BSCALE  = 0.5", "BZERO   = 10", "BLANK   = -32768"],
        bigEndian([Int16.min, -20, 0, 3]))
      #expect(try scaled.whole().floats().dropFirst() == [0, 10, 11.5])
      #expect(try scaled.whole().nonFinite == 0.25)
      let blank = try image(8, ["BLANK   = 255"], [0, 1, 255, 255])
      #expect(blank.type.rawValue == -32)
      #expect(try blank.whole().nonFinite == 0.5)
      // A 32-bit number does not fit into single precision.
      let wide = try image(
        32, ["BLANK   = -1"], bigEndian([-1, 16_777_217, 0, 3] as [Int32]))
      let pixels = try wide.whole()
      #expect(wide.type.rawValue == -64 && pixels.nonFinite == 0.25)
      let second = pixels.bytes.withUnsafeBytes {
        $0.loadUnaligned(fromByteOffset: 8, as: Double.self)
      }
      #expect(second == 16_777_217)
      let real = try image(-32, ["BSCALE  = 2.0"], bigEndian([1, 2, .nan, 4] as [Float]))
      #expect(try real.whole().floats()[3] == 8)
    }
  }

  @Test(arguments: [-32, 16, 32]) func padsBeyondTheEdges(bitpix: Int) throws {
    try withTemporaryFolder { folder in
      let data =
        switch bitpix {
        case 16: bigEndian((0..<12).map { Int16($0) })
        case 32: bigEndian((0..<12).map { Int32($0) })
        default: bigEndian((0..<12).map { Float($0) })
        }
      let image = try FITSImage(
        writeImage(folder + "/i.fits", bitpix: bitpix, axes: [4, 3], cards: [], data: data))
      for (columns, rows) in [
        (-2..<3, -1..<2), (2..<7, 1..<5), (-1..<5, -1..<4), (1..<3, 1..<3), (9..<11, 0..<2),
      ] {
        let pixels = try image.cutout(columns: columns, rows: rows)
        let expected = rows.flatMap { row in
          columns.map { (0..<4).contains($0) && (0..<3).contains(row) ? Float(4 * row + $0) : .nan }
        }
        let outside = Float(expected.count { $0.isNaN }) / Float(expected.count)
        #expect((pixels.width, pixels.height) == (columns.count, rows.count))
        #expect(pixels.floats().map(\.bitPattern) == expected.map(\.bitPattern))
        #expect(pixels.offImage == outside && pixels.nonFinite == outside)
        let type = outside == 0 ? bitpix : bitpix == 32 ? -64 : -32
        #expect(pixels.type.rawValue == type)
      }
      #expect(throws: FileError.self) { try image.cutout(columns: 1..<1, rows: 0..<2) }
      #expect(throws: FileError.self) { try image.cutout(columns: 0..<(1 << 40), rows: 0..<2) }
    }
  }

  @Test(arguments: Golden.tiled) func readsTileCompressedImages(golden: Golden.Tiled) throws {
    let image = try FITSImage(fixture(golden.name))
    #expect(image.type.rawValue == golden.bitpix && image.hdu == 2)
    #expect(image.unit == "Jy/beam")
    #expect(image.beam == Beam(major: 0.0015 * 3600, minor: 0.0012 * 3600, angle: 12.5))
    let pixels = try image.whole()
    #expect(pixels.nonFinite == Float(golden.notFinite) / 3000)
    let floats = pixels.floats()
    let chosen = [floats[7 * 60 + 10], floats[22 * 60 + 33], floats[49 * 60 + 59]]
    #expect(chosen == golden.at)
    #expect(normalised(pixels) == golden.sha256)
    let position = try #require(image.wcs?.pixel(of: SkyPosition(ra: 150.1, dec: 2.2)))
    #expect(abs(position.x - 50.25) < 1e-6 && abs(position.y - 39.5) < 1e-6)
    let cutout = try image.cutout(columns: 55..<65, rows: -2..<4).floats()
    #expect(cutout[2 * 10 + 4] == floats[59] || floats[59].isNaN)
    #expect(cutout[2 * 10 + 5].isNaN)
  }

  /// The digest of pixels whose NaNs are numpy's.
  private func normalised(_ pixels: ImagePixels) -> String {
    let floats = pixels.floats().map { $0.isNaN ? Float.nan : $0 }
    guard pixels.type.rawValue == -32 else { return SHA256.hash(pixels.bytes).hex }
    return SHA256.hash(
      floats.flatMap { number in
        withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
      }
    ).hex
  }

  @Test func readsGzippedFilesAndOddNames() throws {
    try withTemporaryFolder { folder in
      // CFITSIO's extended syntax would take the brackets and the rest as orders.
      for name in ["a[1:2,1:2].fits", "b(x).fits", "c+1.fits", "!d.fits", "ftp:e.fits", "f g.fits"]
      {
        let path = try writeImage(
          folder + "/" + name, bitpix: -32, axes: [4, 3], cards: [], data: bigEndian(ramp))
        #expect(try FITSImage(path).whole().floats() == ramp)
        try gzip(path)
        let image = try FITSImage(path + ".gz")
        #expect(try image.cutout(columns: 1..<3, rows: 2..<3).floats() == [9.25, 10.25])
      }
    }
  }

  @Test func readsBzip2AndSeveralGzipStreams() throws {
    try withTemporaryFolder { folder in
      try writeImage(
        folder + "/a.fits", bitpix: -32, axes: [4, 3], cards: [], data: bigEndian(ramp))
      let script = """
        cd \(folder) && bzip2 -k a.fits && head -c 3000 a.fits | gzip > b.gz && \
        tail -c +3001 a.fits | gzip >> b.gz
        """
      #expect(Validator.run("sh", ["-c", script])?.status == 0)
      for name in ["a.fits.bz2", "b.gz"] {
        #expect(try FITSImage(folder + "/" + name).whole().floats() == ramp)
      }
    }
  }

  @Test func takesTheImageThatIsAskedFor() throws {
    try withTemporaryFolder { folder in
      let first = try writeImage(folder + "/1.fits", axes: [], cards: [])
      let ones = try writeExtension(4, 3, 1, in: folder)
      let twos = try writeExtension(5, 2, 2, in: folder)
      let path = folder + "/many.fits"
      let parts = try [first, ones, twos].map { try Data(contentsOf: URL(filePath: $0)) }
      try parts.reduce(Data(), +).write(to: URL(filePath: path))
      #expect(try FITSImage(path).hdu == 2)
      #expect(try FITSImage(path, hdu: 3).whole().bytes == Array(repeating: 2, count: 10))
      for missing in [0, -1, 1, 4, 1 << 40] {
        let error = #expect(throws: FileError.self) { try FITSImage(path, hdu: missing) }
        #expect(error?.hdu == missing && error?.path == path)
      }
    }
  }

  private func writeExtension(
    _ width: Int, _ height: Int, _ value: UInt8, in folder: String
  ) throws -> String {
    let path = try writeImage(
      folder + "/x.fits", axes: [width, height], cards: ["PCOUNT  = 0", "GCOUNT  = 1"],
      data: Array(repeating: value, count: width * height))
    var data = try Data(contentsOf: URL(filePath: path))
    data.replaceSubrange(0..<20, with: Data("XTENSION= 'IMAGE   '".utf8))
    data[29] = 0x20
    try data.write(to: URL(filePath: path + "\(value)"))
    return path + "\(value)"
  }
}

func gzip(_ path: String) throws {
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = ["gzip", "-k", path]
  try process.run()
  process.waitUntilExit()
  #expect(process.terminationStatus == 0)
}
