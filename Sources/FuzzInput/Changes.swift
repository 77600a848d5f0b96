internal import CZlib
import Foundation
import Tensor

/// A file's bytes while they are being changed.
struct Changes {
  private(set) var bytes: [UInt8]
  private let format: Original.Format
  private let other: [UInt8]
  private var random: RandomStream
  /// Whether a format's own sums are made right again, so that what lies behind them is reached.
  private let isMended: Bool

  init(_ original: Original, splicedWith other: Original, _ random: RandomStream) {
    (bytes, format, self.other, self.random) = (
      original.bytes, original.format, other.bytes, random
    )
    isMended = Int.random(in: 0..<4, using: &self.random) > 0
  }

  /// Changes something.
  mutating func change() {
    guard bytes.count > 8 else { return }
    let isText = format != .png && Int.random(in: 0..<4, using: &random) > 0
    guard isText else { return changeBytes() }
    switch (format, Int.random(in: 0..<3, using: &random)) {
    case (.fits, 0...1): changeCard()
    case (_, 0): changeWord()
    default: changeNumber()
    }
  }

  /// Makes sums right again.
  mutating func finish() {
    if format == .png, isMended { mendPNG() }
  }

  private mutating func changeBytes() {
    let place = Int.random(in: bytes.indices, using: &random)
    let length = min(1 << Int.random(in: 0...12, using: &random), bytes.count - place)
    let run = place..<place + length
    switch Int.random(in: 0..<8, using: &random) {
    case 0: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
    case 1: write(Self.numbers[Int.random(in: Self.numbers.indices, using: &random)], at: place)
    case 2: bytes.removeSubrange(place...)
    case 3: bytes.insert(contentsOf: bytes[run], at: place)
    case 4: bytes.removeSubrange(run)
    case 5:
      bytes.replaceSubrange(
        run, with: repeatElement([0, 0xFF, 0x20].randomElement(using: &random) ?? 0, count: length))
    case 6: bytes.replaceSubrange(place..., with: other.suffix(max(other.count - place, 0)))
    default: for index in run.prefix(16) { bytes[index] = .random(in: 0...255, using: &random) }
    }
    if bytes.isEmpty { bytes = [0] }
  }

  private static let numbers: [UInt64] = [
    0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
    0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, .max, 0x7FF0_0000_0000_0000, 0x7F80_0000,
  ]

  /// A number in 1, 2, 4 or 8 bytes, in either order.
  private mutating func write(_ number: UInt64, at place: Int) {
    let width = min(1 << Int.random(in: 0...3, using: &random), bytes.count - place)
    let little = (0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
    bytes.replaceSubrange(
      place..<place + width, with: Bool.random(using: &random) ? little : little.reversed())
  }
}

extension Changes {
  /// Another number, or what is none, in the place of one that is written in digits.
  private mutating func changeNumber() {
    let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) || byte == 0x2E || byte == 0x2D }
    guard let run = run(of: isDigit) else { return }
    let words = [
      "0", "-1", "1", "2", "-0", "90.0001", "360", "-91", "255", "256", "32768", "-32769", "65536",
      "2147483647", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
      "-9223372036854775808", "18446744073709551616", "1e19", "1e39", "-1e39", "1e308", "1e309",
      "1e-50", "5e-324", "NaN", "nan", "Inf", "-inf", "", " ", "--", "N/A", "0x10", "1D5", "+", ".",
      "1e",
      "\u{0}", "12 34 56.7", "24:00:00", "-00:00:60", "é", "\u{1F600}", "'", "\"", ";", "\\N",
      String(repeating: "9", count: 400), String(repeating: "x", count: 3000),
    ]
    replace(run, with: words.randomElement(using: &random) ?? "")
  }

  /// A word that means something to the format in the place of another.
  private mutating func changeWord() {
    let isLetter = { (byte: UInt8) in (0x41...0x5A).contains(byte & 0xDF) || byte == 0x5F }
    guard let run = run(of: isLetter), let word = Self.words(format).randomElement(using: &random)
    else { return }
    replace(run, with: word)
  }

  /// The run of bytes of a kind that follows a random place of the first 20,000 bytes, or of all.
  private mutating func run(of isMeant: (UInt8) -> Bool) -> Range<Int>? {
    let reach = Bool.random(using: &random) ? min(bytes.count, 20_000) : bytes.count
    let place = Int.random(in: 0..<reach, using: &random)
    guard let start = bytes[place...].firstIndex(where: isMeant) else { return nil }
    let end = bytes[start...].firstIndex { !isMeant($0) } ?? bytes.endIndex
    return start..<end
  }

  /// Puts a text into the place of bytes; in FITS over what follows, so that blocks stay blocks.
  private mutating func replace(_ run: Range<Int>, with word: String) {
    let word = Array(word.utf8)
    guard format == .fits else { return bytes.replaceSubrange(run, with: word) }
    let end = min(max(run.upperBound, run.lowerBound + word.count), bytes.count)
    let padded = word + repeatElement(0x20, count: max(0, end - run.lowerBound - word.count))
    bytes.replaceSubrange(run.lowerBound..<end, with: padded.prefix(end - run.lowerBound))
  }

  private static func words(_ format: Original.Format) -> [String] {
    switch format {
    case .csv:
      [
        ",", "\t", "|", "\n", "\r", "\"", "\"\"", "#", "\u{FEFF}", "ra", "dec", "name", "NaN",
        "null",
        "true", "[1,2", "[1,NaN]", "field", "flux", "id", "", " ", "\u{0}", "RAJ2000", "%ECSV 1.0",
      ]
    case .ecsv:
      [
        "string", "float64", "int8", "bool", "{", "}", "[", "]", "&a", "*a", "!x", "datatype",
        "delimiter",
        "unit", "name", "- {", ": ", "\n", "object", "ra", "dec", "%ECSV", "---", "|", "\u{0}",
      ]
    case .votable:
      [
        "char", "unicodeChar", "bit", "boolean", "unsignedByte", "short", "int", "long", "float",
        "double", "floatComplex", "doubleComplex", "arraysize", "TABLE", "TR", "TD", "FIELD",
        "PARAM",
        "DATA", "TABLEDATA", "BINARY", "BINARY2", "STREAM", "FITS", "RESOURCE", "VALUES", "null",
        "ref",
        "*", "2x*", "99999999999x99999999999", "-1", "0", "encoding", "gzip", "base64", "&x;", "<",
        ">",
        "nrows", "name", "DESCRIPTION", "COOSYS", "ID", "INFO", "ucd", "unit", "<![CDATA[", "]]>",
        "<!--", "xmlns",
      ]
    case .safetensors:
      ["F32", "F16", "dtype", "shape", "data_offsets", "[", "]", "{", "}", "__metadata__"]
    case .fits, .png: ["END     ", "T", "F", "BINTABLE", "IMAGE   ", "TABLE   "]
    }
  }
}

extension Changes {
  /// Gives a card of a FITS header another value or place.
  private mutating func changeCard() {
    let cards = stride(from: 0, to: bytes.count - 80, by: 80).filter { start in
      bytes[start + 8] == 0x3D && bytes[start..<start + 8].allSatisfy { (0x20...0x5A).contains($0) }
    }
    guard let card = cards.randomElement(using: &random),
      let second = cards.randomElement(using: &random)
    else { return changeNumber() }
    switch Int.random(in: 0..<12, using: &random) {
    case 0: bytes.replaceSubrange(card..<card + 80, with: Array(bytes[second..<second + 80]))
    case 1: bytes.replaceSubrange(card..<card + 80, with: repeatElement(0x20, count: 80))
    case 2: bytes.replaceSubrange(card..<card + 8, with: Array(bytes[second..<second + 8]))
    default:
      let name = String(decoding: bytes[card..<card + 8], as: UTF8.self)
      let value = Self.values(of: name).randomElement(using: &random) ?? ""
      let text = Array(("= " + value).utf8.prefix(72))
      bytes.replaceSubrange(
        card + 8..<card + 80, with: text + repeatElement(0x20, count: 72 - text.count))
    }
  }

  private static func values(of keyword: String) -> [String] {
    let counts = [
      "0", "1", "2", "3", "7", "-1", "255", "999", "1000", "65536", "2147483647", "2147483648",
      "99999999999", "9223372036854775807", "9223372036854775808", "1.5", "1E30", "NaN", "'a'", "T",
      "",
    ]
    let forms = [
      "L", "X", "B", "I", "J", "K", "E", "D", "A", "C", "M", "PD(9)", "PE", "QA", "PB", "Z", "?",
    ]
    switch keyword.prefix(5) {
    case "TFORM", "ZFORM":
      return [
        "0", "1", "", "3", "-1", "400", "9999999", "2147483647", "99999999999",
        "9999999999999999999",
      ]
      .flatMap { count in forms.map { "'\(count)\($0)'" } } + [
        "'F9.5'", "'I99999999999'", "'A0'", "'8A4'",
      ]
    case "ZCMPT":
      return [
        "'RICE_1'", "'GZIP_1'", "'GZIP_2'", "'PLIO_1'", "'HCOMPRESS_1'", "'NOCOMPRESS'", "'x'",
      ]
    case "CTYPE":
      return ["RA---SIN", "DEC--TAN", "GLON-CAR", "FREQ", "RA---ZPN", "DEC--SZP", "RA---COE", ""]
        .map { "'\($0)'" }
    case "CRVAL", "CDELT", "CRPIX", "CD1_1", "BMAJ ", "BMIN ", "TZERO", "TSCAL", "PV2_1", "BSCAL",
      "BZERO":
      return counts + ["0.0", "-1E-300", "1E300", "1E-12", "-0.0005", "359.9999", "'0.1'", "1E400"]
    default: return counts + forms.map { "'\($0)'" }
    }
  }
}

extension Changes {
  /// Makes the check sums of PNG's chunks right.
  private mutating func mendPNG() {
    var place = 8
    while place + 12 <= bytes.count {
      let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - place - 12 else { return }
      let sum = bytes.withUnsafeBufferPointer { all in
        crc32(0, all.baseAddress.map { $0 + place + 4 }, UInt32(length + 4))
      }
      for index in 0..<4 {
        bytes[place + 8 + length + index] = UInt8(truncatingIfNeeded: sum >> UInt(24 - 8 * index))
      }
      place += 12 + length
    }
  }
}
