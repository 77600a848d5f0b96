public import Astronomy

/// Which columns of a survey's catalogue fill which columns of `reber.source`.
public struct ColumnMapping: Sendable, Equatable, Codable {
  /// The column chosen for each part of a source.
  public private(set) var columns: [Part: Choice]

  /// The profile that says what the columns are; nil without one.
  public private(set) var profile: String?

  /// Whether the profile was found by the columns, which is not stored: nobody asked for it.
  private(set) var isProfileAssumed = false

  /// The frame of the positions; nil for ICRS.
  public internal(set) var frame: CelestialFrame?

  /// Why the frame is what it is, which is not stored; nil where ICRS was assumed.
  public internal(set) var frameOrigin: UnitOrigin?

  /// The columns that are left out since their units are not known, which is not stored.
  private(set) var leftOut: [Part: Choice] = [:]

  /// Other columns that may be meant just as well as the one that was taken, which is not stored.
  private(set) var rivals: [Part: [String]] = [:]

  /// A column that says the equinox row by row, which is not heeded, and not stored.
  private(set) var equinox: String?

  /// Columns that may say which values are limits, and are not heeded, which is not stored.
  private(set) var limits: [String] = []

  private enum CodingKeys: CodingKey { case columns, frame, profile }

  /// What a source is made of.
  public enum Part: String, Sendable, Codable, CaseIterable, CodingKeyRepresentable {
    /// Identifier within the survey.
    case name
    /// Right ascension.
    case ra
    /// Declination.
    case dec
    /// Integrated flux density.
    case totalFlux = "total_flux"
    /// Peak brightness.
    case peakFlux = "peak_flux"
    /// Local noise.
    case rms
    /// Largest angular size.
    case majorAxis = "major_axis"
    /// The file that shows the source.
    case image
    /// Major axis of the beam with which it was seen.
    case beamMajor = "beam_major"
    /// Minor axis of the beam.
    case beamMinor = "beam_minor"
    /// Position angle of the beam.
    case beamAngle = "beam_angle"
    /// Where the source lies on that file, in pixels: from the upper left corner of a PNG, counted
    /// from 0, and from the lower left one of a FITS image, counted from 1.
    case x
    case y
    /// Sides of a box around the source, of which `x` and `y` are the corner, in pixels.
    case boxWidth = "box_width"
    case boxHeight = "box_height"

    /// Places on images, which no column is taken for unless somebody says so.
    static let onImage: [Part] = [.x, .y, .boxWidth, .boxHeight]

    /// The unit that is kept, `nil` for text.
    var unit: String? {
      switch self {
      case .name, .image, .x, .y, .boxWidth, .boxHeight: nil
      case .ra, .dec, .beamAngle: "deg"
      case .totalFlux: "Jy"
      case .peakFlux, .rms: "Jy/beam"
      case .majorAxis, .beamMajor, .beamMinor: "arcsec"
      }
    }

    /// Whether `reber.source` keeps it; the beam is the survey's.
    var isOfSource: Bool { ![.beamMajor, .beamMinor, .beamAngle].contains(self) }
  }

  /// A column, or several whose texts are joined by `_` (for names).
  public struct Choice: Sendable, Equatable, Codable {
    /// The columns' names.
    public var columns: [String]

    /// The unit of the values.
    public var unit: String?

    /// Why the unit is what it is.
    public var unitOrigin: UnitOrigin

    /// Why the column was chosen.
    public var reason: Reason

    /// What is taken in rows where these columns hold nothing.
    public var otherwise: [Choice]?

    /// The choice itself, and what is taken otherwise.
    var all: [Choice] { [self] + (otherwise ?? []) }
  }

  /// Why a unit is what it is.
  public enum UnitOrigin: String, Sendable, Codable {
    /// The file says so.
    case file
    /// The column's name ends with it.
    case name
    /// Nothing in the file says so, but the profile.
    case profile
    /// Nothing in the file says so: the default was assumed.
    case assumed
    /// The user said so.
    case user
  }

  /// Why a column was chosen.
  public enum Reason: String, Sendable, Codable {
    /// By its Unified Content Descriptor.
    case ucd
    /// By its name.
    case name
    /// The profile says so.
    case profile
    /// The user said so.
    case user
  }
}

extension ColumnMapping {
  /// Chooses columns by what the user said, then by a profile, then by UCD, then by name.
  ///
  /// The best match is taken even where it holds text: rows of which it is no number are set aside,
  /// and no other column takes its place.
  ///
  /// - Parameters:
  ///   - columns: The catalogue's columns.
  ///   - chosen: Columns by part, as the user said: `["ra": "RAJ2000", "name": "field+id"]`; of several
  ///     with a comma between them the first that holds something is taken.
  ///   - units: Units by column, as the user said: `["Maj": "deg"]`.
  ///   - frame: The frame of the positions, as the user said.
  ///   - tableFrames: The frames of positions, as the file says of the whole table.
  ///   - profile: What is known of such tables, and whether that was found by the columns alone.
  /// - Throws: `IngestError` where the user named a part or a column that does not exist or holds no
  ///   numbers where they are needed, and where frames contradict each other.
  public init(
    guessing columns: [Column], chosen: [String: String] = [:], units: [String: String] = [:],
    frame: CelestialFrame? = nil, tableFrames: [String] = [],
    profile: (SurveyProfile, isAssumed: Bool)? = nil
  ) throws {
    self.columns = [:]
    self.profile = profile?.0.name
    isProfileAssumed = profile?.isAssumed ?? false
    for key in chosen.keys where Part(rawValue: key) == nil { throw IngestError.unknownPart(key) }
    for name in units.keys where !columns.contains(where: { $0.name == name }) {
      throw IngestError.unknownColumn(name, known: columns.map(\.name))
    }
    for part in Part.allCases {
      let (found, reason, rivals) = try Self.find(
        part, in: columns, chosen: chosen[part.rawValue], profile?.0)
      if !rivals.isEmpty { self.rivals[part] = rivals }
      let choices = found.map { columns in
        let (unit, origin) = Self.unit(of: columns[0], for: part, units: units, profile?.0)
        return Choice(
          columns: columns.map(\.name), unit: unit, unitOrigin: origin, reason: reason)
      }
      guard var choice = choices.first else { continue }
      if choices.count > 1 { choice.otherwise = Array(choices.dropFirst()) }
      self.columns[part] = choice
    }
    leaveOutUnknownUnits()
    limits = columns.map(\.name).filter(saysLimits)
    if frame == nil {
      equinox = columns.first { ColumnName($0.name).plain == "equinox" }?.name
    }
    try setFrame(columns, frame, of: tableFrames, profile?.0)
  }

  /// Whether a column is called as those are that mark limits of what was taken, and is not the one that is heeded.
  private func saysLimits(_ name: String) -> Bool {
    let taken = Part.allCases.filter { $0.unit != nil && ![.ra, .dec].contains($0) }
      .flatMap { columns[$0]?.all ?? [] }.map { $0.columns[0].lowercased() }
    let name = name.lowercased()
    guard !taken.contains(name), !taken.contains(where: { name == "l_" + $0 }) else { return false }
    return name.contains(/(^|_)(is)?_?(u|up|upper)_?_?(l|lim|limit|limits)(_|$)/)
      || taken.contains {
        name.hasPrefix($0) && name.dropFirst($0.count).contains(/^_?(l|lim|limit|limits)$/)
      }
      || ["limit", "limits", "limit_flag", "lflag"].contains(name)
  }

  /// Leaves out what is in a unit that is not known or could be two (`MJY`), unless the user named the
  /// column or the unit: a wrong flux is worse than none.
  private mutating func leaveOutUnknownUnits() {
    for part in Part.allCases where ![.ra, .dec].contains(part) {
      guard let wanted = part.unit, let choice = columns[part], choice.reason != .user,
        let unknown = choice.all.first(where: {
          $0.unitOrigin != .user && (try? $0.scale(to: wanted)) == nil
        })
      else { continue }
      columns[part] = nil
      leftOut[part] = unknown
    }
  }

  /// The columns of a part: several that are joined, and others that may serve instead.
  private static func find(
    _ part: Part, in columns: [Column], chosen: String?, _ profile: SurveyProfile?
  ) throws -> (columns: [[Column]], reason: Reason, rivals: [String]) {
    if let chosen {
      let isOne = columns.contains { $0.name == chosen }
      let named = try (isOne ? [[chosen]] : alternatives(chosen)).map { names in
        guard names.count == 1 || part.mayBeJoined else {
          throw IngestError.contradictory(
            "\(part.rawValue) cannot be made of '\(names.joined(separator: "' and '"))'",
            advice: "only names and positions are of several columns")
        }
        return try names.map { name in
          guard let column = columns.first(where: { $0.name == name }) else {
            throw IngestError.unknownColumn(name, known: columns.map(\.name))
          }
          guard !part.isNumber || part.accepts(column) else {
            throw IngestError.noNumbers(part.rawValue, column: name)
          }
          return column
        }
      }
      return (named, .user, [])
    }
    if let text = profile?.columns[part.rawValue] {
      let named = alternatives(text).map { $0.map { Self.column(named: $0, in: columns) } }
      let there = named.filter { $0.allSatisfy { $0 != nil } }.map { $0.compactMap(\.self) }
      if !there.isEmpty || named.isEmpty { return (there, .profile, []) }
    }
    if let pieces = PositionPieces.find(part, in: columns) { return ([pieces], .name, []) }
    guard let (found, reason) = best(part, in: columns) else { return ([], .name, []) }
    return ([[found[0]]], reason, part.isNumber ? found.dropFirst().map(\.name) : [])
  }

  /// `a+b,c` as `[[a, b], [c]]`.
  private static func alternatives(_ text: String) -> [[String]] {
    text.split(separator: ",").map { JoinedColumns.names(in: $0) }
  }

  /// A column by its name, whose capitals count where several differ in them alone.
  private static func column(named name: String, in columns: [Column]) -> Column? {
    columns.first { $0.name == name }
      ?? columns.first { $0.name.lowercased() == name.lowercased() }
  }

  /// The column that is taken for a part, and behind it those that may be meant just as well.
  private static func best(_ part: Part, in columns: [Column]) -> ([Column], Reason)? {
    let able = columns.filter(part.accepts)
    let order = Dictionary(
      part.names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let described = able.compactMap { column in
      part.rank(of: column).map { (rank: $0, column: column) }
    }
    let surest = described.map(\.rank).min()
    let known = described.filter { $0.rank == surest }.map(\.column)
    let named = able.filter {
      order[plain($0.name)] != nil && part.mayBe(in: ColumnName($0.name).unit)
        && !part.isDenied(by: $0)
    }
    // Of two of one name, such as ra_hms and ra_deg, the numbers; ra_h may be of a host.
    let place = { (column: Column) in
      let name = ColumnName(column.name)
      return 4 * (order[name.plain] ?? order.count) + (column.datatype == .string ? 2 : 0)
        + (name.unit == "h" ? 1 : 0)
    }
    let found = known.isEmpty ? named : known
    guard let first = found.map(place).min() else { return nil }
    return (found.filter { place($0) == first }, known.isEmpty ? .name : .ucd)
  }

  private static func unit(
    of column: Column, for part: Part, units: [String: String], _ profile: SurveyProfile?
  ) -> (String?, UnitOrigin) {
    if let unit = units[column.name] { return (unit, .user) }
    if let unit = column.unit, !noUnit.contains(unit.lowercased()) { return (unit, .file) }
    if let unit = profile?.unit(of: column.name) { return (unit, .profile) }
    if part.unit != nil, let unit = ColumnName(column.name).unit { return (unit, .name) }
    return (part.unit, .assumed)
  }

  /// What is written for a unit where there is none, as by Selavy.
  private static let noUnit: Set<String> = ["", "-", "--", "---", "none", "null", "unknown", "?"]

  /// A name in lower case, without separators and without the unit it ends with.
  static func plain(_ name: String) -> String { ColumnName(name).plain }
}

extension ColumnMapping {
  /// The columns that must be read as text although they look like numbers: names such as 1.10, and
  /// degrees such as -00, whose sign a whole number would lose.
  func texts(among all: [Column]) -> Set<String> {
    let names = self.columns[.name]?.all.flatMap(\.columns) ?? []
    let degrees = self.columns[.dec].map { $0.columns.count > 1 ? $0.columns : [] } ?? []
    return Set(
      all.filter { column in
        names.contains(column.name) && [.float, .double].contains(column.datatype)
          || degrees.contains(column.name) && column.datatype == .int64
      }
      .map(\.name))
  }
}
