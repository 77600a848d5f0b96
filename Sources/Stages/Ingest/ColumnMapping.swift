public import Astronomy

/// Which columns of a survey's catalogue fill which columns of `reber.source`.
public struct ColumnMapping: Sendable, Equatable, Codable {
  /// The column chosen for each part of a source.
  public private(set) var columns: [Part: Choice]

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
    /// Nothing says so: the usual one was taken.
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
  /// - Parameters:
  ///   - columns: The catalogue's columns.
  ///   - chosen: Columns by part, as the user said: `["ra": "RAJ2000", "name": "field+id"]`.
  ///   - units: Units by column, as the user said: `["Maj": "deg"]`.
  /// - Throws: `IngestError` where the user named a part or a column that does not exist.
  public init(
    guessing columns: [Column], chosen: [String: String] = [:], units: [String: String] = [:]
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
      guard !named.isEmpty else { return nil }
      return (named, .user)
    }
    // Aegean numbers the components of each island from 0.
    if part == .name, let island = columns.first(where: { $0.name == "island" }),
      let source = columns.first(where: { $0.name == "source" }), source.datatype.isInteger
    {
      return ([island, source], .name)
    }
    for ucd in part.ucds {
      if let column = columns.first(where: { $0.ucd?.lowercased() == ucd && part.accepts($0) }) {
        return ([column], .ucd)
      }
    }
    for name in part.names {
      if let column = columns.first(where: { plain($0.name) == name && part.accepts($0) }) {
        return ([column], .name)
      }
    }
    return nil
  }

  private static func unit(
    of column: Column, for part: Part, units: [String: String]
  ) -> (String?, UnitOrigin) {
    if let unit = units[column.name] { return (unit, .user) }
    if let unit = column.unit, !unit.isEmpty { return (unit, .file) }
    if let unit = suffixes.first(where: { column.name.lowercased().hasSuffix($0.key) })?.value {
      return (unit, .name)
    }
    return (part.unit, .assumed)
  }

  /// A name in lower case, without separators and without the unit it ends with.
  private static func plain(_ name: String) -> String {
    var name = name.lowercased()
    for suffix in suffixes.keys where name.hasSuffix(suffix) { name.removeLast(suffix.count) }
    return name.filter { $0.isLetter || $0.isNumber }
  }

  private static let suffixes = [
    "_deg": "deg", "_arcmin": "arcmin", "_arcsec": "arcsec", "_jy": "Jy", "_mjy": "mJy",
    "_ujy": "uJy",
  ]
}

extension ColumnMapping.Part {
  /// UCD1+ words that name the part, the surest first.
  fileprivate var ucds: [String] {
    switch self {
    case .name: ["meta.id;meta.main"]
    case .ra: ["pos.eq.ra;meta.main", "pos.eq.ra"]
    case .dec: ["pos.eq.dec;meta.main", "pos.eq.dec"]
    case .totalFlux: ["phot.flux.density;em.radio", "phot.flux.density"]
    case .peakFlux: ["phot.flux.density;em.radio;stat.max", "phot.flux.density;stat.max"]
    case .rms: ["stat.error;phot.flux.density;em.radio", "instr.det.noise"]
    case .majorAxis: ["phys.angsize.smajaxis", "phys.angsize"]
    case .image: ["meta.file", "meta.ref.url"]
    }
  }

  /// Names that catalogues give the part, as `plain` writes them, the surest first.
  fileprivate var names: [String] {
    switch self {
    case .name:
      [
        "sourcename", "name", "componentname", "islandname", "iauname", "designation", "srcname",
        "objectname", "sourceid", "objid", "id", "recno", "source", "object", "file",
      ]
    case .ra: ["ra", "raj2000", "raicrs", "alphaj2000", "radeg", "rightascension", "racent"]
    case .dec:
      ["dec", "decj2000", "dej2000", "deicrs", "deltaj2000", "decdeg", "declination", "decl"]
    case .totalFlux:
      ["totalflux", "fluxint", "intflux", "sint", "fint", "stotal", "flux", "fluxtot"]
    case .peakFlux: ["peakflux", "fluxpeak", "speak", "fpeak"]
    case .rms: ["rms", "islrms", "localrms", "rmsnoise", "rmsimage", "noise"]
    case .majorAxis:
      ["las", "angularsize", "majoraxis", "dcmaj", "maj", "majaxisdeconv", "majaxis", "a", "size"]
    case .image: ["image", "cutout", "crop", "imagefile", "filename", "path", "file"]
    }
  }

  fileprivate func accepts(_ column: Column) -> Bool {
    switch self {
    case .name: true
    case .image: column.datatype == .string
    case .ra, .dec: column.datatype.isNumeric || column.datatype == .string
    default: column.datatype.isNumeric
    }
  }
}
