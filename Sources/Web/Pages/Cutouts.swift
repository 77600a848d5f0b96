import Astronomy
import Catalogue
import FITS
import HTTPTypes
import Hummingbird
import PostgreSQL

extension Site {
  /// Where programs get a piece of the stored images by its place on the sky.
  static let cutoutPath = "/cutout"

  func addCutouts(to router: Router<PageContext>) {
    router.get(RouterPath(Self.cutoutPath)) { request, _ in
      let question = try CutoutQuestion(request.fields)
      let (survey, found) = try await find(question)
      let stored = try await pool.with {
        try StoredCutout.some([found.image.id], of: survey, in: $0)
      }
      guard let stored = stored.first else {
        throw HTTPError(.notFound, message: "the image was removed just now: ask again")
      }
      return try question.answer(found, found.part(of: stored), of: survey)
    }
  }

  /// The image that shows most of the square, of the only survey that has one there.
  private func find(_ question: CutoutQuestion) async throws -> (Survey, FoundCutout) {
    let found = try await pool.with { database in
      let surveys =
        try question.survey.map { [try Survey.named($0, in: database)] }
        ?? Survey.all(in: database)
      return try surveys.compactMap { survey in
        try question.best(of: survey, in: database).map { (survey, $0) }
      }
    }
    guard let first = found.first else {
      throw HTTPError(
        .notFound,
        message: question.unanswered)
    }
    guard found.count == 1 else {
      let names = found.map(\.0.name)
      throw HTTPError(
        .badRequest,
        message: "images of \(names.joined(separator: " and ")) show this place: say which with "
          + "survey=\(names[0])")
    }
    return first
  }
}

extension CutoutQuestion {
  /// How far from the position sources are looked for whose images may show it, degrees: most images
  /// show a few arcminutes.
  private static let reaches = [0.05, 0.5, 2]

  /// The images that are looked at, of the nearest sources.
  fileprivate static let most = 64

  /// Why there is no answer.
  fileprivate var unanswered: String {
    let (of, place) = (
      survey.map { "survey '\($0)'" } ?? "any survey", "\(centre.ra),\(centre.dec)"
    )
    if let cutout { return "no image \(cutout) of \(of) that has a sky shows \(place)" }
    return """
      no image of \(of) that has a sky shows \(place): what is stored are images of sources, and those of the \
      \(Self.most) nearest were looked at
      """
  }

  /// The stored image of a survey that was asked for or else, of its current ones, that which shows most of the square, and of those that show as much, that of
  /// the nearest source; `nil` where none shows its middle.
  fileprivate func best(of survey: Survey, in database: Connection) throws -> FoundCutout? {
    if let cutout {
      return try PlacedCutout.numbered(cutout, of: survey, in: database)
        .flatMap { FoundCutout($0, about: centre, side: side) }
    }
    var best: FoundCutout?
    for reach in Self.reaches {
      let circle = SourceFilter.Cone(centre: centre, radius: reach)
      let near = try PlacedCutout.near(circle, of: survey, count: Self.most, in: database)
      best = near.compactMap { FoundCutout($0, about: centre, side: side) }
        .max { $0.area < $1.area }
      // A wider circle would give no better one, or the same.
      if best?.isWhole == true || near.count == Self.most { break }
    }
    return best
  }

  /// The file that was asked for.
  fileprivate func answer(
    _ found: FoundCutout, _ part: StoredCutout, of survey: Survey
  ) throws -> Response {
    switch format {
    case .png(let look):
      let picture = look.picture(
        part, of: survey.observation, width: part.width, height: part.height)
      return .bytes(try picture.png(), type: "image/png")
    case .fits:
      let statement = survey.observation.copyright?.split(whereSeparator: \.isNewline) ?? []
      let bytes = try ImageWriter.bytes(
        part.values, width: part.width, height: part.height, keywords: found.keywords,
        comments: ["Of survey '\(survey.name)', cutout \(part.id), by Reber"]
          + statement.map(String.init), name: "the cutout")
      var response = Response.bytes(bytes, type: "image/fits")
      response.headers[.contentDisposition] = #"attachment; filename="cutout.fits""#
      return response
    }
  }
}
