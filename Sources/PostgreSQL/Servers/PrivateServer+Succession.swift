import Foundation

extension PrivateServer {
  /// The major version that its data are of; `nil` where it was never made.
  public var version: Int? { place.version }

  /// The newest major version that is installed.
  ///
  /// - Throws: ``PrivateServerError`` where none is.
  public static func newestVersion() throws -> Int { try ServerPrograms().version }

  /// A server in a folder of its own, whose data are to become this one's.
  public var successor: PrivateServer { PrivateServer(folder: place.root + "/next") }

  /// Takes over the data of the ``successor``; its own stay beside them, under the name that it gives.
  ///
  /// Both are stopped. It is done whole, or the next call of ``initialise()`` goes on with it.
  ///
  /// - Throws: ``PrivateServerError`` where a folder cannot be renamed.
  public func takeOver() throws -> String {
    let (place, version) = (place, version ?? 0)
    try stop()
    try successor.stop()
    let kept = "\(place.data).\(version)"
    try rename(place.data, to: kept)
    try recover()
    return kept
  }

  /// Gives the successor's data their name, where a process was stopped before it did.
  public func recover() throws {
    let (place, next) = (place, successor.place)
    let kept = (try? FileManager.default.contentsOfDirectory(atPath: place.root)) ?? []
    guard !place.exists, next.exists,
      kept.contains(where: { $0.hasPrefix("data.") && $0 != "data.new" })
    else { return }
    try rename(next.data, to: place.data)
    try? FileManager.default.removeItem(atPath: successor.folder)
  }

  private func rename(_ path: String, to other: String) throws {
    guard Foundation.rename(path, other) == 0 else {
      throw PrivateServerError.cannotMake(other, reason: String(cString: strerror(errno)))
    }
  }
}
