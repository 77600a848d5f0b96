import Astronomy
import Catalogue
import Failures
import Foundation
import Tables

/// What a release says of itself in words: README, citation and licence.
struct ReleaseTexts {
  private let release: ReleaseWriter
  private var credits: Credits { release.metadata.credits }
  private var date: Substring { release.metadata.date?.prefix(10) ?? "" }

  init(_ release: ReleaseWriter) { self.release = release }

  /// The page that a person reads first.
  var readme: String {
    """
    # \(release.title)

    \(release.metadata.description ?? "") \(release.catalogue.rows) rows, published \(date).

    \(said.joined(separator: "\n"))

    ## Files

    \(files.map { "- `\($0.0)`: \($0.1)" }.joined(separator: "\n"))

    `sha256sum -c SHA256SUMS` checks them.

    ## Columns

    | column | type | unit | UCD | meaning |
    |---|---|---|---|---|
    \(release.columns.map(row).joined(separator: "\n"))

    \(warnings)## How it was made

    \(release.metadata.history.map { "- \($0)" }.joined(separator: "\n"))

    \(release.metadata.entries.map { "- \($0.name): \(text(of: $0.value))" }.joined(separator: "\n"))

    """
  }

  /// The Citation File Format 1.2.0.
  var citation: String {
    let people = credits.people.isEmpty ? ["Survey \(release.catalogue.survey)"] : credits.people
    var lines = [
      "cff-version: 1.2.0", "type: dataset",
      "message: \(quoted("If you use this catalogue, please cite it as below."))",
      "title: \(quoted(release.title))", "version: \(quoted("run \(release.catalogue.run)"))",
      "date-released: \(date)", "authors:",
    ]
    lines += people.map { "  - name: \(quoted($0))" }
    if let doi = credits.doi { lines.append("doi: \(quoted(doi))") }
    if let address = credits.address { lines.append("url: \(quoted(address))") }
    // The format knows licences by their SPDX names alone.
    if let licence = credits.licence, licence.wholeMatch(of: /[A-Za-z0-9.+\-]+/) != nil {
      lines.append("license: \(licence)")
    }
    return (lines + surveyReference).joined(separator: "\n") + "\n"
  }

  /// The survey as what the catalogue refers to.
  private var surveyReference: [String] {
    let survey = release.metadata.survey
    guard survey.line != nil else { return [] }
    let title = survey.title ?? "Survey \(release.catalogue.survey)"
    let people = survey.people.isEmpty ? [title] : survey.people
    return ["references:", "  - type: generic", "    title: \(quoted(title))", "    authors:"]
      + people.map { "      - name: \(quoted($0))" }
      + (survey.doi.map { ["    doi: \(quoted($0))"] } ?? [])
      + (survey.address.map { ["    url: \(quoted($0))"] } ?? [])
  }

  /// How the catalogue may be used; nil where nothing is said.
  var licence: String? {
    let lines = [
      credits.licence.map { "Licence: \($0)" }, credits.authors.map { "Authors: \($0)" },
      credits.copyright,
    ].compactMap(\.self)
    guard credits.licence != nil || credits.copyright != nil else { return nil }
    return ([release.title] + lines).joined(separator: "\n\n") + "\n"
  }

  /// What its makers were warned of, and published it all the same.
  private var warnings: String {
    if release.doubts.isEmpty { return "" }
    let lines = release.doubts.map { "- \($0)" }.joined(separator: "\n")
    return "## Warnings\n\nIt was published although Reber warned:\n\n\(lines)\n\n"
  }

  private var said: [String] {
    [
      ("Authors", credits.authors), ("Reference", credits.reference),
      ("Address", credits.address), ("Licence", credits.licence), ("Copyright", credits.copyright),
    ].compactMap { name, text in text.map { "- \(name): \($0)" } }
  }

  private var files: [(String, String)] {
    let name = release.name
    let all: [(ReleasePart, String, String)] = [
      (.fits, "\(name).fits", "FITS table, with units, UCDs and history"),
      (.votable, "\(name).vot", "VOTable, for TOPCAT, Aladin and pyvo"),
      (.parquet, "\(name).parquet", "Parquet, for pyarrow, DuckDB, Polars and Spark"),
      (.hats, "hats/", "HATS collection: `lsdb.open_catalog('hats')`"),
      (.csv, "\(name).csv", "CSV"),
      (.moc, "\(name).moc.fits", "coverage map (MOC 2.0) of the images that were classified"),
      (
        .cds, "cds/",
        "ReadMe and table of the CDS: `ascii.read('cds/\(name).dat', readme='cds/ReadMe')`"
      ),
      (.prov, "provenance.json", "what it was made from, by what and by whom, as PROV-JSON"),
      (
        .embeddings, "\(name).embeddings.parquet",
        "where each source lies in the space that was learned"
      ),
      (.cutouts, "\(name).cutouts.parquet", "the image of each source, in single precision"),
    ]
    return all.filter { release.release.parts.contains($0.0) }.map { ($0.1, $0.2) }
  }

  private func row(_ column: Column) -> String {
    let type = column.datatype.rawValue + (column.shape == .scalar ? "" : " list")
    let cells = [column.name, type, column.unit, column.ucd, column.description]
    return "| " + cells.map { ($0 ?? "").replacing("|", with: "\\|") }.joined(separator: " | ")
      + " |"
  }

  private func text(of value: Value) -> String {
    switch value {
    case .text(let text): text
    case .integer(let number): "\(number)"
    case .real(let number): "\(number)"
    case .boolean(let flag): "\(flag)"
    case .null, .reals: ""
    }
  }

  private func quoted(_ text: String) -> String {
    "\"" + text.inOneLine.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}

extension ReleaseWriter {
  /// The catalogue's title, or one for a catalogue that has none.
  var title: String {
    metadata.credits.title ?? "Morphologies of the radio sources of survey \(catalogue.survey)"
  }
}
