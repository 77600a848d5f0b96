import Astronomy
import Hummingbird

/// What a program asks of `/cutout`: which square of the sky, of which survey, as what file.
///
/// The names of its parameters may have capitals, as the IVOA's DALI has it. `pos` and `size` mean what they
/// do in SIA 1.0 (Tody et al. 2009), and `pos=CIRCLE …`, `circle` and `responseformat` what they do in SODA
/// 1.0 (Bonnarel et al. 2017).
struct CutoutQuestion: Sendable {
  /// The middle of the square, ICRS.
  var centre: SkyPosition

  /// The side of the square, degrees; `nil` for all of the image that is stored.
  var side: Double?

  /// The survey whose images are asked for; `nil` for whichever has one there.
  var survey: String?

  /// The key of the image that is asked for; `nil` for that which shows most of the square.
  var cutout: Int?

  /// The kind of file.
  var format: Format

  /// A kind of file.
  enum Format: Sendable {
    /// The pixels in single precision, with their world coordinates.
    case fits
    /// A picture, a pixel of it for each of the image.
    case png(Look)
  }

  private static let known = [
    "pos", "circle", "size", "survey", "cutout", "format", "responseformat", "stretch", "colours",
  ]

  /// Reads what stands behind the `?`.
  ///
  /// - Throws: `HTTPError` (400), which says what is wrong with a parameter and what it takes.
  init(_ given: Fields) throws(HTTPError) {
    let fields = given.inLowerCase
    let names = fields.pairs.map(\.name)
    for (index, name) in names.enumerated() {
      guard Self.known.contains(name) else {
        throw .question(
          "'\(name)' is no parameter of /cutout: there are "
            + Self.known.joined(separator: ", "))
      }
      guard !names[..<index].contains(name) else { throw .question("'\(name)' is given twice") }
    }
    (centre, side) = try Self.square(fields)
    survey = fields["survey"]
    cutout = try fields["cutout"].map(Self.key)
    format = try Self.format(fields)
  }
}

extension CutoutQuestion {
  private static func square(_ fields: Fields) throws(HTTPError) -> (SkyPosition, Double?) {
    guard let text = fields["circle"].map({ "CIRCLE " + $0 }) ?? fields["pos"],
      fields["circle"] == nil || fields["pos"] == nil
    else { throw .question("give pos=RA,DEC in degrees (ICRS), such as pos=187.5,12.3") }
    if text.split(separator: " ").first?.uppercased() == "CIRCLE" {
      guard fields["size"] == nil else {
        throw .question("the radius of a circle says how much is meant: leave out 'size'")
      }
      return try circle(text)
    }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, let ra = Angle(parts[0], sexagesimal: .hours), let dec = Angle(parts[1])
    else {
      throw .question(
        "pos='\(text)' is no position: give RA,DEC in degrees (ICRS), such as pos=187.5,12.3, or "
          + "pos=CIRCLE RA DEC RADIUS")
    }
    return (try position(ra.degrees, dec.degrees), try fields["size"].map(side))
  }

  private static func circle(_ text: String) throws(HTTPError) -> (SkyPosition, Double) {
    let numbers = text.split(separator: " ").dropFirst().map { Double($0) }
    guard numbers.count == 3, let ra = numbers[0], let dec = numbers[1], let radius = numbers[2],
      radius > 0, radius <= 90
    else {
      throw .question(
        "'\(text)' is no circle: give CIRCLE RA DEC RADIUS in degrees, such as "
          + "pos=CIRCLE 187.5 12.3 0.02")
    }
    return (try position(ra, dec), 2 * radius)
  }

  private static func position(_ ra: Double, _ dec: Double) throws(HTTPError) -> SkyPosition {
    guard (0...360).contains(ra), (-90...90).contains(dec) else {
      throw .question(
        "\(ra),\(dec) is no position: right ascension is 0 to 360 and declination -90 to 90 degrees"
      )
    }
    return SkyPosition(ra: ra == 360 ? 0 : ra, dec: dec)
  }

  /// Degrees, of a number that may have a unit behind it.
  private static func side(_ text: String) throws(HTTPError) -> Double {
    let number = text.prefix { $0.isNumber || ".+-eE".contains($0) }
    let unit = text.dropFirst(number.count).drop { $0 == " " }
    guard let size = Double(number), let scale = units[String(unit)], size > 0, size * scale <= 180
    else {
      throw .question(
        "size='\(text)' is no size: give the side of the square in degrees, such as size=0.05, or as "
          + "3arcmin or 180arcsec")
    }
    return size * scale
  }

  /// Degrees in one.
  private static let units: [String: Double] = [
    "": 1, "deg": 1, "arcmin": 1 / 60, "'": 1 / 60, "arcsec": 1 / 3600, "\"": 1 / 3600,
  ]

  private static func key(_ text: String) throws(HTTPError) -> Int {
    guard let key = Int(text) else {
      throw .question(
        "cutout='\(text)' is no key of an image: it is a whole number, as pages and releases have it"
      )
    }
    return key
  }

  private static func format(_ fields: Fields) throws(HTTPError) -> Format {
    guard fields["format"] == nil || fields["responseformat"] == nil else {
      throw .question("'format' and 'responseformat' mean the same: give one")
    }
    let name = fields["format"] ?? fields["responseformat"] ?? "fits"
    switch name.lowercased() {
    case "fits", "image/fits", "application/fits":
      if fields["stretch"] != nil || fields["colours"] != nil {
        throw .question("'stretch' and 'colours' are for pictures: give format=png with them")
      }
      return .fits
    case "png", "image/png": return .png(try look(fields))
    default: throw .question("format='\(name)' is not known: there are fits and png")
    }
  }

  private static func look(_ fields: Fields) throws(HTTPError) -> Look {
    let stretches = Look.stretches.map(\.name)
    if let name = fields["stretch"], !stretches.contains(name) {
      throw .question(
        "stretch='\(name)' is not known: there are " + stretches.joined(separator: ", "))
    }
    let colours = ColourMap.allCases.map(\.rawValue)
    if let name = fields["colours"], !colours.contains(name) {
      throw .question(
        "colours='\(name)' is not known: there are " + colours.joined(separator: ", "))
    }
    var look = Look(fields)
    look.zoom = .times(1)
    return look
  }
}

extension HTTPError {
  /// Something is wrong with a question.
  fileprivate static func question(_ sentence: String) -> HTTPError {
    HTTPError(.badRequest, message: sentence)
  }
}
