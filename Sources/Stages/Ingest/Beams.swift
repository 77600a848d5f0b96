import Astronomy

/// The beams that the rows of a catalogue tell of.
final class Beams {
  private var all: [Beam] = []

  func add(_ beam: Beam?) { if let beam { all.append(beam) } }

  /// The beam of middle width.
  var middle: Beam? {
    all.isEmpty ? nil : all.sorted { $0.major < $1.major }[all.count / 2]
  }
}
