import Astronomy
import Digest
import FITS
import Files
import Foundation
import Simulation
import Stages
import Tables
import TestSupport
import Testing

@Suite struct SimulateTests {
  /// One source a mosaic, so that few sources make many files.
  private func survey(_ sources: Int = 3) -> SimulatedSurvey {
    var survey = SimulatedSurvey(sources: sources, seed: 5)
    survey.tileSize = 200
    return survey
  }

  /// Digests of the files under a folder, by name.
  private func digests(_ folder: String) throws -> [String: String] {
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder)
    var digests: [String: String] = [:]
    for file in files where file != "images" {
      digests[file] = try SHA256.hash(file: folder + "/" + file).hex
    }
    return digests
  }

  @Test func writesWhatIngestAndLabelsRead() throws {
    try withTemporaryFolder { folder in
      let metrics = try survey().write(to: folder, progress: Silence())
      #expect(metrics.sources == 3 && metrics.mosaics == 3 && metrics.kept == 0)
      let catalogue = try openTable(metrics.catalogue)
      #expect(catalogue.metadata["SIMULATE"] == .boolean(true))
      #expect(catalogue.metadata.description?.contains("SIMULATED") == true)
      let mapping = try ColumnMapping(guessing: catalogue.columns)
      #expect(mapping.columns[.totalFlux]?.unit == "mJy")
      #expect(Set(mapping.columns.keys).isSuperset(of: [.name, .ra, .dec, .rms, .majorAxis]))
      let truth = try openTable(metrics.truth)
      #expect(truth.metadata["SIMULATE"] == .boolean(true))
      #expect(truth.columns.map(\.name) == ["name", "class"])
      let names = try catalogue.rows().map { $0[0] }
      let labels = try truth.rows()
      #expect(labels.map { $0[0] } == names)
      for label in labels {
        guard case .text(let name) = label[1] else { throw FileError("", "no text", advice: "") }
        #expect(MorphologyClass(rawValue: name) != nil)
      }
    }
  }

  @Test func goesOnAfterLosses() throws {
    try withTemporaryFolder { folder in
      _ = try survey().write(to: folder, progress: Silence())
      let whole = try digests(folder)
      #expect(whole.count == 5)
      // As a kill leaves it: no tables, a missing image, an unfinished one, and a cut one.
      let manager = FileManager.default
      try manager.removeItem(atPath: folder + "/simulated-catalogue.fits")
      try manager.removeItem(atPath: folder + "/images/simulated-00002.fits")
      try Data("half".utf8).write(
        to: URL(fileURLWithPath: folder + "/images/simulated-00002.fits.ABCD.part"))
      let cut = try FileHandle(
        forWritingTo: URL(fileURLWithPath: folder + "/images/simulated-00001.fits"))
      try cut.truncate(atOffset: 28800)
      try cut.close()
      let metrics = try survey().write(to: folder, progress: Silence())
      #expect(metrics.kept == 1)
      #expect(try digests(folder) == whole)
    }
  }

  @Test func refusesFolderOfOtherOptions() throws {
    try withTemporaryFolder { folder in
      _ = try survey(1).write(to: folder, progress: Silence())
      let before = try digests(folder)
      var other = survey(1)
      other.rms *= 2
      #expect(throws: SimulationFolderError.otherSimulation(folder: folder)) {
        try other.write(to: folder, progress: Silence())
      }
      #expect(try digests(folder) == before)
    }
  }

  @Test func refusesFolderThatIsInUse() throws {
    try withTemporaryFolder { folder in
      let lock = open(folder, O_RDONLY)
      defer { close(lock) }
      #expect(flock(lock, LOCK_EX | LOCK_NB) == 0)
      #expect(throws: SimulationFolderError.busy(folder: folder)) {
        try survey(1).write(to: folder, progress: Silence())
      }
    }
  }

  @Test(.enabled(if: Validator.fitsverify, "fitsverify is not installed"))
  func fitsverifyFindsNoFault() throws {
    try withTemporaryFolder { folder in
      var survey = survey(1)
      survey.projection = .sine
      _ = try survey.write(to: folder, progress: Silence())
      for name in try digests(folder).keys {
        let output = Validator.run("fitsverify", ["-e", folder + "/" + name])?.output ?? ""
        #expect(output.contains("0 warning(s) and 0 error(s)"), "\(output)")
      }
    }
  }

  @Test func headerSaysSimulated() throws {
    try withTemporaryFolder { folder in
      let metrics = try survey(1).write(to: folder, progress: Silence())
      let bytes = try Data(
        contentsOf: URL(fileURLWithPath: metrics.images + "/simulated-00000.fits"))
      let cards = stride(from: 0, to: 4 * 2880, by: 80).map {
        String(decoding: bytes[$0..<$0 + 80], as: UTF8.self)
      }
      for start in [
        "SIMULATE=                    T", "ORIGIN  = 'Reber simulation'", "TELESCOP= 'SIMULATED'",
        "CTYPE1  = 'RA---TAN'", "BUNIT   = 'JY/BEAM '", "SIMHASH = '\(metrics.options)'",
        "COMMENT SIMULATED by Reber",
      ] {
        #expect(cards.contains { $0.hasPrefix(start) }, "\(start)")
      }
    }
  }

  /// Killed as `kill -9` does it, then started again.
  @Test(.enabled(if: Program.reber != nil, "the program is not built"))
  func survivesKill() throws {
    let program = try #require(Program.reber)
    try withTemporaryFolder { folder in
      let options = ["--sources", "12", "--seed", "5", "--tile-size", "200", "--quiet"]
      let run = Process()
      run.executableURL = URL(fileURLWithPath: program)
      run.arguments = ["simulate", "--output", folder + "/killed"] + options
      run.standardOutput = FileHandle.nullDevice
      try run.run()
      let first = folder + "/killed/images/simulated-00001.fits"
      for _ in 0..<2000 where !FileManager.default.fileExists(atPath: first) { usleep(5000) }
      kill(run.processIdentifier, SIGKILL)
      run.waitUntilExit()
      #expect(run.terminationReason == .uncaughtSignal)
      #expect(!FileManager.default.fileExists(atPath: folder + "/killed/simulated-truth.fits"))
      for name in ["killed", "whole"] {
        _ = try Program.output(program, ["simulate", "--output", folder + "/" + name] + options)
      }
      let whole = try digests(folder + "/whole")
      #expect(whole.count == 14)
      #expect(try digests(folder + "/killed") == whole)
    }
  }
}

/// Programs that tests run.
private enum Program {
  /// `reber` as built beside the tests.
  static let reber: String? = {
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let beside =
      [tests.deletingLastPathComponent()]
      + CommandLine.arguments.map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
    return beside.map { $0.appendingPathComponent("reber").path }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  /// What a program says on standard output.
  static func output(_ program: String, _ arguments: [String]) throws -> String {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: output, as: UTF8.self)
  }
}
