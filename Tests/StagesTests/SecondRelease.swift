import Foundation

/// A second data release made of a first one by chance with a seed kept, and what was done to each source.
struct SecondRelease {
  /// A source as a row of CSV: name, place in degrees, and what stands behind them.
  struct Row {
    var name: String
    var ra: Double
    var dec: Double
    var rest: String

    var line: String { String(format: "%@,%.8f,%.8f%@", name, ra, dec, rest) }
  }

  /// The rows of the second release.
  var rows: [Row] = []

  /// What was done, as `show changes` has to say it: "before > now: kinds".
  var done: Set<String> = []

  /// The names that sources have now whose labels stay, by the former ones.
  var stayed: [String: String] = [:]

  /// The names of sources that nothing was said of before.
  var new: Set<String> = []

  private var state: UInt64

  /// Moves a third by up to 1″; renames, drops and splits some, in halves of which one may keep the name; adds
  /// some, and lets pairs of sources swap their names.
  init(of first: [Row], seed: UInt64) {
    state = seed
    for (index, row) in first.enumerated() {
      switch index % 30 {
      case 4: drop(row)
      case 9: split(row, keepsName: index % 60 == 9)
      default: keep(row, index)
      }
    }
    for index in 0..<max(3, first.count / 40) {
      var row = first[0]
      row.name = "new\(index)"
      (row.ra, row.dec) = (200 + 0.01 * Double(index), 66)
      add(row, "added")
    }
    // The order of rows is not that of the first release.
    rows.sort { $0.name.hashOfBytes < $1.name.hashOfBytes }
  }

  /// A number from 0 up to 1 (Steele, Lea & Flood 2014: SplitMix64).
  private mutating func random() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((bits ^ (bits >> 31)) >> 11) / 9_007_199_254_740_992
  }

  private mutating func shift(_ row: inout Row, by arcsec: Double) {
    let angle = 2 * Double.pi * random()
    row.dec += arcsec * sin(angle) / 3600
    row.ra += arcsec * cos(angle) / 3600 / cos(row.dec * .pi / 180)
    row.ra = (row.ra + 360).truncatingRemainder(dividingBy: 360)
  }

  private mutating func keep(_ former: Row, _ index: Int) {
    var (row, kinds): (Row, [String]) = (former, [])
    if index % 3 == 0 {
      shift(&row, by: 0.05 + 0.95 * random())
      kinds.append("moved")
    }
    if index % 20 == 1 || index % 60 == 12 {
      row.name = "renamed\(index)"
      kinds.append("renamed")
    }
    rows.append(row)
    stayed[former.name] = row.name
    if !kinds.isEmpty {
      done.insert("\(former.name) > \(row.name): \(kinds.joined(separator: " "))")
    }
  }

  private mutating func drop(_ row: Row) { done.insert("\(row.name) > -: dropped") }

  private mutating func split(_ row: Row, keepsName: Bool) {
    done.insert("\(row.name) > -: split")
    for (half, side) in [("a", 0.6), ("b", -0.6)] {
      var part = row
      part.name = keepsName && half == "a" ? row.name : row.name + half
      part.dec += side / 3600
      add(part, "split")
    }
  }

  private mutating func add(_ row: Row, _ kind: String) {
    rows.append(row)
    new.insert(row.name)
    done.insert("- > \(row.name): \(kind)")
  }
}

extension String {
  /// FNV-1a of the bytes: an order by chance that is always the same.
  fileprivate var hashOfBytes: UInt64 {
    utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  }
}
