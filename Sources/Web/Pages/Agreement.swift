import Catalogue
import Foundation
import Hummingbird
import Markup
import Morphology
import PostgreSQL

extension Section {
  /// How far annotators agree, and on which sources they do not.
  static let agreement = Section(
    name: "Agreement", path: "agreement",
    templates: ["agreement": PackageResources.agreement_mustache],
    routes: [
      .get("agreement") { try await $0.agreementPage() },
      .post("agreement") { try await $0.setShare() },
    ])
}

extension Visit {
  fileprivate func agreementPage() async throws -> Response {
    let (rows, repeated, look) = try await pool.with {
      (
        try SharedLabel.all(of: survey, scheme: scheme, in: $0),
        try RepeatedLabel.all(of: survey, scheme: scheme, in: $0),
        try annotation.secondLook(in: $0)
      )
    }
    let shared = SharedLabels(rows, scheme)
    let disputed = shared.disputed
    let shown = Array(disputed.dropFirst(pageNumber * 48).prefix(48))
    let cells = try await pool.with { try annotation.cells(of: shown, in: $0) }
    let view = montage(cells, columns: 8, captions: shown.map(shared.caption))
    let rated = shared.evenlyRated
    let pairs = shared.pairs()
    return try page(
      "agreement", "Agreement",
      [
        "action": base + "/agreement", "share": formatted(look.share * 100),
        "second": look.lots == 0 ? nil : second(look, shared),
        "shared": shared.sources == 0 ? nil : shared.sources, "disputed": disputed.count,
        "fleiss": Agreement.fleiss(rated).map { String(format: "%.3f", $0) },
        "isTags": scheme.isTags, "selves": selves(repeated),
        "hasSelves": !repeated.isEmpty,
        "fleissSources": rated.count, "fleissRaters": rated.first?.count ?? 0,
        "pairs": pairs.prefix(SharedLabels.shownPairs).map(\.content),
        "morePairs": pairs.count > SharedLabels.shownPairs ? pairs.count : nil,
        "confused": shared.confused,
        "montage": shown.isEmpty ? nil : view, "pager": pager(size: 48, of: disputed.count),
      ])
  }

  /// How far annotators agree with themselves.
  private func selves(_ repeated: [RepeatedLabel]) -> [Content] {
    RepeatedLabel.byAnnotator(repeated).map { name, labels in
      ["name": name, "rated": RatedTwice(labels.map(\.classID), labels.map(\.again)).content]
    }
  }
}

extension RatedTwice {
  fileprivate var content: Content {
    [
      "sources": items, "same": percent(same, of: items),
      "kappa": kappa.map { String(format: "%.3f", $0) } ?? "undefined",
    ]
  }
}

extension Visit {
  /// How far the second labels are, and how well they agree with the first.
  private func second(_ look: SecondLook, _ shared: SharedLabels) -> Content {
    [
      "asked": look.asked, "answered": look.answered, "href": base + "/single?order=second",
      "isOpen": look.waiting > 0,
      "pairs": shared.pairs(isBlind: true).prefix(SharedLabels.shownPairs).map(\.content),
    ]
  }

  /// Sets which share of the labelled sources a second annotator labels too.
  fileprivate func setShare() async throws -> Response {
    let share: Double? = try await request.form().number("share")
    guard let share, (0...100).contains(share) else {
      throw HTTPError(.badRequest, message: "the share is a number of per cent, 0 to 100")
    }
    try await pool.with { try annotation.lookAgain(at: share / 100, in: $0) }
    return try answer(
      next: base + "/agreement", "\(formatted(share))% of what is labelled is asked about again")
  }
}

/// What annotators say of sources, or of tags of sources, that more than one of them has labelled.
private struct SharedLabels {
  /// The most pairs of annotators that are shown.
  static let shownPairs = 100

  /// What is asked: of a source, or of one of its tags; in the order of the sources.
  private let questions: [Question]
  private let scheme: ClassScheme

  struct Question {
    let source: Int
    /// `nil` where a source has one class.
    let tag: Int16?
    /// By annotator: the class; of a tag 1 where it applies, else 0.
    var answers: [String: Int16] = [:]
    /// By annotator: the label.
    var labels: [String: SharedLabel] = [:]

    var isDisputed: Bool { Set(answers.values).count > 1 }

    /// Whether the later of two annotators did not see what the earlier said.
    func isBlind(_ first: String, _ second: String) -> Bool {
      [labels[first], labels[second]].compactMap(\.self).max { $0.label < $1.label }?.isSecond
        == true
    }
  }

  init(_ rows: [SharedLabel], _ scheme: ClassScheme) {
    var questions: [Question] = []
    for row in rows {
      let tag = scheme.isTags ? row.classID : nil
      if questions.last?.source != row.source || questions.last?.tag != tag {
        questions.append(Question(source: row.source, tag: tag))
      }
      let answer = tag == nil ? row.classID : row.denies ? 0 : 1
      questions[questions.count - 1].answers[row.annotator] = answer
      questions[questions.count - 1].labels[row.annotator] = row
    }
    self.questions = questions
    self.scheme = scheme
  }

  var sources: Int { Set(questions.map(\.source)).count }

  /// Sources on which not all agree.
  var disputed: [Int] { Set(questions.filter(\.isDisputed).map(\.source)).sorted() }

  /// Who says what of a disputed source; of more than five annotators, how many say it.
  func caption(of source: Int) -> String {
    questions.filter { $0.source == source && $0.isDisputed }.map { question in
      guard question.answers.count > 5 else {
        return question.answers.sorted { $0.key < $1.key }
          .map { "\($0.key): \(name($0.value, question.tag))" }.joined(separator: "; ")
      }
      let votes = question.answers.values.reduce(into: [:]) { $0[$1, default: 0] += 1 }
      return votes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        .map { "\(name($0.key, question.tag)) \($0.value)" }.joined(separator: ", ")
    }.joined(separator: "; ")
  }

  /// The answers to the questions that the commonest number of annotators have answered.
  var evenlyRated: [[Int16]] {
    let numbers = Dictionary(grouping: questions, by: \.answers.count)
    let largest = numbers.max { ($0.value.count, $0.key) < ($1.value.count, $1.key) }
    return largest?.value.map { Array($0.answers.values) } ?? []
  }

  /// What an answer says.
  private func name(_ answer: Int16, _ tag: Int16?) -> String {
    guard let tag else { return scheme.name(of: answer) ?? "?" }
    return (answer == 1 ? "" : "not ") + (scheme.name(of: tag) ?? "?")
  }

  /// How far every two annotators agree on what both have labelled, or on what the later of them has labelled
  /// blindly; those with the most of it first.
  func pairs(isBlind: Bool = false) -> [Pair] {
    var both: [[String]: [(Int16, Int16)]] = [:]
    for question in questions {
      let answers = question.answers.sorted { $0.key < $1.key }
      for (index, first) in answers.enumerated() {
        for second in answers.dropFirst(index + 1)
        where !isBlind || question.isBlind(first.key, second.key) {
          both[[first.key, second.key], default: []].append((first.value, second.value))
        }
      }
    }
    return both.map { Pair(first: $0[0], second: $0[1], answers: $1) }
      .sorted { ($1.answers.count, $0.first, $0.second) < ($0.answers.count, $1.first, $1.second) }
  }

  /// Two annotators, and their answers to the questions that both have answered.
  struct Pair {
    let first: String
    let second: String
    let answers: [(Int16, Int16)]

    var content: Content {
      [
        "first": first, "second": second,
        "rated": RatedTwice(answers.map(\.0), answers.map(\.1)).content,
      ]
    }
  }

  /// Pairs of classes by how many sources were given both; of a tag, how many were given it and denied it.
  var confused: [Content] {
    let pairs = questions.flatMap { question in
      everyTwo(of: Set(question.answers.values)).map {
        Confused(tag: question.tag, first: $0, second: $1)
      }
    }
    let counts = pairs.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    return counts.sorted {
      ($1.value, $0.key.first, $0.key.second) < ($0.value, $1.key.first, $1.key.second)
    }
    .prefix(12).map { pair, sources in
      [
        "first": name(pair.first, pair.tag), "firstSwatch": pair.tag ?? pair.first,
        "second": name(pair.second, pair.tag), "secondSwatch": pair.tag ?? pair.second,
        "sources": sources,
      ]
    }
  }

  /// Two answers to one question.
  private struct Confused: Hashable {
    let tag: Int16?
    let first: Int16
    let second: Int16
  }
}

/// All pairs of different items, each in order.
private func everyTwo<Item: Comparable>(of items: Set<Item>) -> [(Item, Item)] {
  let sorted = items.sorted()
  return sorted.enumerated().flatMap { index, first in
    sorted.dropFirst(index + 1).map { (first, $0) }
  }
}
