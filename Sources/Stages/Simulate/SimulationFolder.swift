public import Failures
import Foundation

/// Why a folder cannot take a simulation.
public enum SimulationFolderError: Failure, Equatable {
  /// Files of other options stand there.
  case otherSimulation(folder: String)
  /// The folder cannot be made or read.
  case notWritable(folder: String, reason: String)
  /// Another process is writing there.
  case busy(folder: String)

  public var exitStatus: ExitStatus {
    switch self {
    case .otherSimulation: .badInput
    case .notWritable: .cannotCreate
    case .busy: .busy
    }
  }

  public var description: String {
    switch self {
    case .otherSimulation(let folder):
      """
      \(folder): it holds a simulation with other options or seed; choose another folder, or \
      remove that one
      """
    case .notWritable(let folder, let reason):
      "\(folder): the folder cannot be written (\(reason))"
    case .busy(let folder):
      "\(folder): another simulation is being written there; wait until it ends"
    }
  }
}

/// The folder of a simulation, which one process at a time holds.
final class SimulationFolder {
  /// What the options of its files digest to.
  let digest: String
  let catalogue: String
  let truth: String
  let images: String
  /// The tables, as paths.
  let tables: [String]
  private let lock: Int32

  /// What every image says of itself.
  static let words = [
    "SIMULATED by Reber: no telescope saw this sky,", "and no source in it is real.",
  ]

  /// Takes a folder for tables of some names; with images, but where there are none.
  init(
    _ folder: String, digest: String, tables names: [String] = ["catalogue", "truth"],
    hasImages: Bool = true
  ) throws {
    self.digest = digest
    tables = names.map { "\(folder)/simulated-\($0).fits" }
    (catalogue, truth) = (tables[0], tables[1])
    images = folder + "/images"
    do {
      try FileManager.default.createDirectory(
        atPath: hasImages ? images : folder, withIntermediateDirectories: true)
    } catch {
      let reason = (error as NSError).localizedDescription
      throw SimulationFolderError.notWritable(folder: folder, reason: reason)
    }
    lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard lock >= 0 else {
      let reason = String(cString: strerror(errno))
      throw SimulationFolderError.notWritable(folder: folder, reason: reason)
    }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      throw SimulationFolderError.busy(folder: folder)
    }
    try refuseOthers(in: folder)
    try sweep(folder)
    if hasImages { try sweep(images) }
  }

  deinit {
    guard lock >= 0 else { return }
    // A child of this process that has not become another program yet shares the lock.
    flock(lock, LOCK_UN)
    close(lock)
  }

  func image(_ number: Int) -> String {
    let digits = String(number)
    return images + "/simulated-" + String(repeating: "0", count: max(0, 5 - digits.count))
      + digits + ".fits"
  }

  /// Whether a whole image of these options stands there; images get their names when whole.
  func hasImage(_ number: Int, size: Int) -> Bool {
    let path = image(number)
    guard let bytes = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int,
      bytes.isMultiple(of: 2880), bytes > size * size * 4
    else { return false }
    return Self.digest(of: path) == digest
  }

  private func refuseOthers(in folder: String) throws {
    let written = ([image(0)] + tables)
      .filter { FileManager.default.fileExists(atPath: $0) }
    guard written.allSatisfy({ Self.digest(of: $0) == digest }) else {
      throw SimulationFolderError.otherSimulation(folder: folder)
    }
  }

  /// Removes what a killed run left unfinished; nobody else writes here while we hold the lock.
  private func sweep(_ folder: String) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
    where name.hasPrefix("simulated-") && name.hasSuffix(".part") {
      try FileManager.default.removeItem(atPath: folder + "/" + name)
    }
  }

  /// The value of SIMHASH in the first headers of a FITS file.
  private static func digest(of path: String) -> String? {
    guard let file = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? file.close() }
    guard let bytes = try? file.read(upToCount: 8 * 2880) else { return nil }
    let key = Array("SIMHASH = '".utf8)
    for card in stride(from: 0, to: bytes.count - 79, by: 80)
    where bytes[card..<card + key.count].elementsEqual(key) {
      let value = bytes[(card + key.count)..<card + 80].prefix { $0 != UInt8(ascii: "'") }
      return String(decoding: value, as: UTF8.self)
    }
    return nil
  }
}
