import Astronomy
import Foundation
import Tables
import TestSupport
import Testing

/// Published catalogues: what FITS and CSV say of the same sources, and copies of them.
@Suite(.enabled(if: SharedData.exists, "shared/data is not beside the repository"))
struct SurveyTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// Values of FITS and CSV agree to a part in 10^12, integers and texts exactly.
  @Test(arguments: [
    ("first_mirabest/catalogue", 928), ("first_mirabest/fits_original300.pybdsf.srl", 210),
    ("scorpio_atca/ScorpioExtendedSourceField.pybdsf.srl", 24),
  ])
  func agreeInFITSAndCSV(name: String, count: Int) throws {
    let fits = try openTable(SharedData.path(name + ".fits"))
    let csv = try openTable(SharedData.path(name + ".csv"))
    #expect(fits.columns.map(\.name) == csv.columns.map(\.name))
    #expect(fits.rowCount == count)
    let (left, right) = (try fits.rows(), try csv.rows())
    #expect(left.count == count && right.count == count)
    for (one, other) in zip(left, right) {
      for (index, column) in fits.columns.enumerated() {
        #expect(agree(one[index], other[index]), "\(column.name): \(one[index]) \(other[index])")
      }
    }
  }

  private func agree(_ one: Value, _ other: Value) -> Bool {
    switch (one, other) {
    case (.real(let left), .real(let right)):
      abs(left - right) <= 1e-12 * max(abs(left), abs(right))
    case (.real(let left), .integer(let right)): left == Double(right)
    default: one == other
    }
  }

  @Test func readsUnitsOfLoTSS() throws {
    let reader = try openTable(SharedData.path("lotss_dr1/lotss_dr1_P205+55.srl.fits"))
    #expect(reader.rowCount == 6774)
    #expect(reader.columns.count == 29)
    #expect(reader.columns[1].unit == "deg")
    #expect(reader.columns.first { $0.name == "Peak_flux" }?.unit == "mJy beam-1")
    var count = 0
    try reader.read(chunk: 1000) { rows in
      #expect(rows.count <= 1000)
      count += rows.count
    }
    #expect(count == 6774)
  }

  @Test func readsDescriptionsOfMingo() throws {
    let reader = try openTable(SharedData.path("lotss_dr1/Mingo19_LoMorph_Cat.fits"))
    let rows = try reader.rows()
    #expect(rows.count == 5805)
    #expect(reader.columns[4].unit == "mJy")
    #expect(reader.columns[4].description == "LoMorph total flux")
    // Counted by astropy.
    #expect(rows.filter { $0[5] == .boolean(true) }.count == 2965)
    #expect(rows.filter { $0[6] == .boolean(true) }.count == 546)
  }

  @Test func readsTagsOfHorton() throws {
    let path = "lotss_dr2_horton2025/classifications_horton_et_al_2025_filtered.csv"
    let reader = try openTable(SharedData.path(path))
    #expect(reader.rowCount == 7607)
    #expect(reader.columns.first { $0.name == "frii" }?.datatype == .boolean)
    #expect(reader.columns[1].datatype == .double)
  }

  /// A copy in another format and back holds the same.
  @Test(arguments: ["copy.fits", "copy.vot", "copy.csv"])
  func copiesLoTSS(name: String) throws {
    let original = try openTable(SharedData.path("lotss_dr1/lotss_dr1_P205+55.srl.fits"))
    let rows = try original.rows()
    let (copy, read) = try roundTrip(
      rows, original.columns, metadata: original.metadata, to: folder.file(name))
    #expect(read == rows)
    #expect(copy.columns.map(\.name) == original.columns.map(\.name))
  }

  @Test(.enabled(if: Validator.stilts, "stilts is not installed"))
  func stiltsFindsNoFaultInLoTSS() throws {
    let original = try openTable(SharedData.path("lotss_dr1/lotss_dr1_P205+55.srl.fits"))
    let path = folder.file("copy.vot")
    _ = try roundTrip(
      try original.rows(), original.columns, metadata: original.metadata, to: path)
    let lint = Validator.run("stilts", ["votlint", "version=1.4", "ucd=true", "unit=true", path])
    #expect(lint?.output == "")
  }
}
