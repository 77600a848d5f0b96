import Astronomy

extension ColumnMapping {
  /// What nothing in the file says, so that a default was assumed, what a profile says that nobody
  /// asked for, and what is in units that are not known.
  var assumptions: [String] {
    var words = Part.allCases.compactMap { part in
      leftOut[part].map { choice in
        """
        the unit '\(choice.unit ?? "")' of '\(choice.columns[0])' is not known, or could be two: \
        \(part.rawValue) is left out; say the unit with --unit \(choice.columns[0])=\
        \(part.unit ?? "")
        """
      }
    }
    for part in Part.allCases where part.unit != nil {
      if let others = rivals[part], let taken = columns[part] {
        words.append(
          """
          several columns may be \(part.rawValue): '\(taken.columns[0])' is taken, not \
          \(others.map { "'\($0)'" }.joined(separator: ", ")); say which with --column
          """)
      }
      for choice in columns[part]?.all ?? [] where choice.isVast(for: part) {
        words.append(
          """
          the unit of '\(choice.columns[0])' is \(choice.unit ?? ""), which no radio source needs: say \
          --unit \(choice.columns[0])=mJy where that is meant
          """)
      }
      // Hours, minutes and seconds say in their names what they are.
      for choice in columns[part]?.all ?? [] where choice.columns.count == 1 {
        guard let source = source(of: choice.unitOrigin) else { continue }
        words.append(
          "the unit of '\(choice.columns[0])' is not said: \(choice.unit ?? "") is assumed\(source)"
        )
      }
    }
    if columns[.ra] != nil, let source = frameOrigin.map(source) ?? "" {
      let name = frame == .galactic ? "galactic" : frame?.keywords.system ?? "ICRS"
      words.append("the frame of the positions is not said: \(name) is assumed\(source)")
    }
    if !limits.isEmpty {
      words.append(
        """
        \(limits.map { "'\($0)'" }.joined(separator: ", ")) may say which values are limits, and is not heeded: \
        all are taken for measurements
        """)
    }
    if let equinox {
      words.append("'\(equinox)' is not heeded: all positions are taken to be of one equinox")
    }
    return words
  }

  /// How an assumption came about, in words; nil where there is none.
  private func source(of origin: UnitOrigin) -> String? {
    switch origin {
    case .assumed: ""
    case .profile: isProfileAssumed ? ", as in profile \(profile ?? "")" : nil
    case .file, .name, .user: nil
    }
  }

  /// The parts for which no column was found and none is known to be missing.
  func missing(_ profile: SurveyProfile?) -> [Part] {
    Part.allCases.filter { part in
      part.isOfSource && !Part.onImage.contains(part) && columns[part] == nil
        && leftOut[part] == nil
        && profile?.columns[part.rawValue] != ""
    }
  }
}

extension ColumnMapping.Choice {
  /// Whether a flux is said to be in thousands of jansky or more, which `MJy` is, and `mJy` may have been.
  fileprivate func isVast(for part: ColumnMapping.Part) -> Bool {
    guard unitOrigin != .user, let wanted = part.unit, wanted.hasPrefix("Jy"),
      let scale = try? scale(to: wanted)
    else { return false }
    return scale > 999
  }
}
