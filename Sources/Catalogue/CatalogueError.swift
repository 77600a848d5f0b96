public import Failures

/// What can be wrong with a request to the catalogue.
public enum CatalogueError: Failure, Equatable {
  /// A name that cannot be part of a table's name.
  case badName(String)
  /// No survey has the name.
  case unknownSurvey(String, known: [String])
  /// No source of the survey has the name.
  case unknownSource(String, survey: String)
  /// No class scheme has the name.
  case unknownScheme(String, known: [String])
  /// The scheme has no such class.
  case unknownClass(String, scheme: String, known: [String])
  /// A scheme of tags is to have classes of which a source has one, or the other way round.
  case otherKind(scheme: String, isTags: Bool)
  /// What gives a source one class is asked to do so with tags.
  case severalTags(scheme: String, String)
  /// The scheme has a class of that name, or of one that is too like it.
  case classExists(String, scheme: String, as: String)
  /// A name without letters and digits, or with what stands between the names of classes.
  case badClassName(String)
  /// No class is merged into another.
  case mergesNothing(String)
  /// No key that a class can have.
  case badShortcut(String)
  /// Another class of the scheme has the key.
  case shortcutTaken(String, by: String)
  /// No colour.
  case badColour(String)
  /// No model of the kind is called so.
  case unknownModel(String, of: String, known: [String])
  /// The survey's catalogue has no such column.
  case unknownColumn(String, survey: String, known: [String])
  /// Nothing tells how well the positions of a survey are known.
  case noPositionError(survey: String, because: String)
  /// A survey cannot be sought in itself.
  case matchesItself(String)
  /// Nothing of the kind is there yet.
  case missing(String, hint: String)
  /// Another process is at the same work.
  case busy(run: Int, stage: String, host: String)
  /// A training was stopped by a version whose checkpoint this one cannot read.
  case otherForm(run: Int, stage: String, codeVersion: String)
  /// Another process publishes under the name.
  case beingPublished(String)
  /// Another process embeds the survey by the model.
  case beingEmbedded(survey: String, model: Int)
  /// A published table cannot be replaced without the loss of what hangs on it.
  case irreplaceable(catalogue: String, because: [String])
  /// A table that was built has not the rows that it should have.
  case incomplete(catalogue: String, rows: Int, of: Int)
  /// The migrations cannot be found beside the program.
  case noMigrations(searched: String)
  /// Something else has the name.
  case taken(String)
  /// A release that another has followed cannot be changed.
  case formerRelease(String, survey: String, newest: String)
  /// The release that stands there has no name, and would get that of the new one.
  case unnamedRelease(String, survey: String)
  /// The survey has no such release.
  case unknownRelease(String, survey: String, known: [String])
  /// Only who owns the tables may do it.
  case notOwner
  /// What is to be taken back carries labels of people.
  case labelsHang(
    on: String, labels: Int, sources: Int, annotators: [String], decisions: Int)
  /// Later runs rest on what is to be taken back.
  case restedOn(String, by: [String])
  /// Views of other people read a table that is to go.
  case inUse(String, by: [String])

  public var exitStatus: ExitStatus {
    switch self {
    case .busy, .beingPublished, .beingEmbedded: .busy
    default: .badInput
    }
  }

  public var description: String {
    switch self {
    case .badName(let name):
      "'\(name)' cannot be a name: use lower-case letters, digits and '_', a letter first"
    case .unknownSurvey(let name, let known):
      "there is no survey '\(name)': \(Self.list(known, ifNone: "ingest one with 'reber ingest'"))"
    case .unknownSource(let name, let survey):
      "survey '\(survey)' has no source '\(name)': names are as in the survey's own catalogue"
    case .unknownScheme(let name, let known):
      "there is no class scheme '\(name)': \(Self.list(known, ifNone: "none is defined"))"
    case .otherKind(let scheme, let isTags):
      isTags
        ? "scheme '\(scheme)' has tags, of which a source may have several: name another scheme"
        : "scheme '\(scheme)' has classes, of which a source has one: name another scheme for tags"
    case .severalTags(let scheme, let what):
      """
      \(what) gives a source one class, and scheme '\(scheme)' has tags, of which a source may have \
      several: name another scheme
      """
    case .classExists(let name, let scheme, let other):
      name == other
        ? "scheme '\(scheme)' has a class '\(name)', or had it before it was merged into another"
        : "'\(name)' is too like class '\(other)' of scheme '\(scheme)': their columns would be the same"
    case .badClassName(let name):
      "'\(name)' is no name of a class: it "
        + (name.contains(PublishedSets.separator)
          ? "has a '\(PublishedSets.separator)', which stands between the classes of a set: take another sign ('reber scheme rename-class' gives a class that is "
            + "there another name)"
          : "has no letter and no digit")
    case .mergesNothing(let target): "name other classes than '\(target)' to merge into it"
    case .unknownModel(let name, let kind, let known):
      "there is no \(kind) '\(name)': \(Self.list(known, ifNone: "none is there yet"))"
    case .badShortcut(let key): "'\(key)' is no key: a class has one digit or one of a to z"
    case .shortcutTaken(let key, let other): "class '\(other)' has the key '\(key)'"
    case .badColour(let colour): "'\(colour)' is no colour: write it as #rrggbb, such as #cc6677"
    case .unknownClass(let name, let scheme, let known):
      "scheme '\(scheme)' has no class '\(name)': \(Self.list(known, ifNone: "it is empty"))"
        + (Self.nearest(to: name, among: known).map { "; is '\($0)' meant?" } ?? "")
    case .unknownColumn(let name, let survey, let known):
      "the catalogue of '\(survey)' has no column '\(name)': "
        + Self.list(known, ifNone: "it has none of its own")
        + (Self.nearest(to: name, among: known).map { "; is '\($0)' meant?" } ?? "")
    case .noPositionError(let survey, let reason):
      """
      how well the positions of '\(survey)' are known is not clear: \(reason); say it in arcsec or by columns, \
      as --error \(survey)=0.5 or --error \(survey)=E_RA,E_DEC
      """
    case .matchesItself(let name):
      "name two surveys: '\(name)' is not sought in itself; 'reber match --import' joins sources of one survey"
    case .missing(let what, let hint):
      "there is no \(what): \(hint)"
    case .busy(let run, let stage, let host):
      """
      run \(run) (\(stage)) is being worked on by another process, started on \(host): wait for it\(
        StageName(rawValue: stage)?.isShared == true ? ", or help it with --join" : "")
      """
    case .otherForm(let run, let stage, let codeVersion):
      """
      run \(run) (\(stage)) was stopped by Reber \(Operator.brief(codeVersion)), whose checkpoint this version cannot \
      read: go on with that version, or begin anew with --again
      """
    case .beingPublished(let name):
      "catalogue '\(name)' is being published by another process: wait for it"
    case .beingEmbedded(let survey, let model):
      "survey '\(survey)' is being embedded by model \(model) in another process: wait for it"
    case .irreplaceable(let catalogue, let reasons):
      """
      catalogue.\(catalogue) cannot be replaced without the loss of \(reasons.joined(separator: "; ")): \
      drop that first and make it again afterwards, or choose another --name
      """
    case .incomplete(let catalogue, let rows, let expected):
      """
      catalogue '\(catalogue)' came to \(rows) rows where the classification has \(expected), and was not \
      published: the database was changed meanwhile or is damaged; publish again
      """
    case .taken(let name):
      "a survey, model or table of the name '\(name)' is there already: choose another name"
    case .formerRelease(let name, let survey, let newest):
      "release '\(name)' of '\(survey)' was followed by '\(newest)' and cannot be changed any more"
    case .unnamedRelease(let name, let survey):
      """
      what is in survey '\(survey)' is of a release without a name, and would be called '\(name)' itself: say \
      what it is with 'reber survey describe \(survey) --release NAME'
      """
    case .unknownRelease(let name, let survey, let known):
      "survey '\(survey)' has no release '\(name)': \(Self.list(known, ifNone: "it was ingested without --release"))"
    case .notOwner:
      """
      only who owns the tables may take back, remove or rename: an administrator can do it, or GRANT \
      reber_owner to you
      """
    case .labelsHang(let subject, let labels, let sources, let annotators, let decisions):
      """
      \(subject) is not taken back: \(labels) labels of \(sources) sources by \
      \(annotators.isEmpty ? "nobody" : annotators.joined(separator: ", ")) and \(decisions) decisions on \
      the pages hang on it; --with-labels takes them back too, and keeps the labels in \
      reber.label_taken_back
      """
    case .restedOn(let subject, let runs):
      """
      \(subject) is not taken back: later runs rest on it: \(runs.joined(separator: ", ")); take those \
      back first, or all with --with-later
      """
    case .inUse(let table, let users):
      "\(table) cannot be dropped: \(users.joined(separator: ", ")) read it; drop those first"
    case .noMigrations(let searched):
      "the SQL migrations were not found (looked in \(searched)): set REBER_SQL to the folder 'sql'"
    }
  }

  private static func list(_ known: [String], ifNone: String) -> String {
    known.isEmpty ? ifNone : "known are " + known.joined(separator: ", ")
  }

  /// The name that differs least, in a third of its letters at most.
  private static func nearest(to name: String, among known: [String]) -> String? {
    let distances = known.map { editDistance(Array(name.lowercased()), Array($0.lowercased())) }
    guard let least = distances.min(), let index = distances.firstIndex(of: least) else {
      return nil
    }
    return least * 3 <= known[index].count ? known[index] : nil
  }
}

/// The insertions, deletions and replacements that make one text of the other (Levenshtein 1966).
private func editDistance(_ first: [Character], _ second: [Character]) -> Int {
  var row = Array(0...second.count)
  for (index, character) in first.enumerated() {
    var diagonal = row[0]
    row[0] = index + 1
    for (place, other) in second.enumerated() {
      let replaced = diagonal + (character == other ? 0 : 1)
      diagonal = row[place + 1]
      row[place + 1] = min(replaced, row[place] + 1, diagonal + 1)
    }
  }
  return row[second.count]
}
