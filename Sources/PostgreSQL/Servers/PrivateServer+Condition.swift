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

  /// Files of a server whose folder is gone.
  public struct Forsaken: Sendable, Equatable {
    /// Where they are.
    public var files: String
    /// The folder that it was made in.
    public var folder: String

    /// Names both.
    public init(files: String, folder: String) { (self.files, self.folder) = (files, folder) }
  }

  /// Servers that were made in folders which are there no more, where their files are not in them.
  public static func forsaken(under root: String? = nil) -> [Forsaken] {
    let root = root ?? ServerPlace.elsewhere
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    return names.sorted().compactMap { name in
      let files = root + "/" + name
      guard let text = try? String(contentsOfFile: files + "/folder", encoding: .utf8) else {
        return nil
      }
      let folder = text.trimmingCharacters(in: .newlines)
      let isThere = FileManager.default.fileExists(atPath: folder + "/location")
      return isThere ? nil : Forsaken(files: files, folder: folder)
    }
  }
}
