import Astronomy
import Catalogue
import PostgreSQL
import Tables

extension ReleaseWriter {
  /// Writes where the sources lie in the space that the classifier began from; gives what is not in it.
  func writeEmbeddings() throws -> String? {
    let survey = try Survey.named(catalogue.survey, in: database)
    let origin = try catalogue.origin(in: database)
    let model = try Model.find(.classifier, numbered: origin.model, in: database)
    guard let encoder = try model.encoder(showing: survey, in: database) else {
      return "the survey is not embedded: 'reber embed' does it"
    }
    let vector = Column(
      "embedding", .float, shape: .list,
      description: "Place in the space of encoder \(encoder.id), weights \(encoder.sha256)")
    let table = try self.table("\(name).embeddings.parquet", [vector])
    var rows = 0
    try catalogue.readEmbeddings(by: encoder, in: database) { name, vector in
      try table.write([[.text(name), Value(vector.map(Double.init))]])
      rows += 1
      if rows % 4096 == 0 {
        progress.update("writing embeddings", done: rows, of: catalogue.rows)
      }
    }
    try table.finish()
    return rows == catalogue.rows ? nil : "\(catalogue.rows - rows) sources have no embedding"
  }

  /// Writes the images by which the sources were classified.
  func writeCutouts() throws {
    let table = try self.table(
      "\(name).cutouts.parquet",
      [
        Column("width", .int32, unit: "pix", description: "Columns of pixels"),
        Column("height", .int32, unit: "pix", description: "Rows of pixels"),
        Column("pixel_scale", .float, unit: "arcsec", description: "Side of a pixel"),
        Column(
          "pixels", .float, shape: .list,
          description:
            "Row by row from the bottom, in the image's own unit; null where it shows nothing"),
      ])
    var rows = 0
    try catalogue.readCutouts(in: database) { name, cutout in
      try table.write([
        [
          .text(name), .integer(Int64(cutout.width)), .integer(Int64(cutout.height)),
          cutout.pixelScale.map { Value(Double($0)) } ?? .null,
          Value(cutout.values.map(Double.init)),
        ]
      ])
      rows += 1
      if rows % 1024 == 0 { progress.update("writing cutouts", done: rows, of: catalogue.rows) }
    }
    try table.finish()
  }

  /// Begins a table of sources by name.
  private func table(_ file: String, _ columns: [Column]) throws -> any TableWriter {
    try createTable(folder.file(file), columns: [self.columns[0]] + columns, metadata: metadata)
  }
}
