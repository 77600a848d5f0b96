import Astronomy

extension ColumnMapping {
  /// Finds the frame of the positions: as the user, the file, or the column's name says.
  ///
  /// - Parameters:
  ///   - all: The catalogue's columns.
  ///   - user: What the user said.
  ///   - frames: Those that the file says of the whole table; of several, the one that the column's
  ///     name or UCD can mean is taken, if it is one.
  ///   - profile: What is known of such tables.
  /// - Throws: `IngestError.unknownFrame`, and `IngestError.contradictory` where the file says one
  ///   frame and a column another.
  mutating func setFrame(
    _ all: [Column], _ user: CelestialFrame?, of frames: [String], _ profile: SurveyProfile?
  ) throws {
    guard let ra = column(of: .ra, in: all) else { return }
    defer { if frame == .icrs { frame = nil } }
    if let user {
      (frame, frameOrigin) = (user, .user)
      return
    }
    if let dec = column(of: .dec, in: all) { try Self.check(ra, dec) }
    let hint = FrameHint(ra)
    if hint == .galactic {
      (frame, frameOrigin) = (.galactic, .name)
    } else if let said = ra.frame ?? (frames.count == 1 ? frames[0] : nil) {
      (frame, frameOrigin) = (try Self.frame(said, of: ra, hint), .file)
    } else if let one = Self.only(of: frames, hint) {
      (frame, frameOrigin) = (one, .file)
    } else if hint == .b1950 {
      (frame, frameOrigin) = (.fk4(equinox: 1950, eTerms: true), .name)
    } else if let said = profile?.frame {
      (frame, frameOrigin) = (try Self.frame(said, of: ra, hint), .profile)
    }
  }

  /// The column of a coordinate, or the first of those that make it.
  private func column(of part: Part, in all: [Column]) -> Column? {
    columns[part].flatMap { choice in all.first { $0.name == choice.columns[0] } }
  }

  /// Refuses a longitude and a latitude that are not of one frame.
  private static func check(_ ra: Column, _ dec: Column) throws {
    let hints = [ra, dec].map { FrameHint($0) }
    let areMixed = hints.contains(.galactic) && hints.contains { $0 != nil && $0 != .galactic }
    let (one, other) = (ra.frame ?? dec.frame, dec.frame ?? ra.frame)
    guard areMixed || one != other else { return }
    throw IngestError.contradictory(
      "'\(ra.name)' and '\(dec.name)' are coordinates of different frames",
      advice: "say which belong together with --column ra=… --column dec=…")
  }

  private static func frame(
    _ said: String, of column: Column, _ hint: FrameHint?
  ) throws -> CelestialFrame {
    guard let known = CelestialFrame(named: said) else { throw IngestError.unknownFrame(said) }
    guard hint?.mayBe(known) ?? true else {
      throw IngestError.contradictory(
        "column '\(column.name)' is not in the frame '\(said)' that the file says of it",
        advice: "say which it is with --frame")
    }
    return known
  }

  /// The only one of several frames that a column can be in; nil where it may be in several.
  private static func only(of frames: [String], _ hint: FrameHint?) -> CelestialFrame? {
    guard let hint else { return nil }
    let possible = Set(frames.compactMap { CelestialFrame(named: $0) }.filter(hint.mayBe))
    return possible.count == 1 ? possible.first : nil
  }
}

/// What a column's name and UCD say of its frame.
private enum FrameHint {
  case galactic
  case b1950
  case j2000
  /// Of some equator and equinox.
  case equatorial

  init?(_ column: Column) {
    let (plain, ucd) = (ColumnName(column.name).plain, column.ucd.map(UCD.init))
    if ucd?.isAbout("pos.galactic") == true || ["glon", "glat"].contains(plain) {
      self = .galactic
    } else if plain.contains("1950") {
      self = .b1950
    } else if plain.contains("2000") || plain.contains("icrs") {
      self = .j2000
    } else if ucd?.isAbout("pos.eq") == true || plain.hasPrefix("ra") || plain.hasPrefix("de") {
      self = .equatorial
    } else {
      return nil
    }
  }

  /// Whether a column of which this is said can be in a frame.
  func mayBe(_ frame: CelestialFrame) -> Bool {
    switch (self, frame) {
    case (.galactic, .galactic): true
    case (.galactic, _), (_, .galactic): false
    case (.equatorial, _), (.j2000, .icrs): true
    case (.j2000, .fk5(let equinox)): equinox == 2000
    case (.b1950, .fk4(let equinox, _)): equinox == 1950
    case (.b1950, _), (.j2000, _): false
    }
  }
}
