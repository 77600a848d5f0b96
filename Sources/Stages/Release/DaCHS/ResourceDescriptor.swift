import Astronomy
import Catalogue
import Foundation
import Tables

/// The resource descriptor by which DaCHS 2.7 serves a catalogue: what it is, its tables and its services.
///
/// The tables stand in a schema of DaCHS's own: `sources` is a view of the catalogue as it is at any time,
/// `images` a table that DaCHS fills from a file of the folder.
struct ResourceDescriptor {
  var catalogue: PublishedCatalogue
  var metadata: Metadata
  var title: String
  var survey: Survey
  /// The columns by which the server finds rows fast.
  var indexed: Set<String>
  /// Where sources lie, as a MOC in ASCII: orders of HEALPix before the numbers of cells.
  var sky: String
  /// A place where there is a source.
  var example: (ra: Double, dec: Double)?
  var hasImages: Bool

  /// The schema of DaCHS's tables; a name in PostgreSQL has at most 63 bytes.
  var schema: String { "reber_" + catalogue.name.prefix(57) }

  /// The file `q.rd`.
  var text: String {
    """
    <?xml version="1.0" encoding="utf-8"?>
    <!-- Written by 'reber release tap \(catalogue.name)'; README.md says what to do with it. -->
    <resource schema="\(schema)" resdir=".">
    \(about.joined(separator: "\n"))

    \(sources)
    \(hasImages ? images : "")
    \(coverage)
      <data id="import">
        <make table="sources"/>
      </data>
    \(hasImages ? imageImport : "")
    \(services.joined(separator: "\n"))
    </resource>

    """
  }

  // -- What it is --------------------------------------------------------------------------------

  private var about: [String] {
    let credits = metadata.credits
    let observation = survey.observation
    let said: [(String, String?)] = [
      ("title", title), ("creationDate", metadata.date), ("description", description),
      ("subject", "extragalactic-radio-sources"), ("subject", "galaxy-classification-systems"),
      ("subject", "sky-surveys"), ("creator", credits.authors),
      ("source", credits.reference), ("referenceURL", credits.address), ("rights", credits.licence),
      ("rights.rightsURI", licenceAddress), ("copyright", credits.copyright),
      ("facility", observation.facility), ("instrument", observation.instrument),
      ("type", catalogue.simulated ? "Simulation" : "Catalog"), ("contentLevel", "Research"),
      ("coverage.waveband", "Radio"),
    ]
    return said.compactMap { name, text in text.map { meta(name, $0) } }
  }

  /// Without the number of rows: it changes where the catalogue is published anew under the view.
  private var description: String {
    let made = metadata.survey.line.map { "Made from survey \(survey.name): \($0)." }
    return [metadata.description, made].compactMap(\.self).joined(separator: " ")
  }

  /// The SPDX's page of the licence, where its name is one of theirs.
  private var licenceAddress: String? {
    guard let licence = metadata.credits.licence,
      licence.wholeMatch(of: /(?:CC|ODC|ODbL|PDDL|MIT|BSD|Apache|GPL|LGPL)[A-Za-z0-9.\-]*/) != nil
    else { return nil }
    return "https://spdx.org/licenses/\(licence).html"
  }

  /// What is said of the resource or a part of it; a backslash would begin a macro of DaCHS.
  func meta(_ name: String, _ text: String, indent: Int = 2) -> String {
    let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return String(repeating: " ", count: indent)
      + "<meta name=\"\(name)\">\(VOMarkup.escaped(words.replacing("\\", with: #"\\"#)))</meta>"
  }

  /// What registries know of where it is on the sky.
  private var coverage: String {
    sky.isEmpty
      ? ""
      : """
        <coverage>
          <spatial>\(sky)</spatial>
        </coverage>

      """
  }

  // -- The table of the sources ------------------------------------------------------------------

  private var sources: String {
    """
      <table id="sources" onDisk="True" adql="True">
    \(meta("title", title, indent: 4))
    \(meta("description", description, indent: 4))
    \(linked(by: "name"))
        <primary>name</primary>
        <stc>Position ICRS "ra" "dec"</stc>
        <index columns="ra,dec" kind="q3c" metaOnly="True"/>
    \(indexes.joined(separator: "\n"))
    \(columns.map { $0.inDescriptor(as: $1) }.joined(separator: "\n"))
        <viewStatement>CREATE VIEW \\qName AS SELECT * FROM \(catalogue.viewForDaCHS)</viewStatement>
      </table>

    """
  }

  /// The columns, and what they are called in the view.
  private var columns: [(Column, name: String)] {
    zip(catalogue.columns, catalogue.namesForDaCHS).map { (Column($0), $1) }
  }

  /// DaCHS cannot say of a column whose name has to be quoted that it is indexed.
  private var indexes: [String] {
    columns.filter { indexed.contains($0.0.name) && ADQLName.declared($0.name) == $0.name }
      .map { "    <index columns=\"\($0.name)\" metaOnly=\"True\"/>" }
  }

  /// Says that a table's rows have links, by a column.
  func linked(by column: String) -> String {
    """
        <meta name="_associatedDatalinkService">
          <meta name="serviceId">dl</meta>
          <meta name="idColumn">\(column)</meta>
        </meta>
    """
  }

  // -- Services ----------------------------------------------------------------------------------

  private var services: [String] {
    [cone, hasImages ? imageSearch : "", links, made]
  }

  /// What a registry shows where there is little room: 16 characters.
  func shortName(_ kind: String) -> String { catalogue.name.prefix(15 - kind.count) + " " + kind }

  private var cone: String {
    guard let example else { return "" }
    return """
        <service id="cone" allowed="form,scs.xml">
          <meta name="shortName">\(shortName("cone"))</meta>
          <meta name="testQuery.ra">\(example.ra)</meta>
          <meta name="testQuery.dec">\(example.dec)</meta>
          <meta name="testQuery.sr">0.01</meta>
          <publish render="scs.xml" sets="ivo_managed"/>
          <publish render="form" sets="ivo_managed,local"/>
          <scsCore queriedTable="sources">
            <FEED source="//scs#coreDescs"/>
            <condDesc buildFrom="class"/>
            <condDesc buildFrom="probability"/>
          </scsCore>
        </service>

      """
  }

  /// What the catalogue was made from, as PROV-JSON.
  private var made: String {
    """
      <service id="made" allowed="static">
    \(meta("title", "What \(title) was made from", indent: 4))
        <property name="staticData">public</property>
        <nullCore/>
      </service>
    """
  }
}

extension Column {
  /// The column as DaCHS declares it under a name of letters, digits and underscores.
  func inDescriptor(as plainName: String) -> String {
    let attributes: [(String, String?)] = [
      ("name", ADQLName.declared(plainName)), ("type", postgresType),
      ("unit", unit.map(VOMarkup.voUnit)),
      ("ucd", ucd), ("tablehead", name), ("description", description),
      ("verbLevel", Self.foremost.contains(name) ? "1" : "15"),
      ("required", name == "name" ? "True" : nil),
    ]
    let text = attributes.compactMap { name, value in
      value.map { "\(name)=\"\(VOMarkup.attribute($0))\"" }
    }.joined(separator: " ")
    guard let least = missing else { return "    <column \(text)/>" }
    return "    <column \(text)><values nullLiteral=\"\(least)\"/></column>"
  }

  /// What is shown where little is wanted.
  private static let foremost: Set = ["name", "ra", "dec", "class", "tags", "probability", "label"]

  private var postgresType: String {
    let element =
      switch datatype {
      case .boolean, .uint8, .int16: "smallint"
      case .int32: "integer"
      case .int64: "bigint"
      case .float: "real"
      case .double: "double precision"
      case .string: "unicode"
      }
    return shape == .scalar ? element : element + "[]"
  }

  /// The integer that stands for none in formats that have no other way to say so.
  private var missing: String? {
    switch datatype {
    case .boolean, .uint8, .int16: "\(Int16.min)"
    case .int32: "\(Int32.min)"
    case .int64: "\(Int64.min)"
    case .float, .double, .string: nil
    }
  }
}
