public import PostgreSQL

extension PublishedCatalogue {
  /// Gives where the sources lie in the space of an encoder, in the order of names; those that it has not
  /// embedded are left out.
  public func readEmbeddings(
    by encoder: Model, in database: Connection, _ body: (_ name: String, [Float]) throws -> Void
  ) throws {
    try database.copy(
      outOf: """
        SELECT source.name, embedding.vector
        FROM \(classified)
        JOIN reber.embedding ON embedding.survey_id = prediction.survey_id
            AND embedding.cutout_id = prediction.cutout_id
            AND embedding.model_id = \(raw: String(encoder.id))
        WHERE prediction.run_id = \(raw: String(classification))
        ORDER BY source.name
        """, as: String.self, [Float].self, forEach: body)
  }

  /// Gives the images by which the sources were classified, in the order of names.
  public func readCutouts(
    in database: Connection, _ body: (_ name: String, StoredCutout) throws -> Void
  ) throws {
    let survey = try Survey.named(survey, in: database)
    var last = ""
    while true {
      let keys = try database.rows(
        """
        SELECT source.name, prediction.cutout_id
        FROM \(classified)
        WHERE prediction.run_id = \(classification) AND source.survey_id = \(survey.id)
            AND source.name > \(last)
        ORDER BY source.name LIMIT 1024
        """, as: String.self, Int.self)
      guard let end = keys.last else { return }
      let cutouts = try StoredCutout.read(keys.map(\.1), of: [survey], in: database)
      for ((name, _), cutout) in zip(keys, cutouts) { try body(name, cutout) }
      last = end.0
    }
  }
}
