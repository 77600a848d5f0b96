public import Catalogue
import Foundation
import Hummingbird
import Logging
import Mustache
import NIOCore
import PostgreSQL

/// The pages to label and browse surveys.
public struct Site: Sendable {
  let pool: Pool
  let scheme: String
  let password: String?
  let loopbackOnly: Bool
  let visitors: Visitors
  let spaces = EmbeddingSpaces()
  /// PNG files by address, 64 MiB of them.
  let pictures = Cache<String, [UInt8]>(limit: 64 << 20, weight: \.count)
  let forecasts = Cache<String, Forecast?>(limit: 8)
  /// The sources that are least like anything labelled, by model and labels.
  let unlike = Cache<String, [RankedSource]>(limit: 8)
  /// By survey, model, scheme and classification.
  let suggesting = Cache<String, Suggesting>(limit: 4)
  /// The sources whose labels would help most, by the same and the labels.
  let suggested = Cache<String, [Int]>(limit: 8)
  /// By survey and classification.
  let classSets = Cache<String, ClassSets?>(limit: 8)
  /// By survey, clustering and model.
  let maps = Cache<String, SourceMap>(limit: 4)
  /// By the key of the clustering.
  let trees = Cache<Int, ClusterTree>(limit: 8)
  let templates: MustacheLibrary

  /// Opens the pages of a database.
  ///
  /// - Parameters:
  ///   - pool: Connections to the database.
  ///   - scheme: The class scheme that people label in.
  ///   - password: What visitors must know; `nil` lets everybody in who reaches the server.
  ///   - loopbackOnly: Whether requests must name this machine as `localhost`.
  /// - Throws: Where a template of the program is broken.
  public init(
    pool: Pool, scheme: String = ClassScheme.twelveClasses, password: String? = nil,
    loopbackOnly: Bool = true
  ) throws {
    self.pool = pool
    self.scheme = scheme
    self.password = password
    visitors = Visitors(pool, password: password)
    self.loopbackOnly = loopbackOnly
    templates = try .pages()
  }

  /// Serves the pages until the process is told to end.
  ///
  /// - Parameters:
  ///   - host: The address to listen on.
  ///   - port: The port; 0 for any that is free.
  ///   - onRunning: Called with the port once visitors are let in.
  /// - Throws: ``ServeError`` where the address cannot be listened on.
  public func serve(
    host: String, port: Int, onRunning: @escaping @Sendable (Int) async -> Void = { _ in }
  ) async throws {
    let application = Application(
      router: router(),
      configuration: ApplicationConfiguration(
        address: .hostname(host, port: port), serverName: "reber"),
      onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? port) },
      logger: Self.logger)
    do {
      try await application.runService()
    } catch let error as IOError
      where [EACCES, EADDRINUSE, EADDRNOTAVAIL].contains(error.errnoCode)
    {
      throw ServeError(host: host, port: port, reason: "\(error)")
    }
  }

  /// Nothing but what ends the server: errors are told on the pages.
  private static var logger: Logger {
    var logger = Logger(label: "reber")
    logger.logLevel = .critical
    return logger
  }

  func router() -> Router<PageContext> {
    let router = Router(context: PageContext.self, options: .autoGenerateHeadEndpoints)
    router.addMiddleware {
      SecurityHeaders()
      ErrorPages(site: self)
      HostCheck(loopbackOnly: loopbackOnly)
      Door(visitors: visitors)
    }
    addAssets(to: router)
    addLogin(to: router)
    addHome(to: router)
    addPictures(to: router)
    addCutouts(to: router)
    for section in Section.all {
      for route in section.routes {
        router.on(RouterPath("/:survey/\(route.path)"), method: route.method) {
          try await route.answer(try await visit($0, $1, in: section))
        }
      }
    }
    return router
  }
}

extension Site {
  /// A visit of the survey that the address names.
  private func visit(
    _ request: Request, _ context: PageContext, in section: Section
  ) async throws -> Visit {
    let (visitor, name, scheme) = (try context.signedIn(), try context.part("survey"), scheme)
    let (annotation, standby) = try await pool.with { database in
      let annotation = Annotation(
        survey: try Survey.named(name, in: database),
        scheme: try ClassScheme.named(scheme, in: database), annotator: visitor.annotator)
      return (annotation, try database.standby())
    }
    if standby != nil, request.method == .post { throw PostgresError.standby }
    return Visit(
      site: self, section: section, annotation: annotation, standby: standby, request: request,
      context: context)
  }

  /// The embeddings of a survey; `nil` where there are none.
  func space(of survey: Survey) async throws -> EmbeddingSpace? {
    let work = try await pool.with { try NewestWork.on(survey, in: $0) }
    return try await spaces.space(of: survey, work: work, pool: pool)
  }

  /// Loads what the first visitor would wait for.
  public func warmUp() async throws {
    for survey in try await pool.with({ try Survey.all(in: $0) }) {
      _ = try await space(of: survey)
    }
  }

  /// Whether the database lets the pages work in a role that can read and add labels alone.
  public func isRestricted() async throws -> Bool { try await pool.isRestricted() }
}
