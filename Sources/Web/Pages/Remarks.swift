import Catalogue
import Hummingbird
import Markup
import PostgreSQL

extension Visit {
  /// Notes something of the source of a page, sets a flag, or takes back what the annotator said.
  func remarkSource() async throws -> Response {
    let (name, form) = (try context.part("source"), try await request.form())
    guard let kind = form["kind"].flatMap(Remark.Kind.init) else {
      throw HTTPError(.badRequest, message: "the form names no note and no flag")
    }
    let note = kind == .note ? form["note"] : nil
    if let note, note.unicodeScalars.count > Remark.longest {
      throw HTTPError(
        .badRequest, message: "a note has at most \(Remark.longest) characters, not \(note.count)")
    }
    let stands = kind == .note ? note != nil : form["stands"] == "1"
    try await pool.with { database in
      let source = try SourceKey.named(name, of: survey, in: database).source
      try annotation.remark(kind, stands: stands, note: note, of: source, in: database)
    }
    return try answer(
      next: address(ofSource: name),
      "\(name): " + (stands ? "" : "no ") + kind.rawValue + (stands ? " is kept" : " any more"))
  }

  /// What is said of a source beside its label, with what the annotator may say of it.
  func remarks(_ said: [Remark], of name: String) -> Content {
    let current = said.current
    let own = current.filter { $0.annotator == annotation.annotator }
    return [
      "action": address(ofSource: name) + "/remark", "longest": Remark.longest,
      "note": own.first { $0.kind == .note }?.note ?? "",
      "flags": Remark.Kind.flags.map { kind -> Content in
        let isSet = own.contains { $0.kind == kind }
        return [
          "kind": kind.rawValue, "key": kind.key, "isSet": isSet, "stands": isSet ? "0" : "1",
          "who": current.filter { $0.kind == kind }.map(\.annotator).joined(separator: ", "),
        ]
      },
      "notes": current.filter { $0.kind == .note }.map(content),
      "history": Content.each(said.map(content)),
    ]
  }

  private func content(_ remark: Remark) -> Content {
    [
      "annotator": remark.annotator, "at": remark.at, "kind": remark.kind.rawValue,
      "note": remark.note, "isBack": !remark.stands,
      // What was noted before can be noted again.
      "again": remark.kind == .note && remark.annotator == annotation.annotator
        ? remark.note : nil,
    ]
  }
}

extension Remark.Kind {
  /// The key that sets the flag.
  fileprivate var key: String {
    switch self {
    case .note: "o"
    case .artefact: "a"
    case .blended: "b"
    case .twoSources: "t"
    }
  }
}

extension [Remark] {
  /// Those that stand, of remarks with the newest first.
  fileprivate var current: [Remark] {
    var seen: Set<String> = []
    return filter { seen.insert($0.kind.rawValue + "\0" + $0.annotator).inserted }.filter(\.stands)
  }
}
