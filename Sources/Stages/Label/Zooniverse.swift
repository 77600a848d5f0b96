import Astronomy
import Catalogue
import Foundation
import Tables

/// How the classifications of a Zooniverse project are read, from the exports that its Lab pages give.
///
/// A row of `classifications.csv` is what one volunteer says of one subject in one go, and a row of
/// `subjects.csv` is a subject in a workflow; answers and what is known of subjects stand as JSON in cells.
public struct Zooniverse: Codable, Sendable, Hashable {
  /// The workflow; needed where the export has several.
  public var workflow: Int?

  /// The first part of the workflow's version that counts; all where it is `nil`.
  public var version: Int?

  /// The task whose answers are classes or tags, such as `T0`; needed where answers are to several.
  public var task: String?

  /// What the source's name is called among the metadata of a subject; guessed where it is `nil`.
  public var nameKey: String?

  /// Reads all versions of the only workflow, and its only task.
  public init() {}

  /// What is guessed, without marks that hide it from volunteers.
  static let usualNameKeys = [
    "source", "name", "source_name", "source_id", "designation", "object", "id",
  ]
}

extension Zooniverse {
  /// Subjects by number: the names of their sources.
  struct Subjects: Sendable {
    var names: [Int: String] = [:]
    var rejected: [Rejected] = []
    /// How many of them have got all the classifications that they were to get.
    var retired = 0
  }

  /// Reads `subjects.csv`; a subject that stands in several workflows or sets is one.
  ///
  /// - Throws: `LabelError` for a column that is missing, `FileError` for the file.
  func subjects(in path: String) throws -> Subjects {
    let table = try openTable(path)
    let columns = table.columns.map(\.name)
    let (id, metadata) = (
      try place(of: "subject_id", in: columns, path), try place(of: "metadata", in: columns, path)
    )
    let retirement = columns.firstIndex(of: "retired_at")
    var subjects = Subjects()
    var retired: Set<Int> = []
    var row = 0
    try table.read(chunk: 4096) { chunk in
      for cells in chunk {
        row += 1
        guard let number = cells[id].wholeNumber else {
          subjects.rejected.append(Rejected(row: row, reason: "'subject_id' is no number"))
          continue
        }
        if retirement.flatMap({ cells[$0].plainText }) != nil { retired.insert(number) }
        do throws(UnusableRow) {
          let name = try name(in: cells[metadata].plainText ?? "")
          if let other = subjects.names[number], other != name {
            throw UnusableRow(reason: "subject \(number) is '\(other)' in an earlier row")
          }
          subjects.names[number] = name
        } catch {
          subjects.rejected.append(
            Rejected(row: row, name: "subject \(number)", reason: error.reason))
        }
      }
    }
    subjects.retired = retired.count
    return subjects
  }

  /// The source's name in the JSON that is known of a subject.
  fileprivate func name(in text: String) throws(UnusableRow) -> String {
    guard let known = try? JSONDecoder().decode([String: Answer].self, from: Data(text.utf8)) else {
      throw UnusableRow(reason: "the metadata are no JSON")
    }
    // Of two keys that differ in marks and capitals the plain one counts, then the first in the alphabet.
    let ordered = known.sorted {
      ($0.key.count, $0.key.lowercased(), $1.key) < ($1.key.count, $1.key.lowercased(), $0.key)
    }
    let bare = Dictionary(
      ordered.map { ($0.key.lowercased().trimmingCharacters(in: ["#", "!", "/", " "]), $0.value) },
      uniquingKeysWith: { first, _ in first })
    let found =
      nameKey.map { known[$0] ?? bare[$0.lowercased()] }
      ?? Self.usualNameKeys.lazy.compactMap { bare[$0] }.first
    guard let name = found?.plain, !name.isEmpty else {
      throw UnusableRow(
        reason: "the metadata have no \(nameKey.map { "'\($0)'" } ?? "name of a source"): "
          + "--name-key says what it is called (\(known.keys.sorted().joined(separator: ", ")))")
    }
    return name
  }

  private func place(of name: String, in columns: [String], _ path: String) throws -> Int {
    guard let place = columns.firstIndex(of: name) else {
      throw LabelError.unknownColumn(name, file: path, known: columns)
    }
    return place
  }
}

/// A row of `classifications.csv` that is of the workflow.
private struct Classification {
  var row: Int
  var annotator: String?
  var subject: Int?
  var subjectData: String
  var annotations: Result<[TaskAnswer], UnusableRow>
  var createdAt: String
  var version: Int
  var comment: String
}

extension LabelImport {
  /// Reads the answers of volunteers to a question as labels, the oldest first.
  ///
  /// Nothing is left out where a volunteer says something twice: of an annotator's labels the newest counts.
  ///
  /// - Parameters:
  ///   - path: `classifications.csv`.
  ///   - subjectsPath: `subjects.csv`; where it is `nil`, what the classifications say of their subjects.
  ///   - scheme: The scheme; `nil` where it is still to be made.
  /// - Returns: The rows that say something, and those that were set aside.
  /// - Throws: `LabelError` for a column that is missing, several workflows or tasks of which none is chosen;
  ///   `FileError` for a file that cannot be read.
  func readZooniverse(
    _ path: String, subjects subjectsPath: String?, _ scheme: ClassScheme?
  ) throws -> LabelTable {
    let zooniverse = zooniverse ?? Zooniverse()
    let subjects = try subjectsPath.map { try zooniverse.subjects(in: $0) }
    let (classifications, others) = try zooniverse.classifications(in: path)
    let task = try zooniverse.task(in: classifications, path)
    var table = LabelTable()
    table.areTags = scheme?.isTags ?? saysTags
    table.leftOut = others
    if let subjects, let subjectsPath {
      table.rejectedSubjects = (subjectsPath, subjects.rejected)
      table.retired = subjects.retired
    }
    table.versions = Dictionary(
      classifications.map { ("\($0.version)", 1) }, uniquingKeysWith: +)
    for item in classifications {
      do throws(UnusableRow) {
        guard let annotator = item.annotator else {
          throw UnusableRow(reason: "no 'user_name'")
        }
        guard let said = try said(item.annotations.get(), to: task, scheme, table.areTags) else {
          table.unclassified += 1
          continue
        }
        var row = LabelRow(
          row: item.row, source: try zooniverse.source(of: item, subjects, subjectsPath),
          said: said, annotator: annotator, confidence: 1)
        row.comment = item.comment
        row.deniesOthers = table.areTags
        table.rows.append(row)
      } catch {
        table.rejected.append(Rejected(row: item.row, name: item.annotator, reason: error.reason))
      }
    }
    guard !table.rows.isEmpty || !table.rejected.isEmpty else {
      throw LabelError.noLabels(file: path)
    }
    return table
  }

  /// What an answer says; `nil` where the volunteer was not asked, or did not answer.
  private func said(
    _ answers: [TaskAnswer], to task: String, _ scheme: ClassScheme?, _ areTags: Bool
  ) throws(UnusableRow) -> [Said]? {
    guard let answer = answers.first(where: { $0.task == task })?.value else { return nil }
    guard let texts = answer.texts else {
      throw UnusableRow(reason: "the answer to \(task) is neither a text nor a list of texts")
    }
    let said = texts.map { classMap[$0] ?? $0 }.filter { !$0.isEmpty }
    if !areTags {
      if said.isEmpty { return nil }
      guard said.count == 1 else {
        throw UnusableRow(
          reason: "several answers to \(task), and scheme '\(self.scheme)' has no tags")
      }
    }
    for name in said where !addsClasses && (try? scheme?.classID(named: name)) == nil {
      throw UnusableRow(
        reason: "answer '\(name)' to \(task) is no class of scheme '\(self.scheme)': "
          + "--map 'text=class' says what it means")
    }
    return said.map { Said(className: $0) }
  }
}

extension Zooniverse {
  /// The classifications of the workflow, the oldest first, and how many others there are.
  fileprivate func classifications(
    in path: String
  ) throws -> (own: [Classification], others: Int) {
    let table = try openTable(path, names: { [try place(of: "user_name", in: $0, path)] })
    let columns = table.columns.map(\.name)
    let places = try ["user_name", "subject_ids", "annotations", "workflow_id"].map {
      try place(of: $0, in: columns, path)
    }
    func optional(_ name: String) -> Int? { columns.firstIndex(of: name) }
    let (id, versionPlace, created, data) = (
      optional("classification_id"), optional("workflow_version"), optional("created_at"),
      optional("subject_data")
    )
    var (own, others, row): ([Classification], Int, Int) = ([], 0, 0)
    var workflows: Set<Int> = []
    try table.read(chunk: 4096) { chunk in
      for cells in chunk {
        row += 1
        func text(_ place: Int?) -> String { place.flatMap { cells[$0].plainText } ?? "" }
        let found = cells[places[3]].wholeNumber ?? -1
        let major = versionPlace.flatMap { cells[$0].number }.map { Int($0) } ?? 0
        if workflow == nil { workflows.insert(found) }
        guard workflow ?? found == found, version ?? major == major else {
          others += 1
          continue
        }
        own.append(
          Classification(
            row: row, annotator: cells[places[0]].plainText, subject: cells[places[1]].wholeNumber,
            subjectData: text(data), annotations: answers(in: text(places[2])),
            createdAt: text(created), version: major,
            comment: "Zooniverse classification \(text(id)), workflow \(found) version "
              + "\(text(versionPlace)), \(text(created))"))
      }
    }
    guard workflows.count < 2 else {
      throw LabelError.severalWorkflows(file: path, found: workflows.sorted())
    }
    return (own.sorted { ($0.createdAt, $0.row) < ($1.createdAt, $1.row) }, others)
  }

  private func answers(in text: String) -> Result<[TaskAnswer], UnusableRow> {
    guard let answers = try? JSONDecoder().decode([TaskAnswer].self, from: Data(text.utf8)) else {
      return .failure(UnusableRow(reason: "the annotations are no JSON of tasks and answers"))
    }
    return .success(answers.flatMap(\.flattened))
  }

  /// The task: the chosen one, or the only one that anybody answers.
  fileprivate func task(in classifications: [Classification], _ path: String) throws -> String {
    let found = Set(classifications.flatMap { (try? $0.annotations.get())?.map(\.task) ?? [] })
      .sorted()
    if let task {
      guard found.contains(task) else {
        throw LabelError.unknownTask(task, file: path, known: found)
      }
      return task
    }
    guard found.count < 2 else { throw LabelError.severalTasks(file: path, found: found) }
    return found.first ?? "T0"
  }

  /// The name of the source that was classified.
  fileprivate func source(
    of item: Classification, _ subjects: Subjects?, _ path: String?
  ) throws(UnusableRow) -> String {
    guard let subject = item.subject else {
      throw UnusableRow(reason: "'subject_ids' is no number")
    }
    guard let subjects else {
      let data = try? JSONDecoder().decode(
        [String: [String: Answer]].self, from: Data(item.subjectData.utf8))
      guard let known = data?["\(subject)"] ?? data?.values.first,
        let text = try? JSONEncoder().encode(known.compactMapValues(\.plain))
      else { throw UnusableRow(reason: "the subject data are no JSON") }
      return try name(in: String(decoding: text, as: UTF8.self))
    }
    guard let name = subjects.names[subject] else {
      let file = path.map { URL(fileURLWithPath: $0).lastPathComponent } ?? ""
      throw UnusableRow(reason: "subject \(subject) has no source in \(file)")
    }
    return name
  }
}

/// What a volunteer answers to a task.
private struct TaskAnswer: Decodable {
  let task: String
  let value: Answer?

  /// The answer, or those to the tasks that it consists of.
  var flattened: [TaskAnswer] {
    if case .tasks(let parts)? = value { parts.flatMap(\.flattened) } else { [self] }
  }
}

/// A value in the JSON of an export.
private indirect enum Answer: Decodable {
  case text(String)
  case number(Double)
  case several([Answer])
  case tasks([TaskAnswer])
  case other

  private enum Keys: CodingKey { case choice }

  init(from decoder: any Decoder) throws {
    if let value = try? decoder.singleValueContainer() {
      if let text = try? value.decode(String.self) {
        self = .text(text.trimmingCharacters(in: .whitespaces))
        return
      }
      if let number = try? value.decode(Double.self) {
        self = .number(number)
        return
      }
      if let parts = try? value.decode([TaskAnswer].self), !parts.isEmpty {
        self = .tasks(parts)
        return
      }
      if let parts = try? value.decode([Answer].self) {
        self = .several(parts)
        return
      }
    }
    let choice = try? decoder.container(keyedBy: Keys.self).decode(String.self, forKey: .choice)
    self = choice.map { .text($0) } ?? .other
  }

  /// As one text; whole numbers without a fraction.
  var plain: String? {
    switch self {
    case .text(let text): text
    case .number(let number): Int(exactly: number).map { "\($0)" } ?? "\(number)"
    default: nil
    }
  }

  /// The texts of which it consists; `nil` where it has other parts.
  var texts: [String]? {
    guard case .several(let parts) = self else { return plain.map { [$0] } }
    let texts = parts.compactMap(\.plain)
    return texts.count == parts.count ? texts : nil
  }
}

extension Value {
  /// As a whole number, also where it stands as text.
  fileprivate var wholeNumber: Int? {
    number.flatMap { Int(exactly: $0) } ?? plainText.flatMap { Int($0) }
  }
}
