import Foundation
import TestSupport
import Testing

/// What the documents name is there: a reader who follows them must not end at a name of yesterday.
@Suite("Documents") struct DocumentTests {
  private static let files: [String] = ["Sources", "Tests", "sql", "tools"].flatMap { folder in
    let paths = FileManager.default.enumerator(atPath: SharedData.repository + "/" + folder)
    return (paths?.compactMap { $0 as? String } ?? []).map { folder + "/" + $0 }
  }

  /// All words of the sources, and those that a Swift declaration begins with.
  private static let (words, declared): (Set<Substring>, Set<Substring>) = {
    let kinds: Set = ["swift", "sql", "c", "h", "js"]
    let keywords: Set<Substring> = [
      "struct", "class", "enum", "actor", "protocol", "typealias", "func", "case", "var", "let",
    ]
    var (words, declared): (Set<Substring>, Set<Substring>) = ([], [])
    for file in files where kinds.contains(URL(fileURLWithPath: file).pathExtension) {
      let text = try? String(contentsOfFile: SharedData.repository + "/" + file, encoding: .utf8)
      let found = (text ?? "").utf8.split { !isWord($0) }.map { Substring($0) }
      words.formUnion(found)
      for (keyword, name) in zip(found, found.dropFirst()) where keywords.contains(keyword) {
        declared.insert(name)
      }
    }
    return (words, declared)
  }()

  private static func isWord(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || byte >= 0x80
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  @Test(arguments: ["docs/architecture.md", "CONTRIBUTING.md"])
  func namesWhatThereIs(document: String) throws {
    let text = try String(contentsOfFile: SharedData.repository + "/" + document, encoding: .utf8)
    let names = text.replacing(/(?s)```.*?```/, with: "").matches(of: /`([^`\n]+)`/)
      .map { String($0.1) }
    #expect(names.count > 25)
    for name in Set(names) { #expect(Self.exists(name), "\(document) names `\(name)`") }
  }

  /// The table of modules has the arrows of the package; C libraries are left out.
  @Test func theArrowsAreThoseOfThePackage() throws {
    let package = try String(
      contentsOfFile: SharedData.repository + "/Package.swift", encoding: .utf8)
    let table = try String(
      contentsOfFile: SharedData.repository + "/docs/architecture.md", encoding: .utf8)
    // Modules that are built on demand.
    let optional = package.matches(of: /\? \["(\w+)"\] : \[\]/).map { String($0.1) }
    var modules = 0
    for row in table.matches(of: /\n\| `(\w+)` \|.*\| (.+) \|(?=\n)/) where row.1 != "CKernels" {
      let rule = try Regex(#"module\(\s*"\#(row.1)"(,\s*uses: \[([^\]]*)\])?"#)
      let found = try #require(package.firstMatch(of: rule), "there is no module \(row.1)")
      let names = String(found[2].substring ?? "").replacing(/\.product\([^)]*\)/, with: "")
        .matches(of: /"(\w+)"/).map { String($0.1) }
      let uses = names.filter { !$0.contains(/^C[A-Z]/) || $0 == "CKernels" }
      #expect(row.2 == (uses.isEmpty ? "–" : uses.joined(separator: ", ")), "\(row.1)")
      #expect(try imports(of: String(row.1)).isSubset(of: names + optional), "\(row.1)")
      modules += 1
    }
    #expect(modules == package.matches(of: /\n    module\(/).count)
  }

  /// The modules of ours that the files of a module import.
  private func imports(of module: String) throws -> Set<String> {
    let folder = "Sources/" + module + "/"
    let own = Self.files.filter { $0.hasPrefix(folder) && $0.hasSuffix(".swift") }
    let words = try own.flatMap { file in
      try String(contentsOfFile: SharedData.repository + "/" + file, encoding: .utf8)
        .matches(of: /(?m)^(?:\w+ )?import (\w+)$/).map { String($0.1) }
    }
    return Set(words).filter { module in Self.files.contains { $0.hasPrefix("Sources/\(module)/") }
    }
  }

  /// Links to files lead somewhere.
  @Test(arguments: [
    "README.md", "docs/architecture.md", "docs/cluster.md", "docs/models.md", "docs/python.md",
    "docs/results.md", "docs/tutorial.md", "CONTRIBUTING.md",
  ])
  func linksLeadSomewhere(document: String) throws {
    let place = URL(fileURLWithPath: SharedData.repository + "/" + document)
    let text = try String(contentsOf: place, encoding: .utf8)
    for link in text.matches(of: /\]\(([^)#]+)[^)]*\)/) where !link.1.hasPrefix("http") {
      let path = place.deletingLastPathComponent().appendingPathComponent(String(link.1)).path
      #expect(FileManager.default.fileExists(atPath: path), "\(document) links to \(link.1)")
    }
  }

  /// A path, a module, a table, or what Swift declares; what stands in a command line passes.
  private static func exists(_ name: String) -> Bool {
    if name.contains(" ") || name.hasPrefix("-") || name == name.uppercased() { return true }
    if name.contains("/") || name.contains(/\.(md|cff|swift|sql|c|h|js|mustache)$/) {
      let path = SharedData.repository + "/" + name
      return FileManager.default.fileExists(atPath: path)
        || files.contains { $0.hasSuffix("/" + name) }
    }
    if FileManager.default.fileExists(atPath: SharedData.repository + "/Sources/" + name) {
      return true
    }
    let parts = name.prefix { $0 != "(" }.split(separator: ".")
    if ["reber", "catalogue"].contains(parts[0]) { return parts.allSatisfy(words.contains) }
    let isWord = parts.count == 1 && parts[0].first?.isLowercase == true && !name.contains("(")
    return parts.allSatisfy(declared.contains) || isWord && words.contains(parts[0])
  }
}
