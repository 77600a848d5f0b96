import ArgumentParser
import Astronomy
import Catalogue
import Foundation
import PostgreSQL
import Stages

struct SurveyCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "survey",
    abstract: "The surveys in the database, and what is known of them.",
    discussion: """
      Example:
        reber survey list
        reber survey show first
        reber survey describe first --frequency 1.4e9 --title "VLA FIRST"
        reber survey rename first first_dr1
        reber survey remove test
        reber survey profiles
      """,
    subcommands: [
      List.self, Show.self, Describe.self, Rename.self, Remove.self, Profiles.self,
    ])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the surveys with their sizes.", discussion: "Example:\n  reber survey list")

    @OptionGroup var options: ResultOptions

    func run() async throws {
      let surveys = try await options.database().with { database in
        try Survey.all(in: database).map { try SurveyDescription($0, in: database) }
      }
      if !surveys.isEmpty || options.json {
        try options.show(surveys) { $0.map(\.line).joined(separator: "\n") }
      } else if !options.session.quiet {
        print("no survey yet: 'reber ingest' makes one")
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show a survey: its observation, sizes and columns.",
      discussion: "Example:\n  reber survey show first --json")

    @Argument(help: "The survey's name.") var name: String

    @OptionGroup var options: ResultOptions

    func run() async throws {
      let name = name
      let survey = try await options.database().with { database in
        try SurveyDescription(Survey.named(name, in: database), withColumns: true, in: database)
      }
      try options.show(survey, \.text)
    }
  }

  struct Describe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what is known of a survey; what is left out stays as it is.",
      discussion: """
        Example:
          reber survey describe first --frequency 1.4e9 --title "VLA FIRST"
          reber survey describe first --reference 1995ApJ...450..559B --epoch 1999.5
          reber survey describe first --release dr1
        """)

    @Argument(help: "The survey's name.") var name: String

    @Option(help: ArgumentHelp("What its newest data release is called.", valueName: "name"))
    var release: String?

    @OptionGroup var observation: ObservationOptions

    @OptionGroup var options: ResultOptions

    func run() async throws {
      let (name, release, observation) = (name, release, observation.observation)
      let survey = try await options.session.database().with { database in
        let survey = try Survey.named(name, in: database)
        if let release { try DataRelease.name(newestOf: survey, release, in: database) }
        try survey.describe(observation, in: database)
        return try SurveyDescription(Survey.named(name, in: database), in: database)
      }
      if options.json || !options.session.quiet { try options.show(survey, \.text) }
    }
  }
}

extension SurveyCommands {
  struct Rename: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give a survey another name.",
      discussion: """
        Its own table in schema survey gets the name too. Published catalogues keep theirs, and runs
        the name that they were asked for. Only who owns the tables may do it.

        Example:
          reber survey rename first first_vla
        """)

    @Argument(help: "The survey.") var name: String
    @Argument(help: "Its new name.") var newName: String
    @Option(help: ArgumentHelp("Why, for the record.", valueName: "text")) var because: String?
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let (name, newName, because) = (name, newName, because)
      let survey = try await options.session.database(as: .owner).with { database in
        try Survey.named(name, in: database).rename(
          to: newName, because: because, by: Version.current, in: database)
        return try SurveyDescription(Survey.named(newName, in: database), in: database)
      }
      if options.json || !options.session.quiet { try options.show(survey, \.text) }
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove a survey with all that was made of it.",
      discussion: """
        Sources, images, embeddings, models that learned from it, predictions and catalogues go. It is
        refused where people have labelled its sources, or where runs rest on it that made something
        of other surveys too, unless those are to go too. Only who owns the tables may do it.
        'reber show corrections' and the table reber.correction keep who removed what.

        Example:
          reber survey remove test --dry-run
          reber survey remove test --with-labels --because 'a trial'
        """)

    @Argument(help: "The survey.") var name: String
    @OptionGroup var how: TakingBackOptions

    func run() async throws { try await how.takeBack(.survey(name)) }
  }
}

extension SurveyCommands {
  struct Profiles: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List what is known of surveys' own tables, by which 'ingest' reads them.",
      discussion: """
        A profile is a file of YAML, NAME.yaml, that says what a user would otherwise say of a
        table's columns by options of 'ingest':

          table: My survey, components   # what it describes
          known-by: [Name, RA, S_int]    # a table that has all of these columns is one
          rather-than: [pybdsf]          # profiles that fit too and are less to the point
          columns:                       # as --column takes them; "" where there is none
            name: Name
            total_flux: S_int
            major_axis: LAS,Maj          # the first that holds something
          units: {S_int: mJy}            # of columns for which the file says none
          frame: ICRS                    # where the file does not say it
          none: {"E_*": -1, LAS: -99}    # numbers that stand for no value
          leave-out: {Flag: 2}           # rows that are set aside
          survey:                        # as 'survey describe' says it, where nobody says else
            title: My survey
            reference: 2026MNRAS.500....1P
          about: more to know

        Your own lie in $XDG_CONFIG_HOME/reber/profiles (~/.config/reber/profiles); one of the
        same name goes before ours. 'ingest --profile' also takes a file.

        Example:
          reber survey profiles
          reber survey profiles lotss-srl
          reber ingest list.csv --survey mine --profile vlass-components
        """)

    @Argument(help: "The profile to show; all are listed without it.")
    var name: String?

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
      let profiles = try SurveyProfiles.usual()
      let shown = try name.map { [try profiles.named($0)] } ?? profiles.all
      if json { return try printJSON(shown) }
      if name != nil, let profile = shown.first {
        return print(try String(contentsOfFile: profile.file, encoding: .utf8), terminator: "")
      }
      let rows = shown.map { [$0.name, $0.table, $0.fixes] }
      print(TextTable(["profile", "table", "columns and units"], rows: rows).text)
    }
  }
}

extension SurveyProfile {
  /// What it says of the parts of a source: `total_flux FINT mJy`.
  fileprivate var fixes: String {
    ColumnMapping.Part.allCases.compactMap { part in
      guard let column = columns[part.rawValue], !column.isEmpty else { return nil }
      let unit = column.split(separator: ",").first.flatMap { first in
        units?.first { $0.key == first }?.value
      }
      return [part.rawValue, column, unit].compactMap(\.self).joined(separator: " ")
    }
    .joined(separator: "; ")
  }
}

/// What is known of a survey.
struct ObservationOptions: ParsableArguments {
  @OptionGroup var credited: CreditOptions

  @Option(help: ArgumentHelp("The observing frequency.", valueName: "hertz")) var frequency: Double?

  @Option(help: ArgumentHelp("Major axis of the beam (FWHM).", valueName: "arcsec"))
  var beamMajor: Float?

  @Option(help: ArgumentHelp("Minor axis of the beam (FWHM).", valueName: "arcsec"))
  var beamMinor: Float?

  @Option(
    help: ArgumentHelp("Position angle of the beam, east of north.", valueName: "degrees"))
  var beamAngle: Float?

  @Option(
    help: ArgumentHelp(
      "Pixel scale; images that do not say their own are taken to have it.", valueName: "arcsec"))
  var pixelScale: Float?

  @Option(help: "The telescope.") var facility: String?

  @Option(help: "The receiver.") var instrument: String?

  @Option(help: ArgumentHelp("Mean epoch of the observations.", valueName: "Julian year"))
  var epoch: Double?

  func validate() throws {
    if let epoch, !(1800...2200).contains(epoch) {
      throw ValidationError("--epoch must be a year from 1800 to 2200, such as 1994.5")
    }
    let numbers: [(String, Double?)] = [
      ("frequency", frequency), ("beam-major", beamMajor.map(Double.init)),
      ("beam-minor", beamMinor.map(Double.init)), ("pixel-scale", pixelScale.map(Double.init)),
    ]
    for (name, value) in numbers {
      if let value, !(value > 0 && value.isFinite) {
        throw ValidationError("--\(name) must be a number above 0")
      }
    }
  }

  var observation: Survey.Observation {
    let credits = credited.credits
    return Survey.Observation(
      title: credits.title, frequency: frequency, beamMajor: beamMajor, beamMinor: beamMinor,
      beamAngle: beamAngle, pixelScale: pixelScale, reference: credits.reference,
      authors: credits.authors, licence: credits.licence, copyright: credits.copyright,
      facility: facility, instrument: instrument, epoch: epoch)
  }
}

/// Who made a survey or a catalogue, and how it may be used.
struct CreditOptions: ParsableArguments {
  @Option(help: "The title for people.") var title: String?

  @Option(help: "Who made it, divided by semicolons: 'Becker, R.; White, R.'.") var authors: String?

  @Option(help: "The publication to cite: a DOI, a bibcode or an address.") var reference: String?

  @Option(help: "The licence under which it may be used, such as CC-BY-4.0.") var licence: String?

  @Option(help: "The statement that has to go with its data.") var copyright: String?

  var credits: Credits {
    Credits(
      title: title, authors: authors, reference: reference, licence: licence, copyright: copyright)
  }
}

/// A survey with its sizes and, where they are asked for, its columns.
private struct SurveyDescription: Encodable, Sendable {
  var name: String
  var simulated: Bool
  var observation: Survey.Observation
  var counts: Survey.Counts
  var releases: [DataRelease]
  var columns: [SurveyColumn]?

  init(_ survey: Survey, withColumns: Bool = false, in database: Connection) throws {
    name = survey.name
    simulated = survey.simulated
    observation = survey.observation
    counts = try survey.counts(in: database)
    releases = try DataRelease.all(of: survey, in: database)
    columns = withColumns ? try SurveyColumn.all(of: survey, in: database) : nil
  }

  var line: String {
    var line = "\(name): \(counts.sources) sources, \(counts.cutouts) with an image, "
    line += "\(counts.labelled) labelled"
    if let release = releases.last { line += ", release \(release.name)" }
    if let title = observation.title { line += ", \(title)" }
    return simulated ? line + ", SIMULATED" : line
  }

  var text: String {
    var lines = [line]
    for release in releases {
      // A release that nobody had named gets its name by the one that follows.
      let isNamedLater = releases.contains { $0.follows == release.name && $0.run == release.run }
      let run = "\(isNamedLater ? "named by run" : "run") \(release.run)"
      let former = release.follows.map { ", after \($0)" } ?? ""
      lines.append("release    \(release.name), \(run)\(former)")
    }
    if let frequency = observation.frequency {
      lines.append(String(format: "frequency  %.6g Hz", frequency))
    }
    if let major = observation.beamMajor {
      let minor = observation.beamMinor ?? major
      lines.append(
        String(format: "beam       %.4g″ × %.4g″", major, minor)
          + (observation.beamAngle.map { String(format: " at %.4g°", $0) } ?? ""))
    }
    if let scale = observation.pixelScale {
      lines.append(String(format: "pixel      %.6g″", scale))
    }
    let said: [(String, String?)] = [
      ("facility", observation.facility), ("instrument", observation.instrument),
      ("epoch", observation.epoch.map { "J\($0)" }), ("authors", observation.authors),
      ("reference", observation.reference), ("licence", observation.licence),
      ("copyright", observation.copyright),
    ]
    for case (let name, let text?) in said {
      lines.append(name.padding(toLength: 11, withPad: " ", startingAt: 0) + text)
    }
    for item in columns ?? [] {
      let column = item.column
      let unit = column.unit.map { " [\($0)]" } ?? ""
      let part = item.mappedTo.map { " → \($0)" } ?? ""
      lines.append("column     \(column.name) \(column.datatype.rawValue)\(unit)\(part)")
    }
    return lines.joined(separator: "\n")
  }
}
