import Foundation
import TestSupport
import Testing

/// docs/tutorial.md, command by command, on the piece of FIRST that it speaks of.
@Suite(
  "The tutorial", .serialized,
  .enabled(if: SharedData.exists, "there are no survey data beside the repository"))
struct TutorialTests {
  private static let followed = Result { try follow() }

  /// Runs all commands of the page in one shell, as a reader would.
  private static func follow() throws -> (program: Program, said: Program.Outcome) {
    let program = try Program()
    let survey = program.folder + "/first"
    try FileManager.default.createDirectory(atPath: survey, withIntermediateDirectories: true)
    for (name, origin) in [
      ("fields", "fits_original300"), ("sources.fits", "fits_original300.pybdsf.srl.fits"),
    ] {
      try FileManager.default.createSymbolicLink(
        atPath: survey + "/" + name,
        withDestinationPath: SharedData.path("first_mirabest/" + origin))
    }
    let page = try String(
      contentsOfFile: SharedData.repository + "/docs/tutorial.md", encoding: .utf8)
    let script =
      (["set -e -o pipefail; trap 'kill $(jobs -p)' EXIT"] + codeBlocks("sh", in: page))
      .joined(separator: "\n")
    let port = Int.random(in: 20_000..<30_000)
    return (
      program, try program.runOther("bash", ["-c", script.replacing("8480", with: "\(port)")])
    )
  }

  @Test func everyCommandRuns() throws {
    let (program, said) = try Self.followed.get()
    // The last command finds nothing but that the server of the tests does not wait for its disk.
    #expect(said.output.hasSuffix("1 problem was found\n"), "\(said.errors.suffix(2000))")
    for sentence in [
      "210 rows, 210 added", "40 files show 210 sources, 210 cutouts written", "127 labels",
      "catalogue.first: 210 rows", "first-2026: 210 rows", "fsync is off", "backup: ",
    ] {
      #expect((said.output + said.errors).contains(sentence), "\(sentence)")
    }
    #expect(FileManager.default.fileExists(atPath: program.folder + "/report/report.html"))
  }

  /// The cutout has the pixels of FIRST's own image, at the places where astropy has them there.
  @Test(.enabled(if: Validator.astropy, "astropy is not installed"))
  func theCutoutLiesWhereItDoesInTheImage() throws {
    let folder = try Self.followed.get().program.folder
    let script = """
      import glob, numpy
      from astropy.io import fits
      from astropy.wcs import WCS
      cutout = fits.open("\(folder)/cutout.fits")[0]
      image = fits.open(glob.glob("\(folder)/first/fields/100_123.251*.fits")[0])[0]
      pixels = image.data.squeeze()
      rows, columns = numpy.indices(cutout.data.shape)
      place = WCS(cutout.header).pixel_to_world_values(columns, rows)
      x, y = WCS(image.header).celestial.world_to_pixel_values(*place)
      off = max(numpy.abs(x - x.round()).max(), numpy.abs(y - y.round()).max())
      same = (pixels[y.round().astype(int), x.round().astype(int)] == cutout.data).all()
      centre = WCS(cutout.header).world_to_pixel_values(123.2526, 43.7976)
      sides = numpy.array(cutout.data.shape[::-1])
      print(numpy.abs(sides - 34.5).max() <= 0.5, off < 0.1, same,
            numpy.abs(numpy.array(centre) - (sides - 1) / 2).max() < 1,
            "University of California" in str(cutout.header["COMMENT"]))
      """
    let judged = Validator.run(Validator.python, ["-W", "ignore", "-c", script])
    #expect(judged?.output == "True True True True True\n", "\(judged?.output ?? "")")
  }
}
