import Astronomy
import FITS
import Files
import Foundation
import TestSupport
import Testing

/// Files that were cut off, as downloads are, and files that are no images.
@Suite struct BrokenImageTests {
  private func noise(_ folder: String) throws -> String {
    var state: UInt32 = 1
    let words = (0..<10_000).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return state >> 9 | 0x3f00_0000
    }
    return try writeImage(
      folder + "/noise.fits", bitpix: -32, axes: [100, 100], cards: [], data: bigEndian(words))
  }

  private func truncate(_ path: String, to share: Double) throws {
    let data = try Data(contentsOf: URL(filePath: path))
    try data.prefix(Int(Double(data.count) * share)).write(to: URL(filePath: path))
  }

  private func expectCutOff(_ path: String) {
    let error = #expect(throws: FileError.self) { try FITSImage(path).whole() }
    #expect(error?.path == path)
    #expect(error?.advice == "Copy or download it again")
    #expect(error?.description.contains("\n") == false)
  }

  @Test(arguments: [0.02, 0.3, 0.9]) func refusesPlainFilesCutOff(share: Double) throws {
    try withTemporaryFolder { folder in
      let path = try noise(folder)
      try truncate(path, to: share)
      expectCutOff(path)
    }
  }

  @Test(arguments: [0.0005, 0.3, 0.9, 0.99]) func refusesGzippedFilesCutOff(share: Double) throws {
    try withTemporaryFolder { folder in
      let path = try noise(folder)
      try gzip(path)
      try truncate(path + ".gz", to: share)
      expectCutOff(path + ".gz")
    }
  }

  @Test(arguments: [0.1, 0.3, 0.5, 0.7]) func refusesTiledFilesCutOff(share: Double) throws {
    try withTemporaryFolder { folder in
      for golden in Golden.tiled {
        let path = folder + "/" + golden.name
        try FileManager.default.copyItem(atPath: fixture(golden.name), toPath: path)
        try truncate(path, to: share)
        expectCutOff(path)
      }
    }
  }

  @Test func refusesDamagedFiles() throws {
    try withTemporaryFolder { folder in
      let path = try noise(folder)
      try gzip(path)
      var data = try Data(contentsOf: URL(filePath: path + ".gz"))
      for index in data.count / 2..<data.count / 2 + 40 { data[index] ^= 0x5a }
      try data.write(to: URL(filePath: path + ".gz"))
      expectCutOff(path + ".gz")
    }
  }

  /// The padding of the last block is no pixel: some programs leave it out.
  @Test func acceptsAMissingLastBlock() throws {
    try withTemporaryFolder { folder in
      let path = try noise(folder)
      let whole = try FITSImage(path).whole()
      let data = try Data(contentsOf: URL(filePath: path))
      try data.prefix(2880 + 40_000).write(to: URL(filePath: path))
      #expect(try FITSImage(path).whole() == whole)
    }
  }

  @Test func refusesWhatIsNoImage() throws {
    try withTemporaryFolder { folder in
      let missing = #expect(throws: FileError.self) { try FITSImage(folder + "/none.fits") }
      #expect(missing?.problem == "there is no such file")
      let text = folder + "/text.fits"
      try "This is a text that is no FITS file.\n".write(
        toFile: text, atomically: false, encoding: .utf8)
      #expect(throws: FileError.self) { try FITSImage(text) }
      let empty = folder + "/empty.fits"
      try Data().write(to: URL(filePath: empty))
      #expect(throws: FileError.self) { try FITSImage(empty) }
      #expect(throws: FileError.self) { try FITSImage(folder) }
      let bare = try writeImage(folder + "/bare.fits", axes: [], cards: [])
      let error = #expect(throws: FileError.self) { try FITSImage(bare) }
      #expect(error?.problem == "the file holds no image")
      let line = try writeImage(folder + "/line.fits", axes: [5], cards: [], data: [1, 2, 3, 4, 5])
      #expect(throws: FileError.self) { try FITSImage(line) }
    }
  }
}
