import Foundation
import Hummingbird

/// What travels with a request: who asks, once that is known.
struct PageContext: RequestContext {
  var coreContext: CoreRequestContextStorage

  /// Who asks; `nil` before signing in.
  var visitor: Visitor?

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
  }

  /// Who asks, on pages that nobody else reaches.
  ///
  /// - Throws: 401 where nobody has signed in.
  func signedIn() throws -> Visitor {
    guard let visitor else { throw HTTPError(.unauthorized, message: "sign in first") }
    return visitor
  }

  /// The path's part of that name.
  func part(_ name: String) throws -> String {
    guard let value = parameters.get(name)?.removingPercentEncoding else {
      throw HTTPError(.badRequest, message: "the address lacks '\(name)'")
    }
    return value
  }

  /// The path's part of that name as a number.
  func number(_ name: String) throws -> Int {
    guard let number = Int(try part(name)) else {
      throw HTTPError(.badRequest, message: "'\(try part(name))' in the address is no number")
    }
    return number
  }
}

extension Request {
  /// The fields behind the question mark.
  var fields: Fields { Fields(encoded: uri.query ?? "") }

  /// The fields of a form that was sent.
  ///
  /// - Throws: `HTTPError` (413) where it is longer than a megabyte.
  func form() async throws -> Fields {
    var request = self
    return try await request.keptForm()
  }

  /// The same, and whoever reads the body next finds it there.
  mutating func keptForm() async throws -> Fields {
    var form = ByteBuffer()
    for try await part in body {
      guard form.readableBytes + part.readableBytes <= 1 << 20 else {
        throw HTTPError(.contentTooLarge, message: "a form of more than a megabyte was sent")
      }
      form.writeImmutableBuffer(part)
    }
    body = RequestBody(buffer: form)
    return Fields(encoded: String(buffer: form))
  }
}
