public import Astronomy

/// Which columns of a survey's catalogue fill which columns of `reber.source`.
public struct ColumnMapping: Sendable, Equatable, Codable {
  /// The column chosen for each part of a source.
  public private(set) var columns: [Part: Choice]

  /// The frame of the positions; nil for ICRS.
  public private(set) var frame: CelestialFrame?

  /// Why the frame is what it is, which is not stored; nil where ICRS was assumed.
  public private(set) var frameOrigin: UnitOrigin?

  private enum CodingKeys: CodingKey { case columns, frame }

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

    /// The unit that `reber.source` keeps, `nil` for text.
    var unit: String? {
      switch self {
      case .name, .image: nil
      case .ra, .dec: "deg"
      case .totalFlux: "Jy"
      case .peakFlux, .rms: "Jy/beam"
      case .majorAxis: "arcsec"
      }
    }
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
  }

  /// Why a unit is what it is.
  public enum UnitOrigin: String, Sendable, Codable {
    /// The file says so.
    case file
    /// The column's name ends with it.
    case name
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
    /// The user said so.
    case user
  }
}

extension ColumnMapping {
  /// Chooses columns by what the user said, then by UCD, then by name.
  ///
  /// The best match is taken even where it holds text: rows of which it is no number are set aside,
  /// and no other column takes its place.
  ///
  /// - Parameters:
  ///   - columns: The catalogue's columns.
  ///   - chosen: Columns by part, as the user said: `["ra": "RAJ2000", "name": "field+id"]`.
  ///   - units: Units by column, as the user said: `["Maj": "deg"]`.
  ///   - frame: The frame of the positions, as the user said.
  ///   - tableFrame: The frame of the positions, as the file says of the whole table.
  /// - Throws: `IngestError` where the user named a part or a column that does not exist.
  public init(
    guessing columns: [Column], chosen: [String: String] = [:], units: [String: String] = [:],
    frame: CelestialFrame? = nil, tableFrame: String? = nil
  ) throws {
    self.columns = [:]
    for key in chosen.keys where Part(rawValue: key) == nil { throw IngestError.unknownPart(key) }
    for name in units.keys where !columns.contains(where: { $0.name == name }) {
      throw IngestError.unknownColumn(name, known: columns.map(\.name))
    }
    for part in Part.allCases {
      guard let found = try Self.find(part, in: columns, chosen: chosen[part.rawValue]) else {
        continue
      }
      let (unit, origin) = Self.unit(of: found.columns[0], for: part, units: units)
      self.columns[part] = Choice(
        columns: found.columns.map(\.name), unit: unit, unitOrigin: origin, reason: found.reason)
    }
    try setFrame(columns, frame, of: tableFrame)
  }

  private static func find(
    _ part: Part, in columns: [Column], chosen: String?
  ) throws -> (columns: [Column], reason: Reason)? {
    if let chosen {
      let named = try chosen.split(separator: "+").map { name in
        guard let column = columns.first(where: { $0.name == name }) else {
          throw IngestError.unknownColumn(String(name), known: columns.map(\.name))
        }
        return column
      }
      return named.isEmpty ? nil : (named, .user)
    }
    if let pieces = pieces(of: part, in: columns) { return (pieces, .name) }
    return best(part, in: columns)
  }

  private static func best(
    _ part: Part, in columns: [Column]
  ) -> (columns: [Column], reason: Reason)? {
    let able = columns.filter(part.accepts)
    let order = Dictionary(
      part.names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let described = able.compactMap { column in
      column.ucd.flatMap { part.rank(of: UCD($0)) }.map { (rank: $0, column: column) }
    }
    let surest = described.map(\.rank).min()
    let places = { (column: Column) in order[plain(column.name)] ?? order.count }
    if let best = described.filter({ $0.rank == surest }).min(by: {
      places($0.column) < places($1.column)
    }) {
      return ([best.column], .ucd)
    }
    let named = able.filter { order[plain($0.name)] != nil && !part.isDenied(by: $0) }
    return named.min { places($0) < places($1) }.map { ([$0], .name) }
  }

  /// The columns that make a part together: the CDS writes hours, minutes and seconds apart, and
  /// Aegean numbers the components of each island from 0.
  private static func pieces(of part: Part, in columns: [Column]) -> [Column]? {
    let names: [String]
    switch part {
    case .ra: names = ["RAh", "RAm", "RAs"]
    case .dec: names = ["DE-", "DEd", "DEm", "DEs"]
    case .name: names = ["island", "source"]
    default: return nil
    }
    let found = names.compactMap { name in columns.first { $0.name == name } }
    guard found.count == names.count else { return nil }
    return part == .name && !found[1].datatype.isInteger ? nil : found
  }

  private static func unit(
    of column: Column, for part: Part, units: [String: String]
  ) -> (String?, UnitOrigin) {
    if let unit = units[column.name] { return (unit, .user) }
    if let unit = column.unit, !noUnit.contains(unit.lowercased()) { return (unit, .file) }
    if let unit = suffixes.first(where: { column.name.lowercased().hasSuffix($0.key) })?.value {
      return (unit, .name)
    }
    return (part.unit, .assumed)
  }

  /// What is written for a unit where there is none, as by Selavy.
  private static let noUnit: Set<String> = ["", "-", "--", "---", "none", "null", "unknown", "?"]

  /// A name in lower case, without separators and without the unit it ends with.
  static func plain(_ name: String) -> String {
    var name = name.lowercased()
    for suffix in suffixes.keys where name.hasSuffix(suffix) { name.removeLast(suffix.count) }
    return name.filter { $0.isLetter || $0.isNumber }
  }

  private static let suffixes = [
    "_deg": "deg", "_arcmin": "arcmin", "_arcsec": "arcsec", "_jy": "Jy", "_mjy": "mJy",
    "_ujy": "uJy",
  ]
}

extension ColumnMapping {
  /// Finds the frame of the positions: as the user, the file, or the column's name says.
  private mutating func setFrame(_ all: [Column], _ user: CelestialFrame?, of table: String?) throws
  {
    guard let choice = columns[.ra], let column = all.first(where: { $0.name == choice.columns[0] })
    else { return }
    let isGalactic = column.ucd.map { UCD($0).isOf("pos.galactic.lon") } == true
    if let user {
      (frame, frameOrigin) = (user, .user)
    } else if isGalactic || Self.plain(column.name) == "glon" {
      (frame, frameOrigin) = (.galactic, .name)
    } else if let said = column.frame ?? table {
      guard let known = CelestialFrame(named: said) else { throw IngestError.unknownFrame(said) }
      (frame, frameOrigin) = (known, .file)
    } else if column.name.contains("1950") {
      (frame, frameOrigin) = (.fk4(equinox: 1950, eTerms: true), .name)
    }
    if frame == .icrs { frame = nil }
  }

  /// What nothing in the file says, so that a default was assumed.
  var assumptions: [String] {
    var words = Part.allCases.compactMap { part in
      columns[part].flatMap { choice in
        choice.unitOrigin == .assumed && part.unit != nil
          ? "the unit of '\(choice.columns[0])' is not said: \(part.unit ?? "") is assumed" : nil
      }
    }
    if columns[.ra] != nil, frameOrigin == nil {
      words.append("the frame of the positions is not said: ICRS is assumed")
    }
    return words
  }

  /// The parts for which no column was found.
  var missing: [Part] { Part.allCases.filter { columns[$0] == nil } }
}
