import Astronomy
import Digest
import FITS
import Foundation
import TestSupport
import Testing

/// Pixels of real images, against astropy's.
@Suite(.enabled(if: SharedData.exists, "shared data are absent")) struct SharedImageTests {
  @Test(arguments: Golden.images)
  func holdsTheSamePixels(golden: Golden) throws {
    let image = try FITSImage(SharedData.path(golden.name))
    let expected = try #require(golden.pixels)
    #expect((image.width, image.height) == (expected.width, expected.height))
    #expect(image.type.rawValue == expected.bitpix)
    let pixels = try image.whole()
    #expect(SHA256.hash(pixels.bytes).hex == expected.sha256)
    let area = Float(image.width * image.height)
    #expect(pixels.nonFinite == Float(expected.notFinite) / area)
    #expect(pixels.offImage == 0)
    let finite = pixels.floats().filter(\.isFinite).map(Double.init)
    #expect(abs(finite.reduce(0, +) - expected.sum) < 1e-6 * max(1, abs(expected.sum)))
    #expect(finite.min() == Double(Float(expected.minimum)))
    #expect(finite.max() == Double(Float(expected.maximum)))
    let cutout = try image.cutout(columns: 30..<75, rows: 20..<50)
    #expect(SHA256.hash(cutout.bytes).hex == expected.cutout)
  }

  @Test(arguments: Golden.folders)
  func readsWholeFolders(folder: Golden.Folder) throws {
    let path = SharedData.path(folder.name)
    let names = try FileManager.default.contentsOfDirectory(atPath: path)
      .filter { $0.contains(".fits") }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let chosen = stride(from: 0, to: names.count, by: folder.step).map { path + "/" + names[$0] }
    var bytes: [UInt8] = []
    var (ra, dec) = (0.0, 0.0)
    for name in chosen {
      let image = try FITSImage(name)
      bytes += try image.whole().bytes
      let sky = try #require(image.wcs?.sky(x: 10, y: 20))
      (ra, dec) = (ra + sky.ra, dec + sky.dec)
      #expect(image.unit == "JY/BEAM")
    }
    #expect(chosen.count == folder.count)
    #expect(SHA256.hash(bytes).hex == folder.sha256)
    #expect(abs(ra - folder.ra) < 1e-8 && abs(dec - folder.dec) < 1e-8)
  }

  @Test func readsWhatHeadersSay() throws {
    let lotss = try FITSImage(SharedData.path("lotss_dr1/P205+55-mosaic.fits"))
    #expect(lotss.unit == "JY/BEAM" && lotss.object == "P205+55" && lotss.hdu == 1)
    #expect(lotss.frequency == 143_650_000)
    let beam = try #require(lotss.beam)
    #expect(abs(beam.major - 6) < 1e-9 && abs(beam.minor - 6) < 1e-9 && beam.angle == 90)
    let scorpio = try FITSImage(SharedData.path("scorpio_atca/ScorpioExtendedSourceField.fits"))
    #expect(scorpio.frequency == 1.44746065140e9)
    #expect(abs(try #require(scorpio.beam).major - 6.5) < 1e-6)
    // These have their beam in AIPS's history only.
    let native = try FITSImage(SharedData.path("first_3c_native/3C230.fits"))
    #expect(native.frequency == 1.4e9)
    let noted = try #require(native.beam)
    #expect(abs(noted.major - 6.40008) < 1e-9 && abs(noted.minor - 5.4) < 1e-9 && noted.angle == 0)
    let skyview = try FITSImage(
      SharedData.path(
        "first_mirabest/fits_original300/100_123.251+043.797_0.1281_0034.09.fits"))
    #expect(skyview.beam == nil && skyview.frequency == nil && skyview.object == nil)
  }

  /// Of the catalogue's 6,774 sources 27 lie in the image, at the pixels that are given.
  @Test func findsSourcesInTheImage() throws {
    let image = try FITSImage(SharedData.path("lotss_dr1/P205+55-mosaic.fits"))
    let wcs = try #require(image.wcs)
    let table = try BinaryTable.all(
      in: SharedData.path("lotss_dr1/lotss_dr1_P205+55.srl.fits"))[0]
    func column(_ name: String) throws -> BinaryTableBlock {
      let index = try #require(table.columns.firstIndex { $0.name == name })
      return try table.read(index, rows: 0..<table.rowCount)
    }
    guard case .reals(let ra) = try column("RA"), case .reals(let dec) = try column("DEC"),
      case .texts(let names) = try column("Source_Name")
    else {
      Issue.record("the catalogue has other columns")
      return
    }
    let expected = try footprint()
    #expect(table.rowCount == 6774 && expected.count == 27)
    var inside: Set<String> = []
    for (name, position) in zip(names, zip(ra, dec)) {
      guard let pixel = wcs.pixel(of: SkyPosition(ra: position.0, dec: position.1)),
        (-0.5..<Double(image.width) - 0.5).contains(pixel.x),
        (-0.5..<Double(image.height) - 0.5).contains(pixel.y)
      else { continue }
      inside.insert(name)
      let given = try #require(expected[name])
      #expect(abs(pixel.x - given.x) < 0.0006 && abs(pixel.y - given.y) < 0.0006)
    }
    #expect(inside == Set(expected.keys))
  }

  private func footprint() throws -> [String: (x: Double, y: Double)] {
    let text = try String(
      contentsOfFile: SharedData.path("lotss_dr1/in_footprint_P205+55.csv"), encoding: .utf8)
    let lines = text.split(whereSeparator: \.isNewline).map { $0.split(separator: ",") }
    let name = try #require(lines[0].firstIndex(of: "Source_Name"))
    let x = try #require(lines[0].firstIndex(of: "x_pix0"))
    let y = try #require(lines[0].firstIndex(of: "y_pix0"))
    return Dictionary(
      uniqueKeysWithValues: try lines.dropFirst().map {
        (String($0[name]), (x: try #require(Double($0[x])), y: try #require(Double($0[y]))))
      })
  }
}
