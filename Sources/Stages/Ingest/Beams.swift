import Astronomy

/// The beams that the rows of a catalogue tell of: of very many, some evenly spread over the rows.
final class Beams {
  private var kept: [Beam] = []

  /// One of so many rows is kept.
  private var step = 1
  private var seen = 0

  /// As many are kept at most.
  private static let most = 8192

  func add(_ beam: Beam?) {
    guard let beam else { return }
    defer { seen += 1 }
    guard seen % step == 0 else { return }
    kept.append(beam)
    if kept.count == Self.most {
      kept = stride(from: 0, to: kept.count, by: 2).map { kept[$0] }
      step *= 2
    }
  }

  /// The beam of middle width.
  var middle: Beam? {
    kept.isEmpty ? nil : kept.sorted { $0.major < $1.major }[kept.count / 2]
  }
}
