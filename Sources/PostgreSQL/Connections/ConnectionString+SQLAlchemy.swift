internal import CPostgreSQL
import Foundation

extension ConnectionString {
  /// An address of libpq, `postgresql://…` or `host=… dbname=…`, as SQLAlchemy takes it for psycopg 3:
  /// `postgresql+psycopg://user:password@/database?host=…`.
  ///
  /// It holds what the address holds and no more: what libpq takes from `PG*` or `~/.pgpass`, psycopg does.
  ///
  /// - Throws: ``PostgresError`` for what is no address.
  public static func forSQLAlchemy(_ address: String) throws -> String {
    var options = try parts(of: address)
    let user = options.removeValue(forKey: "user").map(encoded) ?? ""
    let password = options.removeValue(forKey: "password").map { ":" + encoded($0) } ?? ""
    let database = options.removeValue(forKey: "dbname").map(encoded) ?? ""
    let query = options.sorted { $0.key < $1.key }.map { $0.key + "=" + encoded($0.value) }
    return "postgresql+psycopg://" + user + password + (user + password == "" ? "" : "@")
      + "/" + database + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
  }

  /// What an address says, by the names that libpq has for it.
  private static func parts(of address: String) throws -> [String: String] {
    var message: UnsafeMutablePointer<CChar>?
    guard let options = PQconninfoParse(address, &message) else {
      defer { PQfreemem(message) }
      let said = message.map { String(cString: $0).trimmingCharacters(in: .whitespacesAndNewlines) }
      throw PostgresError(
        kind: .client, message: "the database's address is none: " + (said ?? "no memory"))
    }
    defer { PQconninfoFree(options) }
    var parts: [String: String] = [:]
    var option = options
    while let name = option.pointee.keyword {
      if let value = option.pointee.val { parts[String(cString: name)] = String(cString: value) }
      option += 1
    }
    return parts
  }

  /// Percent-encoded but for RFC 3986's unreserved characters: SQLAlchemy 2.0 does not decode a database's name.
  private static func encoded(_ text: String) -> String {
    let unreserved = CharacterSet(
      charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    return text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
  }
}
