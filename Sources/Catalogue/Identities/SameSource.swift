public import Astronomy
public import PostgreSQL

/// A source that is one object with another, as `reber.same_source` lists them.
public struct SameSource: Sendable, Codable {
  /// The name of its survey.
  public var survey: String

  /// Its name in the survey.
  public var name: String

  /// Where it is.
  public var position: SkyPosition?

  /// Integrated flux density, Jy.
  public var totalFlux: Double?

  /// From the source that was asked for, arcsec.
  public var separation: Double?

  /// The reliability of the best link that holds it; `nil` where a person joined it, and for what is alone.
  public var reliability: Float?

  /// The run that linked it, where one did.
  public var run: Int?

  /// Who joined it, where somebody did.
  public var annotator: String?

  /// The key in `reber.physical_source`; `nil` for what is alone.
  public var object: Int?
}

extension SameSource: QueryRow {
  public static let columns = Columns<Self>(
    .column("survey", \.survey), .column("name", \.name),
    .group(\.position, optional: SkyPosition.columns), .column("total_flux", \.totalFlux),
    .column("separation", \.separation), .column("reliability", \.reliability),
    .column("run_id", \.run), .column("annotator", \.annotator),
    .column("physical_source_id", \.object), make: SameSource.init)

  /// The sources of all surveys that are one object with a source, that itself first.
  ///
  /// - Throws: `CatalogueError.unknownSource`.
  public static func all(
    _ name: String, of survey: Survey, in database: Connection
  ) throws -> [SameSource] {
    do {
      return try database.rows(
        "SELECT \(columns) FROM reber.same_source(\(survey.name), \(name))", as: SameSource.self)
    } catch let error as PostgresError where error.state == .noDataFound {
      throw CatalogueError.unknownSource(name, survey: survey.name)
    }
  }
}
