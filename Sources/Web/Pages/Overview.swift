import Catalogue
import Foundation
import Hummingbird
import Markup
import PostgreSQL

extension Section {
  /// What is done of a survey, and what to do next.
  static let overview = Section(
    name: "Overview", path: "overview", templates: ["overview": PackageResources.overview_mustache],
    routes: [.get("overview") { try await $0.overviewPage() }])
}

extension Visit {
  fileprivate func overviewPage() async throws -> Response {
    let (state, look, runs, workers, commands) = try await pool.with { database in
      (
        try SurveyState.of(survey, scheme: scheme, in: database),
        try annotation.secondLook(in: database), try GoingRun.all(in: database),
        try GoingWorker.all(in: database), try QueuedCommand.all(in: database)
      )
    }
    let own = commands.filter { $0.words.contains(survey.name) }
    let steps = OverviewStep.all(state, of: survey, scheme: scheme, base: base)
    let going = runs.filter {
      $0.survey?.components(separatedBy: ", ").contains(survey.name) == true
    }
    let next = steps.first { !$0.isDone }
    let isBusy = going.contains(where: \.isHeld) || own.contains { $0.endedAt == nil }
    return try page(
      "overview", "Overview",
      [
        "action": base + "/work", "steps": steps.map { $0.content(isNext: $0.name == next?.name) },
        "next": next.map { $0.content(isNext: true) }, "isBusy": isBusy,
        "isAsked": own.contains { $0.endedAt == nil && $0.words.first == next?.stage?.rawValue },
        "runs": Content.each(going.map { $0.content(workers) }),
        "commands": Content.each(own.map(\.content)),
        "second": look.waiting > 0
          ? ["left": look.waiting, "href": base + "/single?order=second"] as Content
          : nil,
      ])
  }

  /// The page that says why there is nothing to show, and what to do; `nil` where there is what it needs.
  func lacking(_ need: Need) async throws -> Response? {
    if try await pool.with({ try need.isMet(by: survey, in: $0) }) { return nil }
    let state = try await pool.with { try SurveyState.of(survey, scheme: scheme, in: $0) }
    let next = OverviewStep.all(state, of: survey, scheme: scheme, base: base).first { !$0.isDone }
    return try page(
      "nothing", "Nothing to show yet",
      [
        "what": need.rawValue, "overview": base + "/overview", "action": base + "/work",
        "next": next.map { $0.content(isNext: true) },
      ])
  }

  /// What a page cannot do without.
  enum Need: String {
    case images, embeddings, clusters

    fileprivate func isMet(by survey: Survey, in database: Connection) throws -> Bool {
      switch self {
      case .images: try survey.counts(in: database).cutouts > 0
      case .embeddings: try NewestWork.on(survey, in: database).embedded > 0
      case .clusters: try Clustering.isThere(of: survey, in: database)
      }
    }
  }
}

/// A step of the work on a survey: whether it is done, and what does it.
struct OverviewStep {
  /// What it is called.
  let name: String
  let isDone: Bool
  /// How it stands, in a sentence.
  let says: String
  /// The stage that a worker can be asked for.
  var stage: StageName?
  /// The page where people do it.
  var page: (words: String, href: String)?
  /// The command that does it.
  var command: String?

  /// The steps in their order.
  static func all(
    _ state: SurveyState, of survey: Survey, scheme: ClassScheme, base: String
  ) -> [OverviewStep] {
    let named = "--survey \(survey.name)"
    return [
      ingested(state, named), pictured(state, named), trained(state, named),
      embedded(state, named), clustered(state, named), labelled(state, scheme, base),
      taught(state, scheme, named), classified(state, named), published(state, named),
    ]
  }

  private static func ingested(_ state: SurveyState, _ named: String) -> OverviewStep {
    OverviewStep(
      name: "Sources", isDone: state.counts.sources > 0,
      says: state.counts.sources == 0 ? "none is ingested yet" : "\(state.counts.sources) sources",
      command: "reber ingest CATALOGUE \(named)")
  }

  private static func pictured(_ state: SurveyState, _ named: String) -> OverviewStep {
    let (images, sources) = (state.counts.cutouts, state.counts.sources)
    return OverviewStep(
      name: "Images", isDone: images > 0,
      says: images == 0
        ? "no source has an image: nothing can be seen, learned or labelled"
        : images < sources
          ? "\(images) images; \(sources - images) sources have none"
          : "\(images) images",
      command: "reber ingest CATALOGUE \(named) --images FOLDER")
  }

  private static func trained(_ state: SurveyState, _ named: String) -> OverviewStep {
    let encoder = state.made.encoder
    return OverviewStep(
      name: "Encoder", isDone: encoder != nil || state.work.model != nil,
      says: encoder.map { "model \($0) is the newest" }
        ?? "none has learned yet: it takes minutes to hours",
      stage: .pretrain, command: "reber pretrain \(named)")
  }

  private static func embedded(_ state: SurveyState, _ named: String) -> OverviewStep {
    let (done, images) = (state.work.embedded, state.counts.cutouts)
    return OverviewStep(
      name: "Embeddings", isDone: done > 0 && done >= images,
      says: done == 0
        ? "no image has a place in the space of likeness"
        : "\(done) of \(images) images, by model \(state.work.model ?? 0)",
      stage: .embed, command: "reber embed \(named)")
  }

  private static func clustered(_ state: SurveyState, _ named: String) -> OverviewStep {
    OverviewStep(
      name: "Clusters", isDone: state.work.clustering != nil,
      says: state.work.clustering == nil
        ? "none yet: with them one key labels many sources" : "\(state.made.clusters) clusters",
      stage: .cluster, command: "reber cluster \(named)")
  }

  /// Some labels are needed before anything can learn them; how many more help is on the page of progress.
  private static func labelled(
    _ state: SurveyState, _ scheme: ClassScheme, _ base: String
  ) -> OverviewStep {
    let isTags = scheme.isTags || state.work.clustering == nil
    return OverviewStep(
      name: "Labels", isDone: state.made.labelled >= fewLabels || state.work.classification != nil,
      says: "\(state.made.labelled) sources are labelled in \(scheme.name)"
        + (state.made.labelled < fewLabels ? "; about \(fewLabels) are enough to begin with" : ""),
      page: isTags
        ? ("label sources one by one", base + "/single") : ("label clusters", base + "/label"))
  }

  /// With fewer nothing is learned.
  private static let fewLabels = 50

  private static func taught(
    _ state: SurveyState, _ scheme: ClassScheme, _ named: String
  ) -> OverviewStep {
    let (taught, newer) = (state.made.taught, state.made.newer)
    let isBehind = !scheme.isTags && newer > max(fewLabels, taught / 4)
    let model = state.made.classifier
    return OverviewStep(
      name: "Classifier", isDone: model != nil && !isBehind,
      says: model.map {
        "model \($0), taught by \(taught) labels"
          + (isBehind ? "; \(newer) sources were labelled since" : "")
      } ?? "none has learned the labels yet",
      stage: .finetune, command: "reber finetune \(named)")
  }

  private static func classified(_ state: SurveyState, _ named: String) -> OverviewStep {
    let run = state.work.classification
    let isBehind = run != nil && state.made.classifier != state.made.usedClassifier
    return OverviewStep(
      name: "Classification", isDone: run != nil && !isBehind,
      says: run.map {
        "run \($0), by model \(state.made.usedClassifier ?? 0)"
          + (isBehind ? "; model \(state.made.classifier ?? 0) is newer" : "")
      } ?? "no source has probabilities yet",
      stage: .classify, command: "reber classify \(named)")
  }

  private static func published(_ state: SurveyState, _ named: String) -> OverviewStep {
    let isBehind = state.made.published != state.work.classification
    return OverviewStep(
      name: "Catalogue", isDone: state.made.catalogue != nil && !isBehind,
      says: state.made.catalogue.map {
        "catalogue.\($0), \(state.made.rows ?? 0) rows"
          + (isBehind ? ", of an earlier classification" : "")
      } ?? "none is published",
      stage: .publish, command: "reber publish \(named)")
  }

  /// What templates show of it.
  func content(isNext: Bool) -> Content {
    [
      "name": name, "isDone": isDone, "isNext": isNext, "says": says, "stage": stage?.rawValue,
      "page": page.map { ["words": $0.words, "href": $0.href] as Content }, "command": command,
    ]
  }
}
