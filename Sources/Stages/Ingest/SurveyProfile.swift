import Catalogue
import Files
import Foundation
import Yams

/// What is known of the tables of a survey or a program: what a user would otherwise have to say of
/// their columns by options.
///
/// Each is a file of YAML in `profiles/`, or in a folder of the user's own.
public struct SurveyProfile: Codable, Sendable, Equatable {
  /// How it is asked for: the file's name.
  public var name: String

  /// The file.
  public var file: String

  /// The table that it describes.
  public var table: String

  /// The columns by which such a table is known: it has all of them.
  public var knownBy: [String]

  /// Profiles that fit the same table and are less to the point.
  public var ratherThan: [String]?

  /// The column of each part of a source, as `--column` takes it; empty where the table has none.
  public var columns: [String: String]

  /// The units of columns for which a file says none.
  public var units: [String: String]?

  /// The frame of the positions, where a file does not say it.
  public var frame: String?

  /// Numbers that stand for no value, by column; names may end with `*`.
  public var none: [String: Double]?

  /// Rows that are left out: those that have the number in the column.
  public var leaveOut: [String: Double]?

  /// The survey whose table it is, where it is of one survey alone.
  public var survey: Credited?

  /// What else there is to know.
  public var about: String?

  /// Who made a survey, with what, and what goes along with its data, as `reber survey describe` says it.
  public struct Credited: Codable, Sendable, Equatable {
    /// The title for people; who made it, divided by semicolons; the publication to cite.
    public var title, authors, reference: String?
    /// Under which licence it may be used; the statement that goes with its data.
    public var licence, copyright: String?
    /// The telescope, and the receiver.
    public var facility, instrument: String?

    fileprivate enum CodingKeys: String, CodingKey, CaseIterable {
      case title, authors, reference, licence, copyright, facility, instrument
    }

    /// What of it nobody has said yet.
    func observation(besides said: Survey.Observation) -> Survey.Observation {
      Survey.Observation(
        title: said.title == nil ? title : nil,
        reference: said.reference == nil ? reference : nil,
        authors: said.authors == nil ? authors : nil, licence: said.licence == nil ? licence : nil,
        copyright: said.copyright == nil ? copyright : nil,
        facility: said.facility == nil ? facility : nil,
        instrument: said.instrument == nil ? instrument : nil)
    }

    /// What of it a person has to know: it goes out with whatever is published.
    var words: String {
      [title, facility, reference, licence, copyright].compactMap(\.self).joined(separator: "; ")
    }
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case name, file, table
    case knownBy = "known-by"
    case ratherThan = "rather-than"
    case columns, units, frame, none
    case leaveOut = "leave-out"
    case survey, about
  }

  /// Reads a profile.
  ///
  /// - Throws: `FileError` where the file is no profile.
  init(_ path: String) throws {
    func refuse(_ problem: String) -> FileError {
      FileError(path, problem, advice: "'reber survey profiles --help' says what stands in one")
    }
    do {
      var file = try YAMLFile(path)
      let known = CodingKeys.allCases.map(\.rawValue).filter { !["name", "file"].contains($0) }
      try YAMLFile.check(file.content, has: known, in: "a profile")
      if let survey = file.content["survey"] {
        try YAMLFile.check(
          survey, has: Credited.CodingKeys.allCases.map(\.rawValue),
          in: "what a profile says of a survey")
      }
      file.content["name"] = Node(
        URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent, Tag(.str))
      file.content["file"] = Node(path, Tag(.str))
      self = try file.decode(as: Self.self)
    } catch let problem as YAMLFile.Problem {
      throw refuse("the file is no profile: \(problem.text)")
    } catch {
      throw refuse("the file cannot be read (\(error.localizedDescription))")
    }
    for part in columns.keys where ColumnMapping.Part(rawValue: part) == nil {
      throw refuse("a source has no '\(part)'")
    }
  }

  /// Whether a table has the columns by which this one is known; capitals do not matter.
  func fits(_ names: Set<String>) -> Bool {
    knownBy.allSatisfy { names.contains($0.lowercased()) }
  }

  /// The unit that a column has where its file says none.
  func unit(of column: String) -> String? {
    units?.first { $0.key.lowercased() == column.lowercased() }?.value
  }

  /// The number that stands for no value in a column.
  func numberForNone(in column: String) -> Double? {
    none?.first { name, _ in
      name.last == "*"
        ? column.lowercased().hasPrefix(name.dropLast().lowercased())
        : column.lowercased() == name.lowercased()
    }?.value
  }
}

/// The profiles that are at hand, those of the user before those that come with the program.
public struct SurveyProfiles: Sendable {
  /// All of them, by name.
  public let all: [SurveyProfile]

  /// Reads the profiles in folders; of two with the same name that in the earlier folder counts.
  ///
  /// - Throws: `FileError` where a file of a folder is no profile.
  public init(folders: [String]) throws {
    var found: [String: SurveyProfile] = [:]
    for folder in folders {
      let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      for file in files.sorted() where file.hasSuffix(".yaml") && !file.hasPrefix(".") {
        let profile = try SurveyProfile(folder + "/" + file)
        if found[profile.name] == nil { found[profile.name] = profile }
      }
    }
    all = found.values.sorted { $0.name < $1.name }
  }

  /// The user's own profiles and those that come with the program.
  ///
  /// - Throws: `FileError` where one of them is broken.
  public static func usual() throws -> SurveyProfiles {
    let installed =
      ProcessInfo.processInfo.environment["REBER_PROFILES"]
      ?? installedFolder("profiles", holding: "pybdsf.yaml")
    return try SurveyProfiles(folders: [ownFolder, installed].compactMap(\.self))
  }

  /// Where the user's own profiles are: `$XDG_CONFIG_HOME/reber/profiles`.
  public static var ownFolder: String {
    let environment = ProcessInfo.processInfo.environment
    let config = environment["XDG_CONFIG_HOME"] ?? (environment["HOME"] ?? "~") + "/.config"
    return config + "/reber/profiles"
  }

  /// The profile of a name, or in a file.
  ///
  /// - Throws: `IngestError.unknownProfile`, `FileError`.
  public func named(_ name: String) throws -> SurveyProfile {
    if let found = all.first(where: { $0.name == name }) { return found }
    if FileManager.default.fileExists(atPath: name) { return try SurveyProfile(name) }
    throw IngestError.unknownProfile(name, known: all.map(\.name))
  }

  /// The profiles that fit a table of such columns, those aside that others are rather meant than.
  func fitting(_ columns: [String]) -> [SurveyProfile] {
    let names = Set(columns.map { $0.lowercased() })
    let fitting = all.filter { $0.fits(names) }
    let lesser = Set(fitting.flatMap { $0.ratherThan ?? [] })
    return fitting.filter { !lesser.contains($0.name) }
  }
}
