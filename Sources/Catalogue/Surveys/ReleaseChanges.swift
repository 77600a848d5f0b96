public import PostgreSQL

/// How many sources of a release became what in the next.
///
/// Of the sources that are in both, one may have moved, have another name, and have other values at once.
public struct ReleaseChanges: Sendable, Codable, Equatable {
  /// The release.
  public var release: String
  /// The release that it follows.
  public var follows: String
  /// How far from its former place a source was looked for, arcsec.
  public var matchRadius: Double
  /// Sources that were found again, with all values as they were.
  public var unchanged: Int
  /// Sources that were found again with other values of any kind.
  public var differing: Int
  /// Of those, the ones at another place.
  public var moved: Int
  /// Of those, the ones with another name.
  public var renamed: Int
  /// Of those, the ones with another flux, size or value of the survey's own columns.
  public var changed: Int
  /// Sources that are new, without those of `unclear`.
  public var added: Int
  /// Sources that are there no more, without those of `unclear`.
  public var dropped: Int
  /// Sources of either release of which it is not clear what became of them, or what they were; by the reason.
  public var unclear: [String: Unclear]

  /// Sources that are in the new release only, however clear that is.
  var newSources: Int { added + unclear.values.reduce(0) { $0 + $1.sources } }

  /// Sources that were not matched for one reason.
  public struct Unclear: Sendable, Codable, Equatable {
    /// Those of the former release.
    public var formerSources: Int
    /// Those of the new one.
    public var sources: Int
  }
}

/// What became of a source from a release to the next, or what it was.
///
/// A row of `reber.change_by_release`.
public struct ReleaseChange: Sendable, Codable {
  /// The release in which it became so.
  public var release: String
  /// In which ways, or why it is not clear: each a ``Kind``.
  public var kinds: [String]
  /// Its name in the former release.
  public var formerName: String?
  /// Its name in the release.
  public var name: String?
  /// From its former place, arcsec.
  public var separation: Double?
  /// Sources of the other release that it could be, by their names there.
  public var candidates: [String]

  /// What can become of a source, or why that is not clear.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    case moved, renamed, changed, added, dropped
    case split, merged, crowded, elsewhere
  }
}

extension ReleaseChange: QueryRow {
  public static let columns = Columns<Self>(
    .column("release.name", \.release), .column("change.kinds", \.kinds),
    .column("change.former_name", \.formerName), .column("change.name", \.name),
    .column("change.separation", \.separation), .column("candidates", \.candidates),
    make: ReleaseChange.init)

  /// What changed from one release of a survey to a later one, release by release, in the order of the
  /// sources' keys; at most so many, and of one kind where one is named.
  ///
  /// - Throws: `CatalogueError.unknownRelease`; `CatalogueError.missing` where `to` does not follow `from`.
  public static func all(
    of survey: Survey, from: String, to: String, kind: Kind? = nil, atMost count: Int = .max,
    in database: Connection
  ) throws -> [ReleaseChange] {
    try database.rows(
      """
      SELECT \(columns)
      FROM reber.change_by_release AS change
      JOIN reber.release USING (release_id)
      CROSS JOIN LATERAL (
          SELECT ARRAY(
              SELECT other.name
              FROM reber.release_candidate AS pair
              JOIN reber.release_change AS other ON other.release_id = change.release_id
                  AND other.source_id = pair.source_id
              WHERE pair.release_id = change.release_id AND pair.former_source_id = change.source_id
              UNION ALL
              SELECT other.former_name
              FROM reber.release_candidate AS pair
              JOIN reber.release_change AS other ON other.release_id = change.release_id
                  AND other.source_id = pair.former_source_id
              WHERE pair.release_id = change.release_id AND pair.source_id = change.source_id
              ORDER BY 1
          ) AS candidates
      ) AS could_be
      WHERE change.release_id = ANY (\(steps(of: survey, from: from, to: to, in: database)))
          AND (\(kind?.rawValue)::text IS NULL OR \(kind?.rawValue) = ANY (change.kinds))
      ORDER BY change.release_id, change.source_id
      LIMIT \(count)
      """, as: ReleaseChange.self)
  }

  /// The keys of the releases behind one, up to another.
  private static func steps(
    of survey: Survey, from: String, to: String, in database: Connection
  ) throws -> [Int] {
    let known = try DataRelease.all(of: survey, in: database)
    let places = try [from, to].map { name in
      guard let place = known.firstIndex(where: { $0.name == name }) else {
        throw CatalogueError.unknownRelease(name, survey: survey.name, known: known.map(\.name))
      }
      return place
    }
    guard places[0] < places[1] else {
      throw CatalogueError.missing(
        "way from release '\(from)' to '\(to)'",
        hint: "they follow each other as \(known.map(\.name).joined(separator: ", "))")
    }
    return known[(places[0] + 1)...places[1]].map(\.id)
  }
}
