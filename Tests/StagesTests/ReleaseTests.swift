import Astronomy
import Catalogue
import Files
import Foundation
import PostgreSQL
import Stages
import StagesSupport
import Tables
import TestSupport
import Testing

/// A folder for others: the tools of the community open each file of it, and it is the same each time.
@Suite("Release", .serialized) struct ReleaseTests {
  /// A published survey of 64 sources in a square of 20″ steps about a point where four of the largest cells
  /// of HEALPix meet; half of them have a label.
  private static let shared = Task { try await published() }

  private static func published() async throws -> SyntheticSurvey {
    let toy = try await SyntheticSurvey(64)
    _ = try await toy.workplace.perform(PretrainStage.toy(1))
    try await toy.label(Array(0..<32))
    _ = try await toy.workplace.perform(FinetuneStage.toy())
    _ = try await toy.workplace.perform(ClassifyStage(survey: "toy"))
    try await publish(toy, as: "toy")
    try await toy.workplace.database.with { database in
      try database.forge(
        """
        UPDATE catalogue.toy SET
            ra = 45 + (substr(name, 4)::integer % 8 - 3.5) * 20 / 3600,
            dec = (substr(name, 4)::integer / 8 - 3.5) * 20 / 3600,
            peak_flux = 1e-3 * (1 + substr(name, 4)::integer * 7 % 64),
            rms = nullif(substr(name, 4)::integer % 5, 0) * 1e-4
        """)
      try Survey.named("toy", in: database).describe(
        Survey.Observation(
          authors: "Reber, G.; Bell, J.", copyright: "Copyright 1994, a university",
          facility: "VLA", epoch: 1999.5), in: database)
    }
    try await describe("toy", of: toy)
    return toy
  }

  private static func publish(
    _ toy: SyntheticSurvey, as name: String, again: Bool = false
  ) async throws {
    var publishing = Publishing(survey: "toy")
    publishing.name = name
    publishing.anyway = true
    let place = toy.workplace
    _ = try await Workplace(
      database: place.database, user: place.user, progress: Silence(), again: again
    ).perform(publishing)
  }

  private static func describe(_ name: String, of toy: SyntheticSurvey) async throws {
    try await toy.workplace.database.with { database in
      try PublishedCatalogue.named(name, in: database).describe(
        Credits(
          title: "Toys", authors: "Morphologist, A.", reference: "10.1234/toy.5",
          licence: "CC-BY-4.0"), in: database)
    }
  }

  private func newFolder() -> String { TestServer.folder + "/release-\(UUID())" }

  private func release(
    _ toy: SyntheticSurvey, _ name: String = "toy", to folder: String,
    parts: Set<ReleasePart> = ReleasePart.usual.union([.cutouts])
  ) async throws -> ReleaseReport {
    var release = Release(name, to: folder, parts: parts)
    release.sourcesAPartition = 20
    return try await toy.workplace.release(release)
  }

  @Test func sameBytesAndWhatIsMissingIsSaid() async throws {
    let toy = try await Self.shared.value
    let folder = newFolder()
    try await Self.publish(toy, as: "bare")
    let bare = try await release(toy, "bare", to: folder, parts: [.moc])
    // It doubts its classifier, too: it was published anyway.
    let (missing, doubts) = (bare.warnings.prefix(4), bare.warnings.dropFirst(4))
    #expect(missing.allSatisfy { $0.contains("describe bare --") } && missing.count == 4)
    #expect(!doubts.isEmpty && doubts.allSatisfy { $0.hasPrefix("it was published anyway: ") })
    // In place of the first.
    let whole = try await release(toy, to: folder)
    #expect(whole.warnings == Array(doubts) && whole.rows == 64)
    let readme = try String(contentsOfFile: folder + "/README.md", encoding: .utf8)
    #expect(readme.contains("It was published although Reber warned"))
    let cds = try String(contentsOfFile: folder + "/cds/ReadMe", encoding: .ascii)
    #expect(cds.split(separator: "\n").allSatisfy { $0.utf8.count <= 80 })
    let summary = cds.split(separator: "\n").drop { $0 != "File Summary:" }.dropFirst(2).prefix(4)
    let ends = summary.filter { !$0.hasPrefix("-") }.map {
      $0.prefix { $0 != "E" && $0 != "T" }.count
    }
    #expect(Set(ends).count == 1, "\(summary.joined(separator: "\n"))")
    #expect(readme.contains("made from survey toy: Reber, G.; Bell, J."))
    let again = try await release(toy, to: newFolder())
    #expect(whole.files.map(\.sha256) == again.files.map(\.sha256))
    let check = Validator.run("bash", ["-c", "cd '\(folder)' && sha256sum --quiet -c SHA256SUMS"])
    #expect(check?.status == 0, "\(check?.output ?? "")")
    let names = try FileManager.default.contentsOfDirectory(atPath: TestServer.folder)
    #expect(!names.contains { $0.hasPrefix("release-") && $0.contains(".part") })
    let few = try await release(toy, to: newFolder(), parts: [.csv])
    #expect(
      few.files.map(\.name) == ["CITATION.cff", "LICENSE", "README.md", "toy.csv"])
  }

  /// A folder with anything else in it is not ours to replace.
  @Test func nothingElseIsReplaced() async throws {
    let toy = try await Self.shared.value
    let folder = newFolder()
    _ = try await release(toy, to: folder, parts: [.csv])
    try Data("mine".utf8).write(to: URL(fileURLWithPath: folder + "/notes.txt"))
    let error = await #expect(throws: FileError.self) {
      try await release(toy, to: folder, parts: [.csv])
    }
    #expect(error?.description.contains("notes.txt stands there") == true)
    #expect(FileManager.default.fileExists(atPath: folder + "/toy.csv"))
    await #expect(throws: CatalogueError.self) {
      try await toy.workplace.release(Release("none", to: newFolder()))
    }
  }

  /// What is said of a catalogue stays when it is published again; of its survey it has the copyright statement.
  @Test func creditsStay() async throws {
    let toy = try await Self.shared.value
    try await Self.publish(toy, as: "again")
    try await Self.describe("again", of: toy)
    try await Self.publish(toy, as: "again", again: true)
    let credits = try await toy.workplace.database.with {
      try PublishedCatalogue.named("again", in: $0).credits(in: $0)
    }
    #expect(
      credits
        == Credits(
          title: "Toys", authors: "Morphologist, A.", reference: "10.1234/toy.5",
          licence: "CC-BY-4.0", copyright: "Copyright 1994, a university"))
    #expect(credits.address == "https://doi.org/10.1234/toy.5")
    #expect(
      Credits(reference: "1995ApJ...450..559B").address
        == "https://ui.adsabs.harvard.edu/abs/1995ApJ...450..559B")
    #expect(Credits(reference: "a private note").address == nil)
  }

  /// What differs between two catalogues is counted by kind and cause, and listed.
  @Test func differencesHaveACause() async throws {
    let toy = try await Self.shared.value
    try await Self.publish(toy, as: "early")
    try await Self.publish(toy, as: "late")
    func difference(_ path: String? = nil) async throws -> ReleaseDifference {
      try await toy.workplace.difference(of: "late", since: "early", tolerance: 0.01, to: path)
    }
    #expect(try await difference().changes.isEmpty)
    try await toy.workplace.database.with { database in
      try database.forge("DELETE FROM catalogue.early WHERE name = 'toy1'")
      try database.forge("DELETE FROM catalogue.late WHERE name IN ('toy2', 'toy3')")
      try database.forge("UPDATE catalogue.late SET class = 'torus' WHERE name = 'toy4'")
      try database.forge(
        "UPDATE catalogue.late SET probability = probability + 0.02 WHERE name IN ('toy5', 'toy6')")
    }
    let path = newFolder() + ".csv"
    let found = try await difference(path)
    #expect(found.causes.isEmpty && found.rowsBefore == 64)
    #expect(
      found.changes.map { "\($0.kind) \($0.cause) \($0.sources)" } == [
        "appeared image or source 1", "went image or source 2", "otherClass not known 1",
        "otherProbability not known 2",
      ])
    let rows = try openTable(path).rows()
    #expect(rows.map { $0[0] } == (1...6).map { .text("toy\($0)") })
    #expect(rows[3][1] == .text("otherClass") && rows[3][5] == .text("torus"))

    try await toy.label(Array(32..<40))
    _ = try await toy.workplace.perform(FinetuneStage.toy())
    _ = try await toy.workplace.perform(ClassifyStage(survey: "toy"))
    try await Self.publish(toy, as: "late")
    let taught = try await difference()
    #expect(taught.causes == [.labels])
    #expect(taught.changes.allSatisfy { $0.kind == .appeared || $0.cause == "labels" })
  }

  @Test(.enabled(if: Validator.hats, "hats, lsdb or mocpy are not installed"))
  func othersOpenEachFile() async throws {
    let toy = try await Self.shared.value
    let folder = newFolder()
    _ = try await release(toy, to: folder)
    let run = Validator.run(
      Validator.wheels, ["-W", "ignore", "-c", "folder = '\(folder)'\n" + Self.script])
    #expect(run?.output.hasSuffix("good\n") == true, "\(run?.output ?? "")")
  }

  @Test(.enabled(if: Validator.fitsverify, "fitsverify is not installed"))
  func fitsverifyFindsNoFault() async throws {
    let toy = try await Self.shared.value
    let folder = newFolder()
    _ = try await release(toy, to: folder, parts: [.fits, .moc])
    for file in ["toy.fits", "toy.moc.fits"] {
      let output = Validator.run("fitsverify", ["-e", folder + "/" + file])?.output ?? ""
      #expect(output.contains("0 warning(s) and 0 error(s)"), "\(output)")
    }
  }

  @Test(.enabled(if: Validator.stilts, "stilts is not installed"))
  func stiltsFindsNoFault() async throws {
    let toy = try await Self.shared.value
    let folder = newFolder()
    _ = try await release(toy, to: folder, parts: [.votable])
    let lint = Validator.run(
      "stilts", ["votlint", "version=1.4", "ucd=true", "unit=true", folder + "/toy.vot"])
    #expect(lint?.output == "")
  }

  private static let script = #"""
    import json, logging
    import astropy.units as u, numpy as np
    from astropy.coordinates import SkyCoord
    from astropy.io import ascii, fits
    from astropy.io.votable import parse
    from astropy.table import Table
    t = Table.read(folder + '/toy.fits')
    h = fits.getheader(folder + '/toy.fits', 1)
    assert h['ORIGIN'] == 'reber test' and h['AUTHOR'] == 'Morphologist, A.' and h['JEPOCH'] == 1999.5
    assert h['REFERENC'] == '10.1234/toy.5' and h['LICENSE'] == 'CC-BY-4.0' and h['DATE'][10] == 'T'
    assert 'made from survey toy: Reber, G.' in str(h['HISTORY'])
    assert 'classify' in str(h['HISTORY']) and h['TELESCOP'] == 'VLA' and h['MODEL'] == 'classifier 2'

    # The tables hold the same, to the bit.
    cds = ascii.read(folder + '/cds/toy.dat', readme=folder + '/cds/ReadMe', format='cds')
    tables = [Table.read(folder + '/toy.vot'), Table.read(folder + '/toy.parquet'), cds]
    for other in tables:
        assert other.colnames == t.colnames and len(other) == 64
        for name in t.colnames:
            if t[name].dtype.kind == 'f':
                a, b = (np.ma.filled(np.ma.asarray(x[name]).astype(t[name].dtype), np.nan) for x in (t, other))
                assert np.array_equal(a, b, equal_nan=True), name
        assert list(other['name']) == list(t['name']) and str(other['ra'].unit) == 'deg'
    assert cds['label'].mask.sum() == 32, cds['label']

    resource = parse(folder + '/toy.vot', verify='exception').resources[0]
    info = {i.name: i.value for i in resource.infos}
    assert info['rights'] == 'CC-BY-4.0' and info['creator'] == 'Morphologist, A.', info
    assert resource.coordinate_systems[0].epoch == 'J1999.5' and len(resource.time_systems) == 1
    assert resource.links[0].href == 'https://doi.org/10.1234/toy.5'

    # Images are 64 arcsec wide, about where their sources were when they were cut.
    from mocpy import MOC
    moc = MOC.from_fits(folder + '/toy.moc.fits')
    ra = 10 + 0.1 * np.arange(64)
    assert moc.max_order == 11 and moc.contains_lonlat(ra * u.deg, np.full(64, 20) * u.deg).all()
    assert not moc.contains_lonlat((ra + 0.05) * u.deg, np.full(64, 20) * u.deg).any()

    # All pairs within 25 arcsec are found, across borders too.
    import hats, lsdb
    from hats.io.validation import is_valid_catalog
    assert is_valid_catalog(folder + '/hats', strict=True)
    catalogue = lsdb.open_catalog(folder + '/hats')
    assert len(catalogue.get_healpix_pixels()) == 4 and catalogue.margin is not None
    frame = catalogue.compute()
    assert sorted(frame['name']) == sorted(t['name']) and frame.index.name == '_healpix_29'
    cone = catalogue.cone_search(45, 0, radius_arcsec=40).compute()
    places = SkyCoord(t['ra'].quantity, t['dec'].quantity)
    assert len(cone) == (places.separation(SkyCoord(45 * u.deg, 0 * u.deg)) < 40 * u.arcsec).sum() > 4
    pairs = catalogue.crossmatch(
        catalogue, radius_arcsec=25, n_neighbors=20, suffixes=('_a', '_b')).compute()
    assert len(pairs) == len(places.search_around_sky(places, 25 * u.arcsec)[0]) == 64 + 4 * 56, len(pairs)

    # The brightest of the rarest class is ranked first, also where it lies beyond a border.
    share = {c: (t['class'] == c).mean() for c in set(t['class'])}
    shares = np.array([share[c] for c in t['class']])
    ratio = np.ma.filled(np.ma.asarray(t['peak_flux'] / t['rms']).astype('f8'), np.nan)
    assert np.isnan(ratio).sum() == 13
    order = np.lexsort((t['name'], shares, np.nan_to_num(-ratio / shares, nan=np.inf)))
    ranks = dict(zip(t['name'][order], range(1, 65)))
    assert dict(zip(frame['name'], frame['_rank'])) == ranks, frame[['name', '_rank']]
    margin = catalogue.margin.compute()
    assert len(margin) > 0 and all(ranks[n] == r for n, r in zip(margin['name'], margin['_rank']))

    # Two processes share the work.
    from dask.distributed import Client
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs='ERROR') as client:
        assert len(client.scheduler_info()['workers']) == 2
        shared = catalogue.crossmatch(
            catalogue, radius_arcsec=25, n_neighbors=20, suffixes=('_a', '_b')).compute()
    assert len(shared) == len(pairs)

    import pyarrow.parquet
    cutouts = pyarrow.parquet.read_table(folder + '/toy.cutouts.parquet').to_pydict()
    assert cutouts['name'] == list(t['name']) and set(cutouts['width']) == {32}
    pixels = np.array(cutouts['pixels'], dtype='f4').reshape(64, 32, 32)
    blobs = [int(n[3:]) % 3 == 0 for n in cutouts['name']]
    assert pixels[blobs].mean(axis=0).argmax() in (15 * 32 + 15, 15 * 32 + 16, 16 * 32 + 15, 16 * 32 + 16)

    document = json.load(open(folder + '/provenance.json'))
    made = {v['prov:activity'] for v in document['wasGeneratedBy'].values()}
    assert made == set(document['activity']) and len(made) >= 5
    assert all(v['prov:entity'] in document['entity'] for v in document['used'].values())
    assert 'tester' in {v['prov:label'] for v in document['agent'].values()}
    assert 'license: CC-BY-4.0' in open(folder + '/CITATION.cff').read()
    assert '| p_ring | float |' in open(folder + '/README.md').read()
    print('good')
    """#
}
