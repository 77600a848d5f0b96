public import Catalogue
import PostgreSQL

/// Joins sources by a table: columns `survey`, `source` and `group`, where sources of one group are one object.
public struct JoinImport: Stage, Stored {
  public static let name = StageName.match
  public static var usual: Self? { Self() }

  /// Who says so.
  public var annotator: String

  /// The table; the digest of what is in it counts, not where it stands.
  private var file = ""

  private enum CodingKeys: CodingKey { case annotator }

  /// Describes an import of joins.
  public init(file: String = "", annotator: String = "import") {
    self.file = file
    self.annotator = annotator
  }

  /// What an import did.
  public struct Metrics: Stored {
    public static var usual: Self? { Self() }

    /// Groups of at least two sources.
    public var groups = 0
    /// Pairs of sources that were joined.
    public var joins = 0
    /// Pairs that were joined before.
    public var standing = 0
    /// Rows that repeat an earlier one.
    public var repeated = 0
    /// Rows set aside in `reber.rejected`.
    public var rejected = 0
  }

  /// Reads the table and joins, in one transaction.
  ///
  /// - Throws: `LabelError` where the table lacks a column, or no row of it can be used; then nothing is written.
  public func plan(in place: Workplace) async throws -> Plan<Metrics> {
    let (file, annotator) = (file, annotator)
    var plan = Plan(try work(self, inputs: [fileInput(file, role: "joins")])) { run in
      let (rows, unreadable) = try readGroups(file)
      return { database in
        let found = try SourceJoin.grouped(rows, annotator: annotator, in: database)
        let rejected = unreadable + found.rejected
        guard found.groups > 0 else {
          throw LabelError.noneUsable(
            file: file, row: rejected.first?.row, reason: rejected.first?.reason)
        }
        try SourceJoin.write(found.joins, method: .imported, run: run, in: database)
        try Rejected.write(rejected, file: file, run: run, in: database)
        return Metrics(
          groups: found.groups, joins: found.joins.count, standing: found.standing,
          repeated: found.repeated, rejected: rejected.count)
      }
    }
    // What was taken back with its sources is joined once more.
    plan.stands = { run in
      try await place.database.with { database in
        let done = try Run.numbered(run, in: database)
        let metrics = try Metrics.read(done.metrics, form: done.form)
        return try SourceJoin.count(of: run, in: database) == metrics.joins
      }
    }
    return plan
  }
}
