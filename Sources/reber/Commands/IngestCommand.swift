public import ArgumentParser
import Astronomy
import Catalogue
import Stages

struct IngestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ingest",
    abstract: "Read a survey: its source catalogue, its images, or both.",
    discussion: """
      The catalogue is FITS, VOTable or CSV. Its columns are recognised by the profile of
      its survey, by UCD and by name; what was recognised is shown, and --profile,
      --column and --unit correct it. Every other column is kept with its unit.

      Images are FITS or PNG, given as files or folders. An image shows one source if the
      catalogue names it for that source alone, or if it is called like the source. An
      image that the catalogue names for several sources is cut out at each of those. Of
      all others, an image on which several sources lie, or which is more than 3 cutouts
      wide, is a mosaic and is cut out at each of its sources; any smaller one shows the
      source at its centre. Without a catalogue each image becomes a source named like
      its file.

      Ingesting the same files again changes nothing; of changed files, what changed is
      replaced. What cannot be used is set aside in reber.rejected with the reason.

      A new data release of a survey that is there (--release) keeps what stayed: sources are
      found again within --match-radius, by place and name, and keep labels, images and
      predictions. What is not clear (splits, merges, crowds) is not matched but listed by
      'reber show changes'. The former release stays in reber.source_by_release, and its own
      catalogue as survey.first_dr1.

      Example:
        reber ingest catalogue.csv --survey first --images cutouts
        reber ingest second.csv --survey first --release dr2
        reber ingest lotss.fits --survey lotss --images mosaics --size 120
        reber ingest sources.vot --survey mine --column ra=RAJ2000 --unit Maj=deg
        reber ingest --survey emu --images png --frequency 944e6
      """)

  @Argument(help: "The source catalogue: FITS, VOTable or CSV, gzipped or not.")
  var catalogue: String?

  @Option(help: "The survey's name; a new survey is made where none has it.") var survey: String

  @Option(
    help: ArgumentHelp(
      """
      The survey's data release that the catalogue is; one that is new follows the newest, which is \
      called dr1 where nobody has named it.
      """, valueName: "name"))
  var release: String?

  @Option(
    help: ArgumentHelp(
      """
      How far from its place in the former release a source is looked for; a third of the beam, and 2 at \
      least, without it.
      """, valueName: "arcsec"))
  var matchRadius: Double?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Image files and folders of them.", valueName: "path"))
  var images: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      The column for a part of a source, such as ra=RAJ2000; several joined by + make a name, of \
      several with commas the first that holds something is taken, none leaves the part out. \
      Parts: \(ColumnMapping.Part.allCases.map(\.rawValue).joined(separator: ", ")).
      """,
      valueName: "part=column"))
  var column: [String] = []

  @Option(help: ArgumentHelp("The unit of a column, such as Maj=deg.", valueName: "column=unit"))
  var unit: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      What the columns are, as 'reber survey profiles' lists it; the profile that fits without it, \
      'none' for none.
      """, valueName: "name|file"))
  var profile: String?

  @Option(
    help: ArgumentHelp(
      "The frame of the positions: ICRS, FK5, 'FK5 J1975', FK4 or galactic; as the file says without it.",
      valueName: "frame"))
  var frame: String?

  @OptionGroup(title: "How images become cutouts") var cutting: CuttingOptions

  @OptionGroup(title: "What is known of the survey") var observation: ObservationOptions

  @Flag(
    help: """
      Fail where a unit or frame would be assumed, and where anything was set aside; the rest is \
      ingested all the same.
      """)
  var strict = false

  @OptionGroup(title: "Several processes") var together: SharingOptions

  @OptionGroup var stage: StageOptions

  func validate() throws {
    guard catalogue != nil || !images.isEmpty else {
      throw ValidationError("give a catalogue, or --images with files or folders")
    }
    if release != nil, catalogue == nil {
      throw ValidationError("--release says what a catalogue is: give one")
    }
    if let matchRadius, release == nil || !(matchRadius >= 0 && matchRadius < 3600) {
      throw ValidationError("--match-radius goes with --release, and is less than 3600 arcsec")
    }
    _ = try pairs(column, "--column", mayBeEmpty: true)
    _ = try pairs(unit, "--unit")
    if let frame, CelestialFrame(named: frame) == nil {
      throw ValidationError("--frame takes ICRS, FK5, FK4 or galactic, not '\(frame)'")
    }
  }

  func run() async throws {
    var ingest = Ingest(survey: survey)
    ingest.catalogue = catalogue
    ingest.images = images
    (ingest.release, ingest.matchRadius) = (release, matchRadius)
    ingest.columns = try pairs(column, "--column", mayBeEmpty: true)
    ingest.units = try pairs(unit, "--unit")
    ingest.profile = profile
    ingest.frame = frame.flatMap { CelestialFrame(named: $0) }
    ingest.isStrict = strict
    ingest.cutting = cutting.cutting(pixelScale: observation.pixelScale)
    ingest.observation = observation.observation
    let place = try await stage.workplace(TrainingLimits(), together.sharing)
    let report = try await place.ingest(ingest)
    if release != nil { try await place.tellOutdatedMatches(of: survey) }
    if stage.json {
      try printJSON(report)
    } else {
      print(report.text(quiet: stage.session.quiet))
    }
    if strict, let warnings = report.images?.metrics.warnings {
      throw IngestError.assumed(warnings, file: "the images")
    }
    if strict, report.rejected > 0 {
      throw IngestError.setAside(report.rejected, survey: survey)
    }
  }

  /// `["a=b"]` as `["a": "b"]`.
  private func pairs(
    _ texts: [String], _ option: String, mayBeEmpty: Bool = false
  ) throws -> [String: String] {
    try texts.reduce(into: [:]) { pairs, text in
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex,
        mayBeEmpty || text.index(after: equals) != text.endIndex
      else { throw ValidationError("\(option) takes KEY=VALUE, not '\(text)'") }
      let key = String(text[..<equals])
      guard pairs[key] == nil else { throw ValidationError("\(option) \(key)=… is said twice") }
      pairs[key] = String(text[text.index(after: equals)...])
    }
  }
}

/// How images become cutouts.
struct CuttingOptions: ParsableArguments {
  @Option(
    name: .customLong("as"),
    help: "Take images for cutouts or mosaics; decided for each without it.")
  var takenAs: Ingest.Cutting.Kind?

  @Option(
    help: ArgumentHelp(
      "Side of the cutouts from mosaics; 20 beams, or 80 pixels, without it.", valueName: "arcsec"))
  var size: Double?

  @Option(
    help: ArgumentHelp(
      "Side of the cutouts as a multiple of the source's size, --size at least.",
      valueName: "factor"))
  var sizeFactor: Double?

  @Option(
    help: ArgumentHelp(
      "How far from its source an image's centre may be; a beam, or 5 pixels, without it.",
      valueName: "arcsec"))
  var tolerance: Double?

  func validate() throws {
    for (name, value) in [("size", size), ("size-factor", sizeFactor), ("tolerance", tolerance)] {
      if let value, !(value > 0 && value.isFinite) {
        throw ValidationError("--\(name) must be a number above 0")
      }
    }
  }

  func cutting(pixelScale: Float?) -> Ingest.Cutting {
    var cutting = Ingest.Cutting()
    cutting.takenAs = takenAs
    cutting.size = size
    cutting.sizeFactor = sizeFactor
    cutting.tolerance = tolerance
    cutting.pixelScale = pixelScale
    return cutting
  }
}

extension Ingest.Cutting.Kind: ExpressibleByArgument {}

extension Ingest.Report {
  /// The report as a person reads it.
  fileprivate func text(quiet: Bool) -> String {
    var lines = ofCatalogue + ofImages
    lines.append("survey \(survey): \(sources) sources, \(cutouts) with an image")
    if withoutImage > 0, cutouts > 0, !quiet {
      lines.append(
        """
        \(withoutImage) sources without an image (view reber.source_without_image): \
        \(firstWithoutImage.prefix(3).joined(separator: ", "))\(withoutImage > 3 ? ", …" : "")
        """)
    }
    return lines.joined(separator: "\n")
  }

  private var ofCatalogue: [String] {
    guard let catalogue else { return [] }
    let changes = catalogue.metrics.changes
    let sources =
      changes.release == nil
      ? "\(changes.added) added, \(changes.changed) changed, \(changes.unchanged) unchanged, " : ""
    return [
      """
      \(catalogue.metrics.file): \(catalogue.metrics.rows) rows, \(sources)\
      \(changes.rejected) set aside \(catalogue.place)
      """
    ] + (changes.release.map { [$0.text(of: survey)] } ?? [])
  }

  private var ofImages: [String] {
    guard let images else { return [] }
    let metrics = images.metrics
    let written = """
      images: \(metrics.images) files show \(metrics.cutouts) sources, \(metrics.written) cutouts \
      written, \(metrics.unchanged) unchanged, \(metrics.rejected) set aside \(images.place)
      """
    let edge = "\(metrics.partlyOffImage) cutouts reach beyond their image's edge"
    return metrics.partlyOffImage > 0 ? [written, edge] : [written]
  }
}

extension ReleaseChanges {
  /// What became of the former release's sources, as a person reads it.
  func text(of survey: String) -> String {
    let unclear = self.unclear.sorted { $0.key < $1.key }
      .map { ", \($0) \($1.formerSources) → \($1.sources)" }.joined()
    return """
      \(release) after \(follows), within \(decimal(matchRadius, 2))″: \(unchanged) as before, \(moved) moved, \
      \(renamed) renamed, \(changed) changed, \(added) added, \(dropped) dropped\(unclear)
      'reber show changes --survey \(survey) --from \(follows) --to \(release)' lists them
      """
  }
}

extension StageReport {
  /// Which run did it, and whether that was now.
  fileprivate var place: String { alreadyDone ? "(done by run \(run) before)" : "(run \(run))" }
}
