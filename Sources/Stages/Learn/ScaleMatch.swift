import Catalogue
import Morphology
import PostgreSQL

/// Whether images of a survey are brought to what a model knows; stored with the run.
public struct ScaleOptions: Codable, Sendable, Hashable {
  /// Show as much sky as the model learned from, where the survey's images show more or less.
  public var matchesField = true

  /// Smooth images of a finer beam to the beam that the model learned from.
  public var matchesBeam = false

  /// The defaults: the same sky, no smoothing.
  public init() {}
}

/// How a survey's images are prepared for a model, and what a person should know of it.
struct ScaleMatch: Sendable, Equatable {
  /// How the images are prepared.
  var preprocessing: Preprocessing

  /// What was done and what could not be, a sentence each.
  var notes: [String] = []
}

/// A model as far as scale is concerned.
struct LearnedScale: Sendable {
  /// How the model's own images were prepared.
  var preprocessing: Preprocessing

  /// The sky that they showed.
  var scale: AngularScale

  /// Fields that differ by less than this part are the same.
  private static let tolerance = 0.02

  /// Images whose fields differ by more than this factor have no one scale.
  private static let variety = 1.25

  /// Brings images of a survey to what the model knows.
  ///
  /// Images that show the same sky as the model's stay as they are, to the bit.
  ///
  /// - Parameters:
  ///   - images: The scale of the survey's images.
  ///   - survey: Its name, for the notes.
  ///   - isKnown: Whether the model learned from the survey.
  ///   - options: What is wanted.
  /// - Returns: How the images are prepared, with notes where they are not as they come.
  /// - Throws: `LearnError.unknownBeam` where smoothing is wanted and a beam is not known.
  func match(
    _ images: AngularScale, of survey: String, isKnown: Bool, options: ScaleOptions
  ) throws -> ScaleMatch {
    var match = ScaleMatch(preprocessing: preprocessing)
    if options.matchesField { matchField(images, of: survey, isKnown: isKnown, in: &match) }
    try matchBeam(images, of: survey, isKnown: isKnown, options: options, in: &match)
    return match
  }

  private func matchField(
    _ images: AngularScale, of survey: String, isKnown: Bool, in match: inout ScaleMatch
  ) {
    if let framing = preprocessing.framing {
      return matchFraming(framing, images, of: survey, isKnown: isKnown, in: &match)
    }
    guard images.known == images.images, let field = images.field else {
      match.preprocessing.fieldOfView = nil
      guard !isKnown else { return }
      match.notes.append(
        """
        WARNING: the pixel scale of \(images.images - images.known) of \(images.images) images of \
        '\(survey)' is not known, so they may be shown larger or smaller than what the model knows: \
        give it with 'reber survey describe \(survey) --pixel-scale'
        """)
      return
    }
    guard let shown = shownField(isKnown: isKnown, in: &match) else { return }
    let whole = shown / preprocessing.cropFraction
    if preprocessing.fieldOfView == nil {
      guard !isSame(field, as: whole, images, isKnown: isKnown) else { return }
      match.preprocessing.fieldOfView = shown
      match.notes.append(
        """
        images of '\(survey)' show \(arcsec(field)) of sky, those that the model learned from \
        \(arcsec(whole)): views show \(arcsec(shown)), as at learning
        """)
    }
    match.warnOfNarrow(images, below: shown * (1 - Self.tolerance), shown: shown, of: survey)
  }

  /// Whether images show as much sky as those that the model learned from.
  ///
  /// What was learned stays as it was learned, unless its images were cut anew.
  private func isSame(
    _ field: Double, as whole: Double, _ images: AngularScale, isKnown: Bool
  ) -> Bool {
    isKnown
      ? max(field / whole, whole / field) <= Self.variety
      : images.shows(whole, within: Self.tolerance)
  }

  /// Views that follow each source's size do so in any survey, but angles are no pixels.
  private func matchFraming(
    _ framing: Framing, _ images: AngularScale, of survey: String, isKnown: Bool,
    in match: inout ScaleMatch
  ) {
    guard !isKnown else { return }
    if (images.known == images.images) != (scale.known == scale.images) {
      let unknown = images.known < images.images ? "'\(survey)'" : "what the model learned from"
      match.preprocessing.framing = framing.unbounded
      match.notes.append(
        """
        WARNING: since the pixel scale of \(unknown) is not known, each view shows \
        \(framing.sizeFactor) times the size of its source, however small or large that is: give it \
        with 'reber survey describe NAME --pixel-scale'
        """)
    } else {
      match.notes.append(
        """
        views show \(framing.sizeFactor) times the size of each source of '\(survey)', between \
        \(arcsec(framing.least)) and \(arcsec(framing.most)), as at learning
        """)
    }
  }

  /// The sky that a view showed at learning, arcsec; `nil`, with a note, where there is no such
  /// figure.
  private func shownField(isKnown: Bool, in match: inout ScaleMatch) -> Double? {
    if let field = preprocessing.fieldOfView { return field }
    guard let field = scale.field, let narrow = scale.narrowField, let wide = scale.wideField,
      scale.known == scale.images
    else {
      if !isKnown {
        match.notes.append(
          """
          WARNING: the pixel scale of what the model learned from is not known, so images of another \
          survey may be shown larger or smaller than what it knows
          """)
      }
      return nil
    }
    guard wide <= narrow * Self.variety else {
      if !isKnown {
        match.notes.append(
          """
          the model learned from images that show \(arcsec(narrow)) to \(arcsec(wide)) of sky: there \
          is no one scale to bring others to, so each image is shown as far as its own side goes
          """)
      }
      return nil
    }
    return field * preprocessing.cropFraction
  }

  private func matchBeam(
    _ images: AngularScale, of survey: String, isKnown: Bool, options: ScaleOptions,
    in match: inout ScaleMatch
  ) throws {
    let target = preprocessing.beam ?? scale.beam
    guard options.matchesBeam || preprocessing.beam != nil else {
      if let target, let own = images.beam, !isKnown { match.compare(own, target, survey) }
      return
    }
    guard let target else { throw LearnError.unknownBeam(of: "what the model learned from") }
    guard let own = images.beam else {
      throw LearnError.unknownBeam(of: "survey '\(survey)'")
    }
    match.preprocessing.beam = target
    match.notes.append(
      own < target
        ? "images of '\(survey)' are smoothed from a beam of \(arcsec(own)) to \(arcsec(target))"
        : "the beam of '\(survey)' (\(arcsec(own))) is no finer than the model's: nothing to smooth"
    )
  }
}

extension ScaleMatch {
  /// How images are prepared, where that is not as the model's own; `nil` keeps the parameters of a
  /// run on the model's own scale as they always were.
  func preprocessing(unlikeThatOf model: Catalogue.Model) throws -> Preprocessing? {
    let own = try model.details().preprocessing
    return preprocessing == own ? nil : preprocessing
  }

  /// Notes that some images show less sky than `least`, so that a part of their views is empty.
  fileprivate mutating func warnOfNarrow(
    _ images: AngularScale, below least: Double, shown: Double, of survey: String
  ) {
    guard let narrow = images.narrowField, narrow < least else { return }
    notes.append(
      """
      WARNING: some images of '\(survey)' show only \(arcsec(narrow)), the rest of their views is \
      empty: cut larger ones with 'reber ingest --size \(Int(shown.rounded(.up)))'
      """)
  }

  /// Notes a beam that differs from the model's by more than a quarter.
  fileprivate mutating func compare(_ own: Double, _ target: Double, _ survey: String) {
    if own < 0.8 * target {
      notes.append(
        """
        the beam of '\(survey)' (\(arcsec(own))) is finer than what the model learned from \
        (\(arcsec(target))): --match-beam smooths the images to it
        """)
    } else if own > 1.25 * target {
      notes.append(
        """
        the beam of '\(survey)' (\(arcsec(own))) is coarser than what the model learned from \
        (\(arcsec(target))): fine structure that it knows cannot show
        """)
    }
  }
}

extension AngularScale {
  /// Whether nearly all images show that much sky, arcsec.
  fileprivate func shows(_ wanted: Double, within tolerance: Double) -> Bool {
    [narrowField, field, wideField].allSatisfy { field in
      field.map { abs($0 / wanted - 1) <= tolerance } ?? false
    }
  }
}

/// An angle as a note shows it, with a decimal where it is small and has one.
func arcsec(_ value: Double) -> String {
  let tenths = (value * 10).rounded() / 10
  return value < 100 && tenths != tenths.rounded() ? "\(tenths)″" : "\(Int(value.rounded()))″"
}

extension Catalogue.Model {
  /// How the model's images were prepared, and the sky that they showed.
  ///
  /// A model that was stored before its description told is asked by what taught it.
  func learnedScale(in database: Connection) throws -> LearnedScale {
    let details = try details()
    return LearnedScale(
      preprocessing: details.preprocessing,
      scale: try details.scale ?? AngularScale.learned(by: run, in: database))
  }

  /// How images of a survey are prepared for the model.
  func match(
    _ survey: Survey, options: ScaleOptions, in database: Connection
  ) throws -> ScaleMatch {
    try learnedScale(in: database).match(
      AngularScale.shown(by: survey, in: database), of: survey.name,
      isKnown: try learned(from: survey, in: database), options: options)
  }

  /// How images of several surveys are prepared for the model, all alike.
  func match(
    _ surveys: [Survey], options: ScaleOptions, in database: Connection
  ) throws -> ScaleMatch {
    let single = try surveys.map { try match($0, options: options, in: database) }
    let own = try learnedScale(in: database).preprocessing
    var common =
      single.first { $0.preprocessing.fieldOfView != nil }
      ?? single.first { $0.preprocessing.framing != own.framing } ?? single.first
      ?? ScaleMatch(preprocessing: own)
    common.notes = single.flatMap(\.notes)
    let unknown = try surveys.filter {
      let scale = try AngularScale.shown(by: $0, in: database)
      return scale.known < scale.images
    }
    if common.preprocessing.fieldOfView != nil, let first = unknown.first {
      common.preprocessing.fieldOfView = nil
      common.notes.append(
        """
        WARNING: since the pixel scale of '\(first.name)' is not known, each image is shown as far as \
        its own side goes, however much sky that is
        """)
    }
    return common
  }
}
