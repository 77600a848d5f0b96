import ArgumentParser
import Foundation
import Web

/// The pages to label and browse surveys, as `reber serve` starts them.
///
/// A program of its own, so that whoever does not serve pages need not build an HTTP server.
@main
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reber-serve",
    abstract: "Serve the pages of the database in DATABASE_URL; 'reber serve' starts this.")

  @Option(help: "The address to listen on.") var host: String
  @Option(help: "The port to listen on; 0 for any that is free.") var port: Int
  @Option(help: "The class scheme to label in.") var scheme: String
  @Flag(name: .shortAndLong, help: "Say nothing but the address.") var quiet = false

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let isLocal = ["127.0.0.1", "localhost", "::1"].contains(host)
    let given = environment["REBER_WEB_PASSWORD"].flatMap { $0.isEmpty ? nil : $0 }
    let password = given ?? (isLocal ? nil : randomToken())
    let site = try Site(
      pool: Pool(environment["DATABASE_URL"] ?? ""), scheme: scheme, password: password,
      loopbackOnly: isLocal)
    if try await !site.isRestricted() {
      note(
        "the database has no role reber_annotator that this user may take: the pages work with all its "
          + "rights")
    }
    let (host, isQuiet) = (host, quiet)
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
