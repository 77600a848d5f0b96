import Astronomy
import Catalogue
import Digest
import Foundation
import PostgreSQL
import Simulation
import Stages
import Tables
import TestSupport
import Testing

/// A match of one made-up sky as two surveys see it, held against what is so.
@Suite struct MatchTruthTests {
  /// A sky that is dense for its beams, so that chance plays a part.
  private static func pair() -> SimulatedPair {
    var pair = SimulatedPair(objects: 12_000, seed: 3)
    pair.surveys = [
      .init("low", frequency: 144e6, beam: 20, rms: 80e-6),
      .init("high", frequency: 1.4e9, beam: 12, rms: 30e-6),
    ]
    return pair
  }

  @Test func theSameSkyHasTheSameBytesAndSaysThatItIsMadeUp() throws {
    try withTemporaryFolder { folder in
      let first = try Self.pair().write(to: folder + "/one", progress: Silence())
      let second = try Self.pair().write(to: folder + "/two", progress: Silence())
      for (one, other) in [
        (first.identities, second.identities),
        (first.catalogues["low"] ?? "", second.catalogues["low"] ?? ""),
      ] {
        #expect(try SHA256.hash(file: one).hex == SHA256.hash(file: other).hex)
      }
      #expect(try openTable(first.identities).metadata["SIMULATE"] == .boolean(true))
      #expect(throws: SimulationFolderError.self) {
        _ = try SimulatedPair(objects: 10, seed: 9).write(to: folder + "/one", progress: Silence())
      }
    }
    #expect(throws: SimulationError.self) {
      try SimulatedPair(objects: 500_000_000, seed: 1).validate()
    }
  }

  @Test func aTenthIsBlendedByTheWiderBeamAlone() throws {
    let pair = Self.pair()
    let entries = (0..<pair.chunkCount).map(pair.entries(ofChunk:))
    let (low, high) = (entries.flatMap { $0[0] }, entries.flatMap { $0[1] })
    #expect(high.allSatisfy { $0.objects.count == 1 })
    // Brighter blends are listed more often than a tenth.
    let blends = Double(low.count { $0.objects.count == 2 }) / Double(low.count)
    #expect(blends > 0.1 && blends < 0.16)
    #expect(
      low.allSatisfy {
        $0.flux >= 5 * 80e-6 && abs($0.error / (20 * 80e-6 / 2 / $0.flux) - 1) < 1e-9
      })
  }

  @Test func reliabilitiesAreWhatIsSo() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "truth-\(UUID())"
    ).path
    let fixture = try await IngestFixture(folder)
    let written = try Self.pair().write(to: folder, progress: Silence())
    for (name, beam) in [("low", Float(20)), ("high", 12)] {
      try await fixture.ingest(written.catalogues[name]) { options in
        options.survey = name
        options.observation.beamMajor = beam
      }
    }
    let place = fixture.workplace
    for (survey, other) in [("high", "low"), ("low", "high")] {
      let report = try await place.perform(MatchStage(survey: survey, other: other))
      let truth = try await place.judge(match: report.run, against: written.identities)
      #expect(report.metrics.warnings == nil)
      let chosen = try #require(truth.thresholds.first { $0.reliability == 0.8 })
      #expect(chosen.purity > 0.985 && chosen.completeness > 0.85)
      // What was expected without the truth is what is so.
      let expected = try #require(report.metrics.thresholds.first { $0.reliability == 0.8 })
      #expect(abs(expected.purity - chosen.purity) < 0.01)
      // Of a blend both parts are counterparts, each with half of the reliability: a source of the finer beam has one.
      for bin in truth.bins where bin.pairs > 30 && survey == "high" {
        let error = (bin.reliability * (1 - bin.reliability) / Double(bin.pairs)).squareRoot()
        #expect(
          abs(bin.right - bin.reliability) < 0.06 + 4 * error, "\(survey) from \(bin.from)")
      }
    }
    await #expect(throws: LabelError.self) {
      try await place.judge(match: nil, against: written.catalogues["low"] ?? "")
    }
  }
}
