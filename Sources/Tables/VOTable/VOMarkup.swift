import Astronomy

/// The markup of VOTable 1.4, and text that cannot become markup.
public enum VOMarkup {
  static let beforeRows = "<DATA>\n<TABLEDATA>\n"
  static let closing = "</TABLEDATA>\n</DATA>\n" + closingWithoutData
  static let closingWithoutData = "</TABLE>\n</RESOURCE>\n</VOTABLE>\n"
  /// As long as the text it replaces.
  static let unicode = #"datatype="unicodeChar""#
  private static let ascii = #"datatype="char"       "#
  private static let namespace = "http://www.ivoa.net/xml/VOTable/v1.3"

  static func opening(_ metadata: Metadata) -> String {
    let description = metadata.description.map { "<DESCRIPTION>\(escaped($0))</DESCRIPTION>\n" }
    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <VOTABLE version="1.4" xmlns="\(namespace)">
      <RESOURCE>
      \(information(metadata))\(systems(metadata))\(link(metadata.credits))\
      <TABLE\(metadata.name.map { #" name="\#(attribute($0))""# } ?? "")>
      \(description ?? "")\(metadata.entries.map(parameter).joined())
      """
  }

  /// INFO elements by the names of the IVOA Note "Data Origin in the VO" 1.1, and the history.
  private static func information(_ metadata: Metadata) -> String {
    let credits = metadata.credits
    let named = [
      ("title", credits.title), ("publication_date", metadata.date),
      ("server_software", metadata.origin), ("creator", credits.authors),
      ("citation", credits.reference), ("reference_url", credits.address),
      ("rights", credits.licence), ("copyright", credits.copyright),
    ]
    let all =
      named.compactMap { name, text in text.map { (name, $0) } }
      + metadata.history.map { ("history", $0) }
    return all.map { #"<INFO name="\#($0)" value="\#(attribute($1))"/>"# + "\n" }.joined()
  }

  /// The frame of the positions, and the scale of the epoch, which is a PARAM.
  private static func systems(_ metadata: Metadata) -> String {
    let epoch = metadata.epoch.map { #" epoch="J\#($0)""# } ?? ""
    let frame = metadata.frameWords.map { system, equinox in
      let year = equinox.map { #" equinox="\#(attribute($0))""# } ?? ""
      return #"<COOSYS ID="frame" system="\#(attribute(system))"\#(year)\#(epoch)/>"# + "\n"
    }
    guard let year = metadata.epoch else { return frame ?? "" }
    return (frame ?? "") + #"<TIMESYS ID="time" timescale="UTC" refposition="TOPOCENTER"/>"# + "\n"
      + #"<PARAM name="epoch" datatype="double" unit="yr" ucd="time.epoch;obs" ref="time" "#
      + #"value="\#(year)"><DESCRIPTION>Mean epoch of the observations</DESCRIPTION></PARAM>"#
      + "\n"
  }

  private static func link(_ credits: Credits) -> String {
    credits.address.map { #"<LINK content-role="doc" href="\#(attribute($0))"/>"# + "\n" } ?? ""
  }

  /// The beginning of a FIELD, after which comes its datatype.
  static func field(_ column: Column, frame: String?) -> String {
    let isPosition = column.ucd?.hasPrefix("pos.eq") == true
    let reference = frame != nil && isPosition ? #" ref="frame""# : ""
    let name = #"<FIELD name="\#(attribute(column.name))""#
    return name + semantics(column.unit, column.ucd) + reference + " "
  }

  /// The datatype and all that stands behind it.
  ///
  /// Of texts it says `char`, whose place `unicode` can take, and no greatest length, unless it is known
  /// what texts there are.
  static func datatype(
    _ column: Column, null: Int64?, texts: (isASCII: Bool, longest: Int?) = (true, nil)
  ) -> String {
    let values = null.map { #"<VALUES null="\#($0)"/>"# } ?? ""
    return type(column.datatype, isASCII: texts.isASCII) + size(column, longest: texts.longest)
      + ">" + description(column.description) + values
      + "</FIELD>\n"
  }

  /// The number that stands for null in vectors of whole numbers; a scalar's cell is left empty.
  static func null(_ column: Column) -> Int64? {
    guard column.shape != .scalar else { return nil }
    switch column.datatype {
    case .int16: return Int64(Int16.min)
    case .int32: return Int64(Int32.min)
    case .int64: return Int64.min
    default: return nil
    }
  }

  static func number(_ number: Double, _ datatype: Datatype) -> String {
    number.isInfinite ? (number < 0 ? "-Inf" : "+Inf") : number.shortest(as: datatype)
  }

  private static func parameter(_ entry: Keyword) -> String {
    let (type, value) = typed(entry.value)
    return #"<PARAM name="\#(attribute(entry.name))"\#(semantics(entry.unit, entry.ucd)) "#
      + #"\#(type) value="\#(attribute(value))">\#(description(entry.description))</PARAM>"# + "\n"
  }

  private static func typed(_ value: Value) -> (type: String, value: String) {
    switch value {
    case .null: (#"datatype="char" arraysize="*""#, "")
    case .boolean(let flag): (#"datatype="boolean""#, flag ? "true" : "false")
    case .integer(let number): (#"datatype="long""#, String(number))
    case .real(let number): (#"datatype="double""#, VOMarkup.number(number, .double))
    case .text(let text):
      (
        text.utf8.allSatisfy { $0 < 128 }
          ? #"datatype="char" arraysize="*""#
          : unicode + #" arraysize="*""#, text
      )
    case .reals(let elements):
      (
        #"datatype="double" arraysize="\#(elements.count)""#,
        elements.map { VOMarkup.number($0, .double) }.joined(separator: " ")
      )
    }
  }

  private static func type(_ datatype: Datatype, isASCII: Bool) -> String {
    switch datatype {
    case .boolean: #"datatype="boolean""#
    case .uint8: #"datatype="unsignedByte""#
    case .int16: #"datatype="short""#
    case .int32: #"datatype="int""#
    case .int64: #"datatype="long""#
    case .float: #"datatype="float""#
    case .double: #"datatype="double""#
    case .string: isASCII ? ascii : unicode
    }
  }

  private static func size(_ column: Column, longest: Int?) -> String {
    if column.datatype == .string {
      return #" arraysize="\#(longest.map { "\($0)" } ?? "")*""#
    }
    switch column.shape {
    case .scalar: return ""
    case .vector(let count): return #" arraysize="\#(count)""#
    case .list: return #" arraysize="*""#
    }
  }

  private static func semantics(_ unit: String?, _ ucd: String?) -> String {
    (unit.map { #" unit="\#(attribute(voUnit($0)))""# } ?? "")
      + (ucd.map { #" ucd="\#(attribute($0))""# } ?? "")
  }

  private static func description(_ text: String?) -> String {
    text.map { "<DESCRIPTION>\(escaped($0))</DESCRIPTION>" } ?? ""
  }
}
