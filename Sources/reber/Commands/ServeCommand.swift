import ArgumentParser
import Catalogue
import Foundation
import PostgreSQL
import Web

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Open the pages to label and browse surveys.",
    discussion: """
      The pages are for this machine alone, unless --host names another address; then visitors
      must know the password in REBER_WEB_PASSWORD, or a token that is made up and printed. What
      travels is not encrypted: put a proxy with TLS in front of it, or use an SSH tunnel.

      Example:
        reber serve
        REBER_WEB_PASSWORD=… reber serve --host 0.0.0.0 --port 8480
      """)

  @OptionGroup var session: SessionOptions

  @Option(help: "The address to listen on.")
  var host = "127.0.0.1"

  @Option(help: "The port to listen on; 0 for any that is free.")
  var port = 8480

  @Option(help: "The class scheme to label in.")
  var scheme = ClassScheme.twelveClasses

  func run() async throws {
    let database = try await session.database()
    let name = scheme
    _ = try await database.with { try ClassScheme.named(name, in: $0) }
    let address =
      session.address ?? ConnectionString.inEnvironment ?? PrivateServer.local.connectionString
    let isLocal = ["127.0.0.1", "localhost", "::1"].contains(host)
    let given = ProcessInfo.processInfo.environment["REBER_WEB_PASSWORD"].flatMap {
      $0.isEmpty ? nil : $0
    }
    let password = given ?? (isLocal ? nil : randomToken())
    let site = try Site(
      pool: Pool(address), scheme: scheme, password: password, loopbackOnly: isLocal)
    if try await !site.isRestricted() {
      note(
        "the database has no role reber_web that this user may take: the pages work with all its rights"
      )
    }
    let (host, isQuiet) = (host, session.quiet)
    try await site.serve(host: host, port: port) { port in
      print("http://\(host.contains(":") ? "[\(host)]" : host):\(port)/")
      if let password, given == nil { print("token: \(password)") }
      if !isQuiet { note("Ctrl-C ends it") }
      fflush(nil)
      // The first visitor should not wait for the embeddings; without them the pages work.
      try? await site.warmUp()
    }
  }
}

private func note(_ text: String) {
  FileHandle.standardError.write(Data("reber: \(text)\n".utf8))
}
