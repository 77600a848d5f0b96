import Astronomy

/// The profile of a catalogue, if any, and how it was chosen.
struct ChosenProfile {
  var profile: SurveyProfile?
  /// Whether the columns alone chose it.
  var isAssumed = false
  /// What a person should decide: several profiles fit.
  var question: String?

  /// The profile that the user wants, `none` for none.
  init(named name: String, of profiles: SurveyProfiles) throws {
    if name != "none" { profile = try profiles.named(name) }
  }

  /// The only profile that fits columns.
  init(fitting columns: [Column], of profiles: SurveyProfiles) {
    let fitting = profiles.fitting(columns.map(\.name))
    if fitting.count == 1 { profile = fitting[0] }
    isAssumed = true
    if fitting.count > 1 {
      question = """
        the columns fit the profiles \(fitting.map(\.name).joined(separator: " and ")), so that none is \
        used: say which with --profile
        """
    }
  }

  /// What is known of the catalogue; nil where nothing is.
  var words: String? {
    profile.map { profile in
      "columns as in profile \(profile.name): \(profile.table)"
        + (profile.survey.map { "; of the survey it says: \($0.words)" } ?? "")
    }
  }
}
