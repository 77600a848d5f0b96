import Foundation

extension PrivateServer {
  /// What its files are like.
  public struct Condition: Sendable {
    /// The folder of its data.
    public var data: String
    /// The major version that they are of.
    public var version: Int
    /// The newest major version that is installed.
    public var newest: Int
    /// Bytes that are free on their disk.
    public var free: Int
    /// Folders that others than the server's account may enter.
    public var openFolders: [String]
  }

  /// What its files are like; `nil` where it was never made.
  ///
  /// - Throws: ``PrivateServerError`` where the programs of its version are missing, or its disk cannot be
  ///   asked.
  public func condition() throws -> Condition? {
    let place = place
    guard let version = place.version else { return nil }
    _ = try programs()
    return Condition(
      data: place.data, version: version, newest: try Self.newestVersion(),
      free: try place.freeSpace(at: place.data),
      openFolders: [place.data, place.socket].filter { path in
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & 0o077 != 0
      })
  }
}
