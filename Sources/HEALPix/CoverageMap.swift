public import Astronomy

/// A part of the sky, as the cells of an order that it touches.
///
/// What the IVOA calls a MOC (Multi-Order Coverage map 2.0).
public struct CoverageMap: Sendable {
  /// The order of the finest cells.
  public let order: Int
  private var cells: Set<Int64> = []

  /// Nothing of the sky, in cells of an order.
  public init(order: Int) { self.order = order }

  /// Adds the cell of a position.
  public mutating func insert(_ position: SkyPosition) {
    cells.insert(HEALPixCell(of: position, order: order).number)
  }

  /// The fewest cells that cover the same, in the order of their orders and numbers: four that make up one
  /// are that one.
  public var fewestCells: [HEALPixCell] {
    var found: [HEALPixCell] = []
    var level = cells.sorted()
    for order in stride(from: self.order, through: 0, by: -1) {
      let whole = order == 0 ? [] : Self.wholes(in: level)
      found += level.filter { !whole.contains($0 >> 2) }
        .map { HEALPixCell(order: order, number: $0) }
      level = whole.sorted()
    }
    return found.sorted { ($0.order, $0.number) < ($1.order, $1.number) }
  }

  /// The cells of the order before of which all four parts are there; `cells` ascend.
  private static func wholes(in cells: [Int64]) -> Set<Int64> {
    var whole: Set<Int64> = []
    for (index, cell) in cells.enumerated() where cell & 3 == 0 && index + 3 < cells.count {
      if cells[index + 3] == cell + 3 { whole.insert(cell >> 2) }
    }
    return whole
  }
}

extension HEALPixCell {
  /// The number by which a cell of any order is known: 4·4^order + number (NUNIQ of the MOC standard).
  public var unique: Int64 { 4 << (2 * order) + number }
}
