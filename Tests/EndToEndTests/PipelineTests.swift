import Foundation
import TestSupport
import Testing

@Suite("From a survey to a catalogue", .serialized) struct PipelineTests {
  /// A survey that went through every stage, made once for all tests.
  static let published = Result { try publish() }

  private static func publish() throws -> Program {
    let program = try Program(simulating: 72)
    for stage in [
      ["pretrain", "--survey", "sim", "--epochs", "1", "--batch-size", "24"] + Program.smallNetwork,
      ["embed", "--survey", "sim"], ["cluster", "--survey", "sim", "--clusters", "10"],
      ["label", "choose", "--survey", "sim", "--count", "40", "--output", "sheet.csv"],
      ["label", "import", "sim/simulated-truth.fits", "--survey", "sim", "--only", "sheet.csv"],
      ["finetune", "--survey", "sim", "--epochs", "1", "--folds", "2", "--batch-size", "16"],
      ["classify", "--survey", "sim"],
      [
        "evaluate", "--survey", "sim", "--truth", "sim/simulated-truth.fits", "--report", "report",
      ],
      ["publish", "--survey", "sim", "--anyway"], ["export", "sim", "--output", "sim.fits"],
      ["export", "sim", "--output", "sim.vot"], ["export", "sim", "--output", "sim.csv"],
    ] { try program.call(stage) }
    return program
  }

  @Test func everyStageInTurn() throws {
    let program = try Self.published.get()
    #expect(try program.value("SELECT count(*) FROM catalogue.sim") == "72")
    #expect(try program.value("SELECT simulated FROM reber.survey") == "t")
    #expect(
      try program.value("SELECT count(*) FROM reber.run WHERE status <> 'finished'") == "0")
    #expect(
      try program.value(
        """
        SELECT count(*) FROM (SELECT name, ra, dec, class, probability FROM catalogue.sim
        WHERE class = 'head-tail' AND probability > 0.9 ORDER BY probability DESC) AS x
        """) != "")
    let lineage = try program.run(
      "show", "lineage", "--survey", "sim", "--source",
      try program.value("SELECT name FROM catalogue.sim"))
    for word in ["classify", "finetune", "pretrain", "ingest", "sha256", "import"] {
      #expect(lineage.output.contains(word), "\(word) in \(lineage.output)")
    }
  }

  @Test func whatWasPublishedCanBeComputedAnew() throws {
    let outcome = try Self.published.get().run("verify", "sim", "--quiet")
    #expect(outcome.status == 0, "\(outcome)")
    #expect(outcome.output.contains("72 of 72 rows to the bit, the largest difference 0"))
  }

  @Test func aReleaseSaysWhatItLacks() throws {
    let program = try Self.published.get()
    try program.call(["publish", "--survey", "sim", "--name", "shown", "--anyway"])
    let few = try program.run("release", "shown", "--output", "out", "--only", "moc,parquet,prov")
    #expect(few.status == 0 && few.output.contains("out: 72 rows, 5 files"), "\(few)")
    #expect(
      few.errors.contains("reber: licence not known: say it by 'reber catalogue describe shown"))
    try program.call(["catalogue", "describe", "shown", "--licence", "CC0-1.0", "--title", "Sim"])
    let again = try program.run("release", "shown", "--output", "out", "--only", "csv")
    #expect(again.status == 0 && !again.errors.contains("licence not known"), "\(again)")
    let wrong = try program.run("release", "shown", "--output", "out", "--only", "csv,word")
    #expect(wrong.status == 64, "\(wrong)")
  }

  /// A survey moves to another server, and the catalogue is the same there.
  @Test func aDumpGoesOnElsewhere() throws {
    let program = try Self.published.get()
    #expect(try program.run("db", "dump", "moved").status == 0)
    let elsewhere = ["DATABASE_URL": try TestServer.newDatabase()]
    let restored = try program.run("db", "restore", "moved", with: elsewhere)
    #expect(restored.status == 0 && restored.output.contains("all digests agree"), "\(restored)")
    for arguments in [["export", "sim", "--output", "moved.fits"], ["verify", "sim"]] {
      let outcome = try program.run(arguments, with: elsewhere)
      #expect(outcome.status == 0, "\(outcome)")
    }
    let files = try ["sim", "moved"].map {
      try Data(contentsOf: URL(fileURLWithPath: "\(program.folder)/\($0).fits"))
    }
    #expect(files[0] == files[1])
    let again = try program.run("db", "restore", "moved", with: elsewhere)
    #expect(again.status == 65 && again.errors.contains("holds surveys already"), "\(again)")
  }

  /// The report as any reader of XML and CSV sees it.
  @Test(.enabled(if: Validator.astropy, "astropy is not installed"))
  func theReportIsReadByOthers() throws {
    let folder = try Self.published.get().folder + "/report"
    let script = """
      import csv, xml.etree.ElementTree
      page = xml.etree.ElementTree.parse('\(folder)/report.html')
      text = ''.join(page.getroot().itertext())
      assert 'head-tail' in text and 'simulated: nothing in it is real' in text
      rows = {name: list(csv.DictReader(open('\(folder)/' + name + '.csv')))
              for name in ('scores', 'confusion', 'reliability', 'coverage', 'sources')}
      judged = len(rows['sources'])
      assert judged == int(rows['coverage'][-1]['sources']) > 0
      assert judged == sum(int(row['sources']) for row in rows['confusion'])
      assert judged == sum(int(row['sources']) for row in rows['reliability'])
      right = sum(row['predicted'] == row['truth'] for row in rows['sources'])
      assert abs(float(rows['coverage'][-1]['accuracy']) - right / judged) < 1e-12
      print('good')
      """
    #expect(Validator.run(Validator.python, ["-c", script])?.output == "good\n")
  }

  @Test(.enabled(if: Validator.stilts, "stilts is not installed"))
  func stiltsFindsNothingWrong() throws {
    let table = try Self.published.get().folder + "/sim.vot"
    let lint = Validator.run("stilts", ["votlint", "version=1.4", "ucd=true", "unit=true", table])
    #expect(lint?.output == "")
  }

  @Test(.enabled(if: Validator.astropy, "astropy is not installed"))
  func astropyReadsTheSameFromAllFormats() throws {
    let folder = try Self.published.get().folder
    let (fits, table, csv) = (folder + "/sim.fits", folder + "/sim.vot", folder + "/sim.csv")
    let script = """
      import csv
      from astropy.io import fits
      from astropy.table import Table
      t = Table.read('\(fits)')
      v = Table.read('\(table)', format='votable')
      h = fits.getheader('\(fits)', 1)
      ucd = {h[f'TTYPE{i}']: h.get(f'TUCD{i}') for i in range(1, h['TFIELDS'] + 1)}
      assert str(t['ra'].unit) == 'deg' and str(t['total_flux'].unit) == 'Jy'
      assert str(t['major_axis'].unit) == 'arcsec'
      assert ucd['ra'] == 'pos.eq.ra;meta.main' and ucd['probability'].startswith('stat.probab')
      assert all(ucd.values()) and h['SIMULATE'] is True and h['RADESYS'] == 'ICRS'
      rows = list(csv.DictReader(open('\(csv)')))
      assert len(rows) == len(t) == len(v) == 72
      for a, b, c in zip(t, v, rows):
        assert a['name'].strip() == b['name'] == c['name']
        for column in ('ra', 'dec', 'total_flux', 'probability', 'p_head_tail'):
          if column in t.colnames:
            want = type(a[column])(float(c[column]))
            assert a[column] == want and b[column] == want, (column, a[column], b[column], want)
      print('good')
      """
    #expect(
      Validator.run(Validator.python, ["-W", "ignore", "-c", script])?.output == "good\n")
  }
}
