public import HEALPix

/// The cells of the sky into which a catalogue is divided, so that none has too many sources.
public struct HATSPartitions: Sendable {
  /// The cells, which do not overlap, in the order in which their sources lie.
  public let cells: [HEALPixCell]
  private let begins: [Int64]

  /// The order of the smallest cells that a catalogue may be divided into, as HATS has it.
  public static let deepest = 10

  /// Divides a catalogue.
  ///
  /// - Parameters:
  ///   - counts: The sources in each cell of order ``deepest``.
  ///   - most: The sources that a cell should hold at most; one of the smallest may hold more.
  public init(counts: [UInt32], most: Int) {
    var cells: [HEALPixCell] = []
    func divide(_ cell: HEALPixCell) {
      let numbers = cell.numbers(order: Self.deepest)
      let sources = counts[Int(numbers.lowerBound)..<Int(numbers.upperBound)]
        .reduce(0) { $0 + Int($1) }
      guard sources > 0 else { return }
      if sources <= most || cell.order == Self.deepest {
        cells.append(cell)
      } else {
        for part in cell.parts { divide(part) }
      }
    }
    for number in 0..<12 { divide(HEALPixCell(order: 0, number: Int64(number))) }
    self.cells = cells
    begins = cells.map { $0.numbers(order: HEALPixCell.finest).lowerBound }
  }

  /// The place among `cells` of that which holds a cell of the finest order, where there is one.
  public func place(of finest: Int64) -> Int? {
    var (low, high) = (0, begins.count)
    while low < high {
      let middle = (low + high) / 2
      if begins[middle] <= finest { low = middle + 1 } else { high = middle }
    }
    guard low > 0, cells[low - 1].numbers(order: HEALPixCell.finest).contains(finest) else {
      return nil
    }
    return low - 1
  }
}
