import Astronomy
import PostgreSQL

/// How well the positions of a survey are known: for each source the error of one coordinate, arcsec.
struct PositionError {
  /// Where the errors come from, in words.
  let words: String

  /// The square of a source's error, arcsec²; null where it is not known.
  ///
  /// It is made of `source` and `own`, the survey's own table.
  let variance: SQL

  /// What is asked for, or the survey's own columns of errors, or else what follows from beam and
  /// signal-to-noise ratio.
  ///
  /// Asked for is a number of arcsec, or one or two columns of the survey's own catalogue with a comma between.
  ///
  /// - Throws: `CatalogueError.unknownColumn`; `CatalogueError.noPositionError` where nothing tells.
  init(of survey: Survey, asked: String?, in database: Connection) throws {
    if let text = asked, let arcsec = Double(text) {
      guard arcsec > 0, arcsec.isFinite else {
        throw CatalogueError.noPositionError(survey: survey.name, because: "'\(text)' is no error")
      }
      words = "\(arcsec)″ for all"
      variance = "power(\(raw: String(arcsec))::float8, 2)"
      return
    }
    let columns = try OwnColumn.all(of: survey, in: database)
    let byBeam = survey.observation.beam.map(Self.variance(ofBeam:))
    let chosen: [OwnColumn]
    if let asked {
      chosen = try asked.split(separator: ",").map { name in
        guard let column = columns.first(where: { $0.column.name == name }) else {
          throw CatalogueError.unknownColumn(
            String(name), survey: survey.name, known: columns.map(\.column.name))
        }
        return column
      }
    } else {
      chosen = Self.errors(among: columns)
    }
    if !chosen.isEmpty {
      let squares = try chosen.map { try $0.square(of: survey) }
      let measured: SQL =
        "(\(squares.joined(separator: " + "))) / \(raw: String(squares.count))"
      variance = byBeam.map { "coalesce(\(measured), \($0))" } ?? measured
      words = "columns " + chosen.map(\.column.name).joined(separator: ", ")
      return
    }
    guard let byBeam, let beam = survey.observation.beam else {
      throw CatalogueError.noPositionError(
        survey: survey.name, because: "its catalogue has no such columns, and its beam is not known"
      )
    }
    variance = byBeam
    words =
      "assumed from the beam of \((1000 * beam).rounded() / 1000)″ and the signal-to-noise ratio, 5 where that is not known"
  }

  /// Half of the beam divided by the signal-to-noise ratio (Condon 1997, PASP 109, 166).
  private static func variance(ofBeam beam: Double) -> SQL {
    """
    power(\(raw: String(beam))::float8 / (2 * coalesce(
        CASE WHEN source.peak_flux > 0 AND source.rms > 0 THEN source.peak_flux / source.rms END, 5
    )), 2)
    """
  }

  /// The columns that are errors of both coordinates, by their UCD or else by their names; none where there are
  /// none in a unit that is known.
  private static func errors(among columns: [OwnColumn]) -> [OwnColumn] {
    let angles = columns.filter { $0.column.datatype.isNumeric && $0.arcsec != nil }
    let byUCD = ["pos.eq.ra", "pos.eq.dec"].compactMap { word in
      angles.first { $0.isError(of: word) }
    }
    if byUCD.count == 2 { return byUCD }
    for pair in names {
      let found = pair.compactMap { name in
        angles.first { $0.column.name.lowercased() == name }
      }
      if found.count == 2 { return found }
    }
    return angles.first { $0.isError(of: "pos.eq") || $0.isError(of: "pos") }.map { [$0] } ?? []
  }

  /// What surveys call the errors of right ascension and declination that say it by no UCD.
  private static let names = [
    ["e_ra", "e_dec"], ["e_radeg", "e_dedeg"], ["e_raj2000", "e_dej2000"], ["ra_err", "dec_err"],
    ["err_ra", "err_dec"], ["ra_error", "dec_error"], ["sigra", "sigdec"],
  ]
}

extension OwnColumn {
  /// Whether its UCD says that it is the error of a place.
  fileprivate func isError(of word: String) -> Bool {
    guard let ucd = column.ucd.map(UCD.init) else { return false }
    return ucd.isOf("stat.error") && ucd.words.contains(word)
  }

  /// What turns its numbers into arcsec on the sky; nil where its unit is none of an angle.
  fileprivate var arcsec: String? {
    switch column.unit?.lowercased() {
    case "arcsec", "\"", "arcseconds": "1"
    case "arcmin": "60"
    case "deg", "degree", "degrees": "3600"
    case "mas": "0.001"
    case "s": "15 * cosd(source.dec)"
    default: nil
    }
  }

  /// The square of its values, arcsec²; null where they are no errors.
  fileprivate func square(of survey: Survey) throws -> SQL {
    guard let arcsec, column.datatype.isNumeric else {
      throw CatalogueError.noPositionError(
        survey: survey.name,
        because: "column '\(column.name)' is in '\(column.unit ?? "no unit")', which is no angle")
    }
    return """
      power(\(raw: arcsec) * CASE WHEN own.\(identifier: storedAs) > 0
          AND own.\(identifier: storedAs) < 'Infinity' THEN own.\(identifier: storedAs) END::float8, 2)
      """
  }
}
