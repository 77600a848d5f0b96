import PostgreSQL

extension Examination {
  static func catalogues(_ database: Connection) throws -> [Finding] {
    try PublishedCatalogue.all(in: database).map { catalogue in
      switch try catalogue.isAsPublished(in: database) {
      case true?: Finding("catalogues", .fine, "catalogue.\(catalogue.name) is as it was published")
      case nil:
        Finding(
          "catalogues", .note,
          "catalogue.\(catalogue.name) is of a version whose digest cannot be compared",
          advice: "'reber publish --again' gives it one that can be")
      case false?:
        Finding(
          "catalogues", .problem, "catalogue.\(catalogue.name) is not as it was published",
          advice: "'reber publish --again' makes it anew; 'reber verify' says more")
      }
    }
  }

  static func models(_ database: Connection) throws -> [Finding] {
    let all = try database.row("SELECT count(*) FROM reber.model", as: Int.self)
    let damaged = try Model.damaged(in: database).map(String.init)
    return [
      damaged.isEmpty
        ? Finding("models", .fine, "the weights of \(all) models are as they were stored")
        : Finding(
          "models", .problem, "the weights of model \(list(damaged)) are not as they were stored",
          advice: "restore a dump, or train anew with --again")
    ]
  }

  static func images(_ database: Connection) throws -> [Finding] {
    try Survey.all(in: database).map { survey in
      let (all, damaged) = try database.row(
        """
        SELECT count(*), array_remove(array_agg(
            CASE WHEN cutout.sha256 IS DISTINCT FROM sha256(pixels) THEN source.name END
            ORDER BY cutout_id), NULL)
        FROM reber.cutout
        JOIN reber.source USING (survey_id, source_id)
        LEFT JOIN reber.cutout_pixels USING (survey_id, cutout_id)
        WHERE survey_id = \(survey.id)
        """, as: Int.self, [String]?.self)
      return (damaged ?? []).isEmpty
        ? Finding(
          "images", .fine, "the pixels of \(all) images of '\(survey.name)' are as they were stored"
        )
        : Finding(
          "images", .problem,
          "the pixels of \(list(damaged ?? [])) of '\(survey.name)' are not as they were stored",
          advice: "restore a dump, or remove the images' rows and ingest them again")
    }
  }
}
