import Astronomy
internal import CFITSIO
import Foundation

/// The header of the image at which a FITS file stands.
struct ImageHeader {
  let file: FITSFile
  /// The lengths of the axes.
  let axes: [Int]
  /// BITPIX as the image has it, before BSCALE and BZERO.
  let bitpix: Int

  init(_ file: FITSFile) throws(FITSStatus) {
    self.file = file
    var count: Int32 = 0
    var type: Int32 = 0
    try file.check { ffgidm(file.pointer, &count, &$0) }
    try file.check { ffgidt(file.pointer, &type, &$0) }
    var lengths = [Int64](repeating: 0, count: max(Int(count), 1))
    try file.check { ffgiszll(file.pointer, count, &lengths, &$0) }
    axes = lengths.prefix(Int(count)).map { Int($0) }
    bitpix = Int(type)
  }

  /// Whether whole numbers are scaled, or one of them stands for a blank pixel.
  var isScaled: Bool {
    file.number("BSCALE") ?? 1 != 1 || file.number("BZERO") ?? 0 != 0 || hasBlank
  }

  /// Whether reals may be kept as scaled whole numbers with a blank, as tile compression does.
  var mayBeQuantised: Bool {
    var status: Int32 = 0
    return bitpix < 0 && fits_is_compressed_image(file.pointer, &status) != 0
  }

  private var hasBlank: Bool { file.integer("BLANK") != nil || file.integer("ZBLANK") != nil }

  /// The last beam that AIPS notes.
  var notedBeam: Beam? { cards().reversed().lazy.compactMap { Beam(history: $0) }.first }

  /// The frequency in Hz of the image's plane, or of the line it shows.
  var frequency: Double? {
    let axis = (1...9).first { file.text("CTYPE\($0)")?.hasPrefix("FREQ") == true }
    let numbers =
      [axis.flatMap { frequency(ofAxis: $0) }] + ["RESTFRQ", "RESTFREQ", "FREQ"].map(file.number)
    return numbers.compactMap(\.self).first { $0 > 0 && $0.isFinite }
  }

  /// The frequency in Hz at the first pixel of an axis.
  private func frequency(ofAxis axis: Int) -> Double? {
    let unit = file.text("CUNIT\(axis)").flatMap { UnitConversion.scale(from: $0, to: "Hz") }
    return value(ofAxis: axis).map { $0 * (unit ?? 1) }
  }

  /// The world coordinate at the first pixel of an axis, which has one only.
  private func value(ofAxis axis: Int) -> Double? {
    guard let value = file.number("CRVAL\(axis)") else { return nil }
    let steps = 1 - (file.number("CRPIX\(axis)") ?? 1)
    return value + steps * (file.number("CDELT\(axis)") ?? 0)
  }

  /// The Stokes parameter of the image's plane, where it is another than I, the total intensity: Q, U or V, which are
  /// 2, 3 and 4 by the FITS standard.
  var polarisation: String? {
    let axis = (1...9).first { file.text("CTYPE\($0)") == "STOKES" }
    return axis.flatMap(value).flatMap { [2: "Q", 3: "U", 4: "V"][$0] }
  }

  /// The Julian year of the middle of the observation, else of its beginning, where the header says one.
  var epoch: Double? {
    for time in ["AVG", "OBS"] {
      let day =
        file.number("MJD-\(time)").flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
        ?? file.text("DATE-\(time)").flatMap(modifiedJulianDay)
      if let day { return JulianEpoch.year(ofDay: day) }
    }
    return nil
  }

  private func cards() -> [String] {
    var count: Int32 = 0
    guard file.succeeds({ ffghsp(file.pointer, &count, nil, &$0) }), count > 0 else { return [] }
    var card = [CChar](repeating: 0, count: 81)
    return (1...count).compactMap { number in
      file.succeeds { ffgrec(file.pointer, number, &card, &$0) } ? FITSFile.text(card) : nil
    }
  }

  /// The cards that WCSLIB reads, 80 characters each, without control characters; blank where a text
  /// does not end on its card, since WCSLIB would look for its end in the next and write beyond its memory.
  ///
  /// Those of a tile-compressed image are its table's, which has the same world coordinates:
  /// CFITSIO would unpack the whole image to turn them into an image's.
  func wcsCards() throws(FITSStatus) -> [CChar] {
    var text: UnsafeMutablePointer<CChar>?
    var count: Int32 = 0
    try file.check { ffhdr2str(file.pointer, 1, nil, 0, &text, &count, &$0) }
    var status: Int32 = 0
    defer { fffree(text, &status) }
    let cards = UnsafeBufferPointer(start: text, count: Int(count) * 80)
    var clean = cards.map { $0 < 0x20 || $0 == 0x7f ? 0x20 : $0 }
    for start in stride(from: 0, to: clean.count, by: 80)
    where hasOpenText(clean[start..<start + 80]) {
      clean.replaceSubrange(start..<start + 80, with: repeatElement(0x20, count: 80))
    }
    return clean + [0]
  }

  /// The first keyword of the celestial axes whose text does not end on its card.
  func openText() -> String? {
    cards().first { card in
      ["CTYPE", "CUNIT", "RADESYS"].contains { card.hasPrefix($0) }
        && hasOpenText(
          card.padding(toLength: 80, withPad: " ", startingAt: 0).utf8CString.dropLast())
    }
    .map { String($0.prefix { $0 != " " && $0 != "=" }) }
  }
}

/// The modified Julian day of a date as FITS writes it: `2016-07-19`, `2016-07-19T12:30:00.5`, or, until 1999,
/// `19/07/94`.
private func modifiedJulianDay(_ date: String) -> Double? {
  var date = date.trimmed
  if let old = date.wholeMatch(of: /(\d\d)\/(\d\d)\/(\d\d)/) {
    date = "19\(old.3)-\(old.2)-\(old.1)"
  }
  let day = Date.ISO8601FormatStyle().year().month().day()
  let parsed =
    (try? day.time(includingFractionalSeconds: true).parse(date))
    ?? (try? day.time(includingFractionalSeconds: false).parse(date)) ?? (try? day.parse(date))
  return parsed.map { $0.timeIntervalSince1970 / 86_400 + 40_587 }
}

/// Whether the value in a card is a text without its closing quote.
func hasOpenText(_ card: ArraySlice<CChar>) -> Bool {
  let quote = CChar(UInt8(ascii: "'"))
  let value = card.dropFirst(8)
  guard value.first == CChar(UInt8(ascii: "=")),
    case var rest = value.dropFirst().drop(while: { $0 == 0x20 }), rest.popFirst() == quote
  else { return false }
  while let place = rest.firstIndex(of: quote) {
    guard place + 1 < rest.endIndex, rest[place + 1] == quote else { return false }
    rest = rest[(place + 2)...]
  }
  return true
}

extension Beam {
  /// The beam that AIPS notes in a card: `HISTORY AIPS   CLEAN BMAJ=  1.5E-03 BMIN= … BPA= …`.
  fileprivate init?(history card: String) {
    guard card.hasPrefix("HISTORY"), card.contains("CLEAN BMAJ=") else { return nil }
    let words = card.replacing("=", with: "= ").split(separator: " ")
    func number(_ key: String) -> Double? {
      guard let place = words.firstIndex(of: Substring(key)), place + 1 < words.count else {
        return nil
      }
      return Double(words[place + 1])
    }
    guard let major = number("BMAJ="), let minor = number("BMIN="), major >= minor, minor > 0,
      major.isFinite
    else { return nil }
    self.init(major: major * 3600, minor: minor * 3600, angle: number("BPA=") ?? 0)
  }
}
