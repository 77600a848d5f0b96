import ArgumentParser
import Catalogue
import Foundation
import PostgreSQL

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Open the pages to label and browse surveys.",
    discussion: """
      The pages are a program of their own, reber-serve, which stands beside this one:
      'swift build -c release' makes both.

      They are for this machine alone, unless --host names another address; then visitors must know
      the password in REBER_WEB_PASSWORD, or a token that is made up and printed. What travels is
      not encrypted: put a proxy with TLS in front of it, or use an SSH tunnel.

      Programs get pieces of the stored images from /cutout?pos=RA,DEC&size=DEGREES, as FITS or PNG;
      docs/python.md says how.

      Example:
        reber serve
        reber serve --scheme bent-or-not --class bent --class straight
        REBER_WEB_PASSWORD=… reber serve --host 0.0.0.0 --port 8480
      """)

  @OptionGroup var session: SessionOptions

  @Option(help: "The address to listen on.") var host = "127.0.0.1"

  @Option(help: "The port to listen on; 0 for any that is free.") var port = 8480

  @Option(help: "The class scheme to label in.") var scheme = ClassScheme.twelveClasses

  @Option(
    name: .customLong("class"),
    help:
      "A class that the scheme gets where it lacks it, and the scheme with it; may come more than once."
  )
  var classes: [String] = []

  func run() async throws {
    let name = scheme
    if classes.isEmpty {
      _ = try await session.database(as: .reader).with { try ClassScheme.named(name, in: $0) }
    } else {
      let classes = classes
      _ = try await session.database().with {
        try ClassScheme.add(named: name, classes: classes, in: $0)
      }
    }
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appendingPathComponent("reber-serve").path
    // The address may hold a password: it goes by the environment, which others cannot read.
    setenv("DATABASE_URL", session.resolvedAddress, 1)
    var words = ["reber-serve", "--host", host, "--port", String(port), "--scheme", scheme]
    if session.quiet { words.append("--quiet") }
    var arguments = words.map { strdup($0) } + [nil]
    execv(program, &arguments)
    throw ValidationError("\(program) was not found: 'swift build -c release' makes it")
  }
}
