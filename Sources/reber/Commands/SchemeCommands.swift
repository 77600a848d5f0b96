import ArgumentParser
import Catalogue
import PostgreSQL
import Stages

struct SchemeCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scheme",
    abstract: "Class schemes: the words that sources are labelled with, and how they change.",
    discussion: """
      Labels are never changed: when classes are merged, each annotator's labels get a newer one beside them.
      What was renamed and merged stands in 'reber show corrections'.

      Example:
        reber scheme show morphology-12 --yaml > mine.yaml
        reber scheme create mine.yaml
        reber scheme merge mine 'diffuse bent' 'structured bent' --into bent
        reber serve --scheme mine
      """,
    subcommands: [
      List.self, Show.self, Create.self, RenameClass.self, Merge.self, Describe.self, Key.self,
      Colour.self,
    ])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the schemes with their classes.", discussion: "Example:\n  reber scheme list")

    @OptionGroup var options: ResultOptions

    func run() async throws {
      let schemes = try await options.database().with { database in
        try ClassScheme.all(in: database).map { try SchemeDescription($0, in: database) }
      }
      try options.show(schemes) { $0.map(\.line).joined(separator: "\n") }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show a scheme: its classes, what they mean, keys, colours and labels.",
      discussion: """
        Example:
          reber scheme show morphology-12
          reber scheme show morphology-12 --yaml > mine.yaml
        """)

    @Argument(help: "The scheme.") var name: String
    @Flag(help: "Print it as the file that 'reber scheme create' reads.") var yaml = false
    @OptionGroup var options: ResultOptions

    func run() async throws {
      let name = name
      let (scheme, description) = try await options.database().with { database in
        let scheme = try ClassScheme.named(name, in: database)
        return (scheme, try SchemeDescription(scheme, in: database))
      }
      if yaml {
        print(try SchemeFile(scheme).text(), terminator: "")
      } else {
        try options.show(description, \.text)
      }
    }
  }

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a scheme of a file or of names, or add to one.",
      discussion: """
        The file is YAML, as 'reber scheme show --yaml' writes it. Of a scheme that is there, descriptions,
        keys and colours become those of the file and new classes come behind the others; none is taken away.
        With 'tags:' in place of 'classes:' a source may have several of them.

        Example:
          reber scheme create mine.yaml
          reber scheme create --name bent-or-not --class bent --class straight
          reber scheme create --name features --tag bent --tag hybrid --tag double-double
        """)

    @Argument(help: "The file.") var file: String?
    @Option(help: "The name of a scheme without a file.") var name: String?
    @Option(name: .customLong("class"), help: "A class of it; may come more than once.")
    var classes: [String] = []
    @Option(name: .customLong("tag"), help: "A tag of it, where a source may have several.")
    var tags: [String] = []
    @OptionGroup(title: "Output") var options: ResultOptions

    func validate() throws {
      guard (file == nil) != (name == nil) else {
        throw ValidationError("say either a file, or --name and --class or --tag")
      }
      guard file == nil || classes.isEmpty && tags.isEmpty else {
        throw ValidationError("the file says the classes: leave out --class and --tag")
      }
      guard name == nil || classes.isEmpty != tags.isEmpty else {
        throw ValidationError("say either --class or --tag too")
      }
      if let twice = named.twice {
        throw ValidationError("\(tags.isEmpty ? "--class" : "--tag") '\(twice)' comes twice")
      }
    }

    private var named: SchemeFile {
      SchemeFile(named: name ?? "", classes: classes + tags, areTags: !tags.isEmpty)
    }

    func run() async throws {
      let file = try file.map { try SchemeFile($0) } ?? named
      try await change(options) { try file.write(in: $0) }
    }
  }

  struct RenameClass: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give a class another name.",
      discussion: """
        Labels, models and predictions show the new name. Published catalogues keep their columns until they
        are published again. Only who owns the tables may do it.

        Example:
          reber scheme rename-class mine 'head-tail' 'narrow-angle tail'
        """)

    @Argument(help: "The scheme.") var scheme: String
    @Argument(help: "The class.") var name: String
    @Argument(help: "Its new name.") var newName: String
    @Option(help: ArgumentHelp("Why, for the record.", valueName: "text")) var because: String?
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let (scheme, name, newName, because) = (scheme, name, newName, because)
      try await change(options) { database in
        try ClassScheme.named(scheme, in: database).rename(
          name, to: newName, because: because, by: Version.current, in: database)
        return try ClassScheme.named(scheme, in: database)
      }
    }
  }

  struct Merge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give all labels of some classes to one.",
      discussion: """
        The class is made where the scheme lacks it. The others are not offered any more, and tables of labels
        that name them mean it. A classifier that was taught them still tells them apart: teach another one.
        Only who owns the tables may do it.

        Example:
          reber scheme merge mine 'diffuse bent' 'structured bent' --into bent
        """)

    @Argument(help: "The scheme.") var scheme: String
    @Argument(help: "The classes.") var classes: [String]
    @Option(help: "The class that they become.") var into: String
    @Option(help: ArgumentHelp("Why, for the record.", valueName: "text")) var because: String?
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let (scheme, classes, into, because) = (scheme, classes, into, because)
      try await change(options) { database in
        _ = try ClassScheme.named(scheme, in: database).merge(
          classes, into: into, because: because, by: Version.current, in: database)
        return try ClassScheme.named(scheme, in: database)
      }
    }
  }

  struct Describe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what a scheme or a class is.",
      discussion: """
        Example:
          reber scheme describe mine 'Bent or not' --reference 2025A&A...699A.302B
          reber scheme describe mine 'Tails at an angle of more than 20°' --class bent
        """)

    @Argument(help: "The scheme.") var scheme: String
    @Argument(help: "What it is.") var text: String
    @Option(name: .customLong("class"), help: "The class that it is said of.") var className:
      String?
    @Option(help: "Where the scheme comes from: a bibcode, a DOI.") var reference: String?
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let (scheme, text, className, reference) = (scheme, text, className, reference)
      try await change(options) { database in
        let found = try ClassScheme.named(scheme, in: database)
        if let className {
          try found.describe(className, ClassDetails(description: text), in: database)
        }
        try found.describe(className == nil ? text : nil, reference: reference, in: database)
        return try ClassScheme.named(scheme, in: database)
      }
    }
  }

  struct Key: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Choose the key of a class on the pages.",
      discussion: """
        A digit or one of a to z; '' gives it that of its place again. Letters that the pages use for commands
        choose the class instead, where one has them.

        Example:
          reber scheme key mine bent b
        """)

    @Argument(help: "The scheme.") var scheme: String
    @Argument(help: "The class.") var name: String
    @Argument(help: "The key.") var key: String
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let (scheme, name, details) = (scheme, name, ClassDetails(shortcut: key))
      try await change(options) { try describe(name, of: scheme, details, in: $0) }
    }
  }

  struct Colour: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Choose the colour of a class on the pages.",
      discussion: """
        '' gives it that of its place again. The twelve that Reber has can be told apart by colour-blind
        readers.

        Example:
          reber scheme colour mine bent '#cc6677'
        """)

    @Argument(help: "The scheme.") var scheme: String
    @Argument(help: "The class.") var name: String
    @Argument(help: "The colour, #rrggbb.") var colour: String
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      let (scheme, name, details) = (scheme, name, ClassDetails(colour: colour))
      try await change(options) { try describe(name, of: scheme, details, in: $0) }
    }
  }
}

/// Changes a scheme with the rights of who owns the tables, and shows it.
private func change(
  _ options: ResultOptions, _ body: @escaping @Sendable (Connection) throws -> ClassScheme
) async throws {
  let scheme = try await options.session.database(as: .owner).with { database in
    try SchemeDescription(body(database), in: database)
  }
  if options.json || !options.session.quiet { try options.show(scheme, \.text) }
}

private func describe(
  _ className: String, of scheme: String, _ details: ClassDetails, in database: Connection
) throws -> ClassScheme {
  try ClassScheme.named(scheme, in: database).describe(className, details, in: database)
  return try ClassScheme.named(scheme, in: database)
}

/// A scheme as it is shown.
private struct SchemeDescription: Encodable, Sendable {
  let name: String
  let description: String?
  let reference: String?
  /// Whether a source may have several of the classes.
  let areTags: Bool
  let classes: [Item]

  struct Item: Encodable, Sendable {
    let name: String
    let description: String?
    let key: String?
    let colour: String?
    let labels: Int
  }

  init(_ scheme: ClassScheme, in database: Connection) throws {
    let labels = try scheme.labels(in: database)
    name = scheme.name
    description = scheme.description
    reference = scheme.reference
    areTags = scheme.isTags
    classes = scheme.classes.map {
      Item(
        name: $0.name, description: $0.description, key: $0.shortcut, colour: $0.colour,
        labels: labels[$0.id] ?? 0)
    }
  }

  var line: String {
    "\(name)\(areTags ? " (tags)" : ""): \(classes.map(\.name).joined(separator: ", "))"
  }

  var text: String {
    let table = TextTable(
      [areTags ? "tag" : "class", "labels#", "key", "colour", "what it is"],
      rows: classes.map {
        [$0.name, String($0.labels), $0.key ?? "", $0.colour ?? "", $0.description ?? ""]
      })
    return ([name, description, reference].compactMap(\.self) + [table.text]).joined(
      separator: "\n")
  }
}
